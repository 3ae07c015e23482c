"""A project deploys to another region, of its own account and of another one, with IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_constructs.delivery import ProjectStage
from tests.constructs.projects.company import PROD, TOOLING, Company, company_in
from tests.constructs.projects.deployed_project import DESTROY, REGION

IRELAND = "eu-west-1"
STAGES = (
    ProjectStage(name="near", account=TOOLING, region=IRELAND),
    ProjectStage(name="prod", account=PROD, region=IRELAND),
)
ACCOUNTS = {"near": TOOLING, "prod": PROD}
# A copy is a dozen commands of the AWS CLI, and its stage the third action of an execution.
EXECUTION_SECONDS = 900
DENIED = ("AccessDenied", "AccessDeniedException", "403", "Forbidden")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A project in the United States whose model is in service in Ireland."""
    with company_in(tmp_path_factory.mktemp("company"), regions=[IRELAND]) as started:
        started.deploy(DESTROY, stages=STAGES)
        started.wait("the first execution", lambda: ended(started))
        assert started.executions()[0]["status"] == "Succeeded", started.stages()
        deploy(started, "1")
        yield started


def deploy(company: Company, tag: str) -> None:
    before = len(company.executions())
    company.approve(company.register(tag=tag))
    settle(company, before)
    assert company.executions()[0]["status"] == "Succeeded", company.stages()


def settle(company: Company, before: int) -> None:
    company.wait(
        "the execution",
        lambda: len(company.executions()) > before and ended(company),
        EXECUTION_SECONDS,
    )


def ended(company: Company) -> bool:
    return bool(company.executions()[0]["status"] != "InProgress")


def model_in(company: Company, stage: str) -> dict[str, Any]:
    sagemaker = company.client("sagemaker", ACCOUNTS[stage], IRELAND)
    endpoint = sagemaker.describe_endpoint(EndpointName=f"churn-{stage}")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    found: dict[str, Any] = sagemaker.describe_model(
        ModelName=config["ProductionVariants"][0]["ModelName"]
    )
    return {**found, "EndpointArn": endpoint["EndpointArn"]}


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_an_approved_model_serves_in_another_region(company: Company, stage: str) -> None:
    assert company.predict(stage, ACCOUNTS[stage], IRELAND) == "4.5"


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_its_model_names_copies_of_the_image_and_the_data(company: Company, stage: str) -> None:
    container = model_in(company, stage)["PrimaryContainer"]

    account, outputs = ACCOUNTS[stage], company.outputs()
    images = company.client("ecr").describe_images(
        repositoryName=outputs["ImageRepositoryUri"].partition("/")[2], imageIds=[{"imageTag": "1"}]
    )
    digest = images["imageDetails"][0]["imageDigest"]
    registry = f"{account}.dkr.ecr.{IRELAND}.amazonaws.com"
    assert container["Image"] == f"{registry}/churn-{stage}@{digest}"
    bucket = f"churn-{stage}-{account}-{IRELAND}"
    assert container["ModelDataUrl"] == f"s3://{bucket}/models/1/model.tar.gz"
    copy = company.client("s3", account, IRELAND).head_object(
        Bucket=bucket, Key="models/1/model.tar.gz"
    )
    assert f":{IRELAND}:{account}:key/" in copy["SSEKMSKeyId"]


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_tags_of_model_and_endpoint_keep_the_package(company: Company, stage: str) -> None:
    model, sagemaker = (
        model_in(company, stage),
        company.client("sagemaker", ACCOUNTS[stage], IRELAND),
    )

    for arn in (model["ModelArn"], model["EndpointArn"]):
        tags = {one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        assert (
            tags["model-package-arn"]
            == f"arn:aws:sagemaker:{REGION}:{TOOLING}:model-package/churn/1"
        )


def test_a_second_execution_copies_and_changes_nothing(company: Company) -> None:
    before = [model_in(company, stage)["ModelArn"] for stage in ACCOUNTS]
    number = len(company.executions())
    company.client("codepipeline").start_pipeline_execution(name="churn-model-deploy")
    settle(company, number)

    assert company.executions()[0]["status"] == "Succeeded", company.stages()
    assert [model_in(company, stage)["ModelArn"] for stage in ACCOUNTS] == before
    s3 = company.client("s3", PROD, IRELAND)
    versions = s3.list_object_versions(Bucket=f"churn-prod-{PROD}-{IRELAND}", Prefix="models/")
    assert len(versions["Versions"]) == 1


def test_the_role_of_copies_writes_them_and_nothing_else(company: Company) -> None:
    arn = f"arn:aws:iam::{PROD}:role/sagemaker-projects/churn-prod-{IRELAND}-copy"
    client = company.acting_as(arn, IRELAND)
    bucket, outputs = f"churn-prod-{PROD}-{IRELAND}", company.outputs()
    client("s3").put_object(Bucket=bucket, Key="runs/x/constraints.json", Body=b"{}")

    for call in (
        partial(client("s3").put_object, Bucket=bucket, Key="capture/x", Body=b""),
        partial(client("s3").delete_object, Bucket=bucket, Key="models/1/model.tar.gz"),
        partial(
            client("s3").get_object,
            Bucket=outputs["ArtifactBucketName"],
            Key="models/1/model.tar.gz",
        ),
        client("ecr").describe_repositories,
        partial(client("sagemaker").describe_endpoint, EndpointName="churn-prod"),
        partial(client("cloudformation").delete_stack, StackName="churn-prod"),
    ):
        denied(call)


def test_only_the_build_of_the_stage_assumes_the_role_of_copies(company: Company) -> None:
    roles = {
        f"arn:aws:iam::{account}:role/sagemaker-projects/churn-{stage}-{IRELAND}-copy": stage
        for stage, account in ACCOUNTS.items()
    }
    assumed: dict[str, set[str]] = {arn: set() for arn in roles}
    for caller in company.roles(TOOLING):
        sts = company.acting_as(caller)("sts")
        for arn in roles:
            try:
                sts.assume_role(RoleArn=arn, RoleSessionName="attack")
            except ClientError as error:
                assert error.response["Error"]["Code"] in DENIED, error
            else:
                assumed[arn].add(caller.rpartition("/")[2])

    assert assumed == {arn: {f"churn-{stage}-copy"} for arn, stage in roles.items()}


def test_the_roles_of_the_stage_read_nothing_of_the_project(company: Company) -> None:
    outputs, bucket = company.outputs(), company.outputs()["ArtifactBucketName"]
    keys = [one["Key"] for one in company.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    repository = outputs["ImageRepositoryUri"].partition("/")[2]
    for arn in company.roles(PROD):
        client = company.acting_as(arn)
        for key in keys:
            denied(partial(client("s3").get_object, Bucket=bucket, Key=key))
        denied(
            partial(
                client("ecr").batch_get_image,
                registryId=TOOLING,
                repositoryName=repository,
                imageIds=[{"imageTag": "1"}],
            )
        )


def test_a_model_of_the_registry_s_region_is_rejected_in_ireland(company: Company) -> None:
    arn = f"arn:aws:iam::{PROD}:role/sagemaker-projects/churn-prod-{IRELAND}-cfn"
    sagemaker = company.acting_as(arn, IRELAND)("sagemaker")
    outputs = company.outputs()

    with pytest.raises(ClientError, match=f"is in {REGION}") as error:
        sagemaker.create_model(
            ModelName="churn-prod-far",
            ExecutionRoleArn=f"arn:aws:iam::{PROD}:role/sagemaker-projects/"
            f"churn-prod-{IRELAND}-model",
            PrimaryContainer={"Image": f"{outputs['ImageRepositoryUri']}:1"},
        )
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_the_next_version_replaces_the_model(company: Company) -> None:
    before = model_in(company, "prod")["ModelArn"]

    deploy(company, "2")

    model = model_in(company, "prod")
    assert model["ModelArn"] != before
    assert model["PrimaryContainer"]["ModelDataUrl"].endswith("/models/2/model.tar.gz")
    assert company.predict("prod", PROD, IRELAND) == "4.5"


def test_destroy_leaves_nothing_in_the_other_region(company: Company) -> None:
    for name, account in (
        ("ProjectTarget-churn-prod", PROD),
        ("ProjectTarget-churn-near", TOOLING),
        (f"ProjectReplica-churn-{IRELAND}", TOOLING),
    ):
        deleted = company.delete(name, account, IRELAND)
        assert deleted["StackStatus"] == "DELETE_COMPLETE", deleted["Failures"]

    for account in (TOOLING, PROD):
        assert not company.client("sagemaker", account, IRELAND).list_endpoints()["Endpoints"]
        assert not company.client("ecr", account, IRELAND).describe_repositories()["repositories"]
        names = [
            one["Name"] for one in company.client("s3", account, IRELAND).list_buckets()["Buckets"]
        ]
        left = [name for name in names if "churn" in name and IRELAND in name]
        assert not left, json.dumps(left)


def denied(call: Callable[[], Any]) -> None:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] in DENIED, error.value
