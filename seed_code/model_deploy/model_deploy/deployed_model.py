"""The model packages of a stage, and the locations of their held-out rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from .smoke_test_error import SmokeTestError

_METADATA = ("problem_type", "target", "holdout")
_PACKAGE_TAG = "model-package-arn"
_PROBLEM_TYPES = ("binary", "multiclass", "regression")


@dataclass(frozen=True, kw_only=True)
class DeployedModel:
    """A model package that a stage serves, with the metadata of its training.

    Args:
        package_arn: ARN of the model package.
        problem_type: `binary`, `multiclass` or `regression`.
        target: name of the target column.
        holdout_uri: S3 URI of the held-out rows.
        addressed: arguments of InvokeEndpoint that select its variant or its component. Defaults to
            none: the endpoint has one model.
        async_output_uri: S3 URI of the responses of an asynchronous endpoint. Defaults to None: it
            is not asynchronous.
        transform_request: request of the scheduled transform jobs. Defaults to None: the stage has
            an endpoint.
    """

    package_arn: str
    problem_type: str
    target: str
    holdout_uri: str
    addressed: Mapping[str, str] = field(default_factory=dict)
    async_output_uri: str | None = None
    transform_request: Mapping[str, Any] | None = None

    @property
    def is_regression(self) -> bool:
        """True for a regression."""
        return self.problem_type == "regression"


def deployed_models(session: Any, name: str, *, registry: Any) -> list[DeployedModel]:
    """Finds the model packages of a stage: those of its production variants, or of its schedule.

    Args:
        session: boto3 session in the account of the stage.
        name: name of the endpoint; the schedule is `NAME-batch`.
        registry: boto3 client of SageMaker in the account of the model package.

    Raises:
        SmokeTestError: the endpoint is not in service, or does not serve a model package of this
            project.
    """
    sagemaker = session.client("sagemaker")
    endpoint = _endpoint(sagemaker, name)
    if endpoint is None:
        return [_scheduled(session, name, registry)]
    if endpoint["EndpointStatus"] != "InService":
        raise SmokeTestError(
            f"the endpoint is {endpoint['EndpointStatus']}, not InService"
            + (f": {endpoint['FailureReason']}" if endpoint.get("FailureReason") else "")
        )
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    variants = config["ProductionVariants"]
    output = config.get("AsyncInferenceConfig", {}).get("OutputConfig", {}).get("S3OutputPath")
    found = []
    for variant in variants:
        addressed: dict[str, str] = {}
        model_name = variant.get("ModelName")
        if model_name is None:
            component = sagemaker.describe_inference_component(InferenceComponentName=name)
            model_name = component["Specification"]["ModelName"]
            addressed["InferenceComponentName"] = name
        elif len(variants) > 1:
            addressed["TargetVariant"] = variant["VariantName"]
        found.append(
            _model_of(sagemaker, model_name, registry, addressed=addressed, async_output_uri=output)
        )
    return found


def _endpoint(sagemaker: Any, name: str) -> dict[str, Any] | None:
    try:
        endpoint: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if "Could not find" in str(error):
            return None
        raise
    return endpoint


def _scheduled(session: Any, name: str, registry: Any) -> DeployedModel:
    scheduler = session.client("scheduler")
    try:
        schedule = scheduler.get_schedule(Name=f"{name}-batch")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise SmokeTestError(
            f"there is neither an endpoint {name} nor a schedule {name}-batch"
        ) from error
    request = json.loads(schedule["Target"]["Input"])
    return _model_of(
        session.client("sagemaker"), request["ModelName"], registry, transform_request=request
    )


def _model_of(sagemaker: Any, model_name: str, registry: Any, **reached: Any) -> DeployedModel:
    package_arn = _package_of(sagemaker, sagemaker.describe_model(ModelName=model_name))
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
        **reached,
    )


def _package_of(sagemaker: Any, model: dict[str, Any]) -> str | None:
    containers = [model.get("PrimaryContainer", {}), *model.get("Containers", [])]
    names = [container.get("ModelPackageName") for container in containers]
    found = next((str(name) for name in names if name), None)
    if found is not None:
        return found
    # In another region, a model is created from copies of a package, which a tag names.
    tags = sagemaker.list_tags(ResourceArn=model["ModelArn"])["Tags"]
    return next((str(tag["Value"]) for tag in tags if tag["Key"] == _PACKAGE_TAG), None)
