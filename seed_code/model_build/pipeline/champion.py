"""The deployed model, with which the pipeline compares a new one, and the newest model.

The deployed model is the newest approved version of the model package group, which the train build
looks up at each start and passes to the execution as parameters, so that the definition does not
depend on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError
from mlops_jobs.failure import InputError

from pipeline.project import Project

CHAMPION, CHAMPION_MODEL = "Champion", "ChampionModel"
"""Pipeline parameters: ARN of the model package, and S3 URI of its model."""
NO_CHAMPION = "none"
DATA_VERSION = "data_version"
"""Metadata of a model package: version of the data that trained it, or ""."""
NO_CHAMPION_KEY = "data/no-champion/none"
MODELS = "models/"  # prefix that the role of the pipeline reads


def no_champion_uri(project: Project) -> str:
    """Returns the value of `ChampionModel` without a champion; an input of a job cannot be empty.

    Args:
        project: resources of the project.
    """
    return f"s3://{project.artifact_bucket}/{NO_CHAMPION_KEY}"


def champion_parameters(sagemaker: Any, s3: Any, project: Project) -> dict[str, str]:
    """Returns the parameters of an execution that compares with the newest approved version.

    Args:
        sagemaker: boto3 client of SageMaker.
        s3: boto3 client of S3.
        project: resources of the project.

    Returns:
        Values by parameter name. Without an approved version, or if the model of that version is
        not in the project's bucket, there is nothing to compare with.

    Raises:
        InputError: the role of the train build cannot read the registry.
    """
    _ensure_placeholder(s3, project)
    none = {CHAMPION: NO_CHAMPION, CHAMPION_MODEL: no_champion_uri(project)}
    with _readable_registry():
        group = project.model_package_group_name
        arn = _newest(sagemaker, group, ModelApprovalStatus="Approved")
        package = sagemaker.describe_model_package(ModelPackageName=arn) if arn else {}
    if arn is None:
        print("champion: no version is approved yet, so nothing is compared", flush=True)
        return none
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    uri = containers[0].get("ModelDataUrl", "") if len(containers) == 1 else ""
    location = urlparse(uri)
    if location.netloc != project.artifact_bucket or not location.path.startswith(f"/{MODELS}"):
        print(
            f"champion: {arn} is not compared, because its model is {uri or 'missing'}; the role "
            f"of the pipeline reads models below s3://{project.artifact_bucket}/{MODELS}",
            flush=True,
        )
        return none
    print(f"champion: {arn}", flush=True)
    return {CHAMPION: arn, CHAMPION_MODEL: uri}


def trained_already(sagemaker: Any, project: Project, *, data: str, version: str) -> str | None:
    """Returns the newest model package if its commit and data are those of this build.

    An alarm on drift starts the build again, whether there is new data or not. The same commit and
    the same data would only give the same model another version.

    Args:
        sagemaker: boto3 client of SageMaker.
        project: resources of the project.
        data: S3 URI of the data.
        version: version of the data; "" if it is unknown.

    Returns:
        The ARN of the package; None if a model has to be trained.

    Raises:
        InputError: the role of the train build cannot read the registry.
    """
    if not version:
        return None
    with _readable_registry():
        arn = _newest(sagemaker, project.model_package_group_name)
        package = sagemaker.describe_model_package(ModelPackageName=arn) if arn else {}
    metadata = package.get("CustomerMetadataProperties", {})
    found = tuple(metadata.get(name) for name in ("commit", "data", DATA_VERSION))
    # Executions that a user starts can read other data than the build has looked at.
    if found != (project.commit, data, version):
        return None
    print(
        f"no new data: commit and data are those of {arn} ({package['ModelApprovalStatus']}), so "
        "nothing is trained and nothing is registered; add data to the table or push a commit, "
        "which train again",
        flush=True,
    )
    return arn


@contextmanager
def _readable_registry() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        raise InputError(
            f"champion: the role of the train build cannot read the model registry ({error}); "
            "deploy the project's stack of this release, which grants "
            "sagemaker:ListModelPackages and sagemaker:DescribeModelPackage"
        ) from error


def _newest(sagemaker: Any, group: str, **filters: str) -> str | None:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, **filters
    )
    versions = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    newest = max(versions, key=lambda one: int(one["ModelPackageVersion"]), default=None)
    return str(newest["ModelPackageArn"]) if newest else None


def _ensure_placeholder(s3: Any, project: Project) -> None:
    """Writes the object that represents no champion, unless it exists."""
    try:
        s3.head_object(Bucket=project.artifact_bucket, Key=NO_CHAMPION_KEY)
    except ClientError as error:
        # Without s3:ListBucket, S3 returns 403 for an object that does not exist.
        if error.response["Error"]["Code"] not in ("404", "403", "NoSuchKey", "AccessDenied"):
            raise
        s3.put_object(
            Bucket=project.artifact_bucket,
            Key=NO_CHAMPION_KEY,
            Body=b"no approved version\n",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=project.artifact_key_arn,
        )
