"""Projects that users create from a template in both ways, and delete again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import boto3

from tests.docs.conftest import Account


def creates_projects_in_both_ways(account: Account, outputs: Mapping[str, str]) -> None:
    """Only the launch role has permissions for the resources of a project."""
    creates_a_project(
        account,
        outputs["TemplateUserRoleArn"],
        "from-a-template",
        TemplateProviders=[
            {
                "CfnTemplateProvider": {
                    "TemplateName": "tabular-model",
                    "TemplateURL": outputs["TemplateUrl"],
                    "RoleARN": outputs["LaunchRoleArn"],
                }
            }
        ],
    )
    creates_a_project(
        account,
        outputs["ProductUserRoleArn"],
        "from-a-product",
        ServiceCatalogProvisioningDetails={"ProductId": outputs["ProductId"]},
    )


def creates_a_project(account: Account, role: str, name: str, **source: Any) -> None:
    """Creates, describes and deletes a project with a role of a user."""
    sagemaker = client_of(account, role, "sagemaker")
    sagemaker.create_project(ProjectName=name, **source)
    project = settled(sagemaker, name)
    assert project["ProjectStatus"] == "CreateCompleted", project

    stack = stack_name(account, project)
    stores = account.outputs_of(stack)
    leave_pipelines_alone(account, name)
    for kind in ("build", "deploy"):
        files = account.client("codecommit").get_folder(
            repositoryName=f"{name}-model-{kind}", folderPath="buildspecs"
        )["files"]
        assert files
    # The project's function deletes resources that CloudFormation does not delete.
    key = "data/table.csv"
    account.client("s3").put_object(Bucket=stores["ArtifactBucketName"], Key=key, Body=b"1,2\n")

    sagemaker.delete_project(ProjectName=name)
    while left := [
        one for one in sagemaker.list_projects()["ProjectSummaryList"] if one["ProjectName"] == name
    ]:
        assert left[0]["ProjectStatus"] == "DeleteInProgress", (left, account.failures(stack))
        time.sleep(0.2)
    assert stack not in account.stack_names()


def stack_name(account: Account, project: Mapping[str, Any]) -> str:
    """Returns the stack that SageMaker or Service Catalog created for a project."""
    product = project.get("ServiceCatalogProvisionedProductDetails")
    if product:
        return f"SC-{account.aws.account}-{product['ProvisionedProductId']}"
    return f"SP-{account.aws.account}-{project['ProjectId']}"


def client_of(account: Account, role: str, service: str) -> Any:
    """Returns a client with an assumed role."""
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


def settled(sagemaker: Any, name: str) -> Mapping[str, Any]:
    """Returns the project when its creation has ended."""
    while True:
        project: Mapping[str, Any] = sagemaker.describe_project(ProjectName=name)
        if project["ProjectStatus"] != "CreateInProgress":
            return project
        time.sleep(0.2)


def leave_pipelines_alone(account: Account, name: str) -> None:
    """Stops the pipelines that the first commits started, because these tests train nothing."""
    for kind in ("build", "deploy"):
        account.client("codepipeline").delete_pipeline(name=f"{name}-model-{kind}")
