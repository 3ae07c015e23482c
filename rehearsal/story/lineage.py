"""The lineage of an endpoint: from the model that serves back to the commit and the data."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.local_aws import LocalAws

_METADATA = {
    "commit": "commit",
    "data": "training data",
    "baseline": "baseline of the monitors",
    "champion": "compared with",
    "mlflow_run": "MLflow run",
    "holdout": "held-out rows",
}


def of_endpoint(
    home: LocalAws, account: LocalAws, endpoint: str, package: str
) -> list[tuple[str, str]]:
    """Returns the origin of what an endpoint serves, as kind and name.

    Args:
        home: the account of the model registry.
        account: the account of the endpoint.
        endpoint: name of the endpoint.
        package: ARN of the model package that it serves.
    """
    sagemaker = account.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    found = [("endpoint", endpoint), ("endpoint configuration", config)]
    found += [("model", one["ModelName"]) for one in variants if "ModelName" in one]
    description = home.client("sagemaker").describe_model_package(ModelPackageName=package)
    found.append(("model package", package.rpartition(":")[2]))
    found += [
        (words, metadata[name])
        for metadata in [description.get("CustomerMetadataProperties", {})]
        for name, words in _METADATA.items()
        if metadata.get(name)
    ]
    return found + _artifacts(description)


def served_package(
    account: LocalAws, endpoint: str, packages: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Returns the package whose artifact an endpoint serves; None if it serves none of them.

    Args:
        account: the account of the endpoint.
        endpoint: name of the endpoint.
        packages: packages as DescribeModelPackage returns them.
    """
    sagemaker = account.client("sagemaker")
    try:
        config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return None  # no such endpoint
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    served = set()
    for name in [one["ModelName"] for one in variants if "ModelName" in one]:
        model = sagemaker.describe_model(ModelName=name)
        for container in [model.get("PrimaryContainer", {}), *model.get("Containers", [])]:
            served |= {container.get("ModelPackageName"), _artifact(container)}
    for package in packages:
        containers = package.get("InferenceSpecification", {}).get("Containers", [])
        names = {package["ModelPackageArn"], *map(_artifact, containers)} - {None, ""}
        if names & served:
            return package
    return None


def _artifact(container: Mapping[str, Any]) -> str | None:
    source: str | None = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    given: str | None = container.get("ModelDataUrl")
    return given or source


def _artifacts(description: dict[str, Any]) -> list[tuple[str, str]]:
    containers = description.get("InferenceSpecification", {}).get("Containers", [])
    return [
        pair
        for one in containers
        for pair in (("artifact", one.get("ModelDataUrl", "")), ("image", one.get("Image", "")))
        if pair[1]
    ]
