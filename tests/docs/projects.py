"""A project that somebody creates from the product of an example, and deletes again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import boto3

from tests.docs.conftest import Account

NAME = "from-a-product"


def creates_a_project_from_the_product(account: Account, outputs: Mapping[str, str]) -> None:
    """Nobody has any right to a project's resources but the launch role."""
    sagemaker = client_of(account, outputs["ProjectCreatorRoleArn"], "sagemaker")
    sagemaker.create_project(
        ProjectName=NAME,
        ServiceCatalogProvisioningDetails={"ProductId": outputs["ProductId"]},
    )
    project = settled(sagemaker)
    assert project["ProjectStatus"] == "CreateCompleted", project

    product = project["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    stack = f"SC-{account.aws.account}-{product}"
    stores = account.outputs_of(stack)
    leave_pipelines_alone(account)
    for kind in ("build", "deploy"):
        files = account.client("codecommit").get_folder(
            repositoryName=f"{NAME}-model-{kind}", folderPath="buildspecs"
        )["files"]
        assert files
    empty(account, stores["ArtifactBucketName"])

    sagemaker.delete_project(ProjectName=NAME)
    while any(
        one["ProjectName"] == NAME for one in sagemaker.list_projects()["ProjectSummaryList"]
    ):
        status = sagemaker.describe_project(ProjectName=NAME)
        assert status["ProjectStatus"] == "DeleteInProgress", (status, account.failures(stack))
        time.sleep(0.2)
    assert stack not in account.stack_names()


def client_of(account: Account, role: str, service: str) -> Any:
    """A client of somebody who has assumed a role."""
    given = account.client("sts").assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=account.aws.url,
        verify=str(account.aws.ca_bundle),
        region_name=account.aws.region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def settled(sagemaker: Any) -> Mapping[str, Any]:
    """The project when its creation has ended."""
    while True:
        project: Mapping[str, Any] = sagemaker.describe_project(ProjectName=NAME)
        if project["ProjectStatus"] != "CreateInProgress":
            return project
        time.sleep(0.2)


def leave_pipelines_alone(account: Account) -> None:
    """Ends what the first commits have started, for good: nothing is to be trained here."""
    for kind in ("build", "deploy"):
        account.client("codepipeline").delete_pipeline(name=f"{NAME}-model-{kind}")


def empty(account: Account, bucket: str) -> None:
    """CloudFormation deletes no bucket that has something in it."""
    s3 = account.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
