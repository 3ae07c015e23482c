"""The deployed model, with which the pipeline compares a new one.

It is the newest approved version of the model package group, which the train build looks up at each
start and passes to the execution as parameters, so that the definition does not depend on it.
"""

from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError
from mlops_jobs.failure import InputError

from pipeline.project import Project

CHAMPION, CHAMPION_MODEL = "Champion", "ChampionModel"
"""Pipeline parameters: ARN of the model package, and S3 URI of its model."""
NO_CHAMPION = "none"
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
    try:
        arn = _newest_approved(sagemaker, project.model_package_group_name)
        package = sagemaker.describe_model_package(ModelPackageName=arn) if arn else {}
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        raise InputError(
            f"champion: the role of the train build cannot read the model registry ({error}); "
            "deploy the project's stack of this release, which grants "
            "sagemaker:ListModelPackages and sagemaker:DescribeModelPackage"
        ) from error
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


def _newest_approved(sagemaker: Any, group: str) -> str | None:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
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
