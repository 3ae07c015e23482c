"""The model package of an endpoint, and the location of its held-out rows."""

from dataclasses import dataclass
from typing import Any

from .smoke_test_error import SmokeTestError

_METADATA = ("problem_type", "target", "holdout")
_PROBLEM_TYPES = ("binary", "multiclass", "regression")


@dataclass(frozen=True, kw_only=True)
class DeployedModel:
    """A model package that an endpoint serves, with the metadata of its training.

    Args:
        package_arn: ARN of the model package.
        problem_type: `binary`, `multiclass` or `regression`.
        target: name of the target column.
        holdout_uri: S3 URI of the held-out rows.
    """

    package_arn: str
    problem_type: str
    target: str
    holdout_uri: str

    @property
    def is_regression(self) -> bool:
        """True for a regression."""
        return self.problem_type == "regression"


def deployed_model(sagemaker: Any, endpoint_name: str, *, registry: Any) -> DeployedModel:
    """Finds the model package of an endpoint by its configuration and its model.

    Args:
        sagemaker: boto3 client of SageMaker in the account of the endpoint.
        endpoint_name: name of the endpoint.
        registry: boto3 client of SageMaker in the account of the model package.

    Raises:
        SmokeTestError: the endpoint is not in service, or does not serve a model package of this
            project.
    """
    endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    if endpoint["EndpointStatus"] != "InService":
        raise SmokeTestError(
            f"the endpoint is {endpoint['EndpointStatus']}, not InService"
            + (f": {endpoint['FailureReason']}" if endpoint.get("FailureReason") else "")
        )
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model_name = config["ProductionVariants"][0]["ModelName"]
    package_arn = _package_of(sagemaker.describe_model(ModelName=model_name))
    if package_arn is None:
        raise SmokeTestError(f"its model {model_name} was not created from a model package")
    package = registry.describe_model_package(ModelPackageName=package_arn)
    metadata = package.get("CustomerMetadataProperties", {})
    missing = [name for name in _METADATA if not metadata.get(name)]
    if missing:
        raise SmokeTestError(
            f"the model package {package_arn} has no {', '.join(missing)} in its "
            "CustomerMetadataProperties; the registration step of model-build writes them"
        )
    if metadata["problem_type"] not in _PROBLEM_TYPES:
        raise SmokeTestError(
            f"the model package {package_arn} has the problem_type "
            f"{metadata['problem_type']!r}; allowed: {', '.join(_PROBLEM_TYPES)}"
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
