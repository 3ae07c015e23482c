"""What an endpoint serves: the model package behind it, and its held-out rows."""

from dataclasses import dataclass
from typing import Any

from .smoke_failure import SmokeTestFailed

_METADATA = ("problem_type", "target", "holdout")
_PROBLEM_TYPES = ("binary", "multiclass", "regression")


@dataclass(frozen=True, kw_only=True)
class DeployedModel:
    """A model package that an endpoint serves, with what training noted about it."""

    package_arn: str
    problem_type: str
    target: str
    holdout_uri: str

    @property
    def is_regression(self) -> bool:
        return self.problem_type == "regression"


def deployed_model(sagemaker: Any, endpoint_name: str) -> DeployedModel:
    """Follows an endpoint through its configuration and its model to the model package.

    Raises:
        SmokeTestFailed: when the endpoint does not serve, or not a model package of this project.
    """
    endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    if endpoint["EndpointStatus"] != "InService":
        raise SmokeTestFailed(
            f"the endpoint is {endpoint['EndpointStatus']}, not InService"
            + (f": {endpoint['FailureReason']}" if endpoint.get("FailureReason") else "")
        )
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model_name = config["ProductionVariants"][0]["ModelName"]
    package_arn = _package_of(sagemaker.describe_model(ModelName=model_name))
    if package_arn is None:
        raise SmokeTestFailed(f"its model {model_name} was not made from a model package")
    package = sagemaker.describe_model_package(ModelPackageName=package_arn)
    metadata = package.get("CustomerMetadataProperties", {})
    missing = [name for name in _METADATA if not metadata.get(name)]
    if missing:
        raise SmokeTestFailed(
            f"the model package {package_arn} has no {', '.join(missing)} in its "
            "CustomerMetadataProperties; the registration step of model-build writes them"
        )
    if metadata["problem_type"] not in _PROBLEM_TYPES:
        raise SmokeTestFailed(
            f"the model package {package_arn} has the problem_type "
            f"{metadata['problem_type']!r}; allowed are {', '.join(_PROBLEM_TYPES)}"
        )
    return DeployedModel(
        package_arn=package_arn,
        problem_type=metadata["problem_type"],
        target=metadata["target"],
        holdout_uri=metadata["holdout"],
    )


def _package_of(model: dict[str, Any]) -> str | None:
    containers = [model.get("PrimaryContainer", {}), *model.get("Containers", [])]
    names = [container.get("ModelPackageName") for container in containers]
    return next((str(name) for name in names if name), None)
