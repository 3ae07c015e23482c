"""A project in one account deploys to three others, with IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.constructs.projects.company import (
    ACCOUNTS,
    DEV,
    PROD,
    STAGES,
    STAGING,
    TOOLING,
    Company,
    company_in,
)
from tests.constructs.projects.deployed_project import DESTROY, REGION

DENIED = ("AccessDenied", "AccessDeniedException", "403", "Forbidden")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A project whose model is in service in all accounts."""
    with company_in(tmp_path_factory.mktemp("company")) as started:
        started.deploy()
        started.wait("the first execution", lambda: _ended(started))
        assert started.executions()[0]["status"] == "Succeeded", started.stages()
        started.approve(started.register())
        started.wait("the approval", lambda: _asks(started))
        started.answer_approval("Staging")
        started.wait("production", lambda: _ended(started))
        assert started.executions()[0]["status"] == "Succeeded", started.stages()
        yield started


def _ended(company: Company) -> bool:
    return bool(company.executions()[0]["status"] != "InProgress")


def _asks(company: Company) -> bool:
    newest, *earlier = company.executions()
    assert not earlier or newest["status"] == "InProgress", company.stages()
    states = company.client("codepipeline").get_pipeline_state(name="churn-model-deploy")
    return any(
        one["actionName"] == "Approval" and one.get("latestExecution", {}).get("token")
        for each in states["stageStates"]
        for one in each["actionStates"]
    )


def denied(call: Callable[[], Any]) -> str:
    """Returns the message of a denied call."""
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] in DENIED, error.value
    return str(error.value)


@pytest.fixture(scope="module")
def package(company: Company) -> str:
    listed = company.client("sagemaker").list_model_packages(ModelPackageGroupName="churn")
    return str(listed["ModelPackageSummaryList"][0]["ModelPackageArn"])


@pytest.fixture(scope="module")
def outsider(company: Company) -> Callable[[str], Any]:
    """A role of the production account that may do everything there, and no role of the project."""
    actions = ("ecr:*", "kms:*", "s3:*", "sagemaker:*", "sts:*", "iam:PassRole")
    return company.acting_as(company.role("administrator", PROD, *actions))


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_an_approved_model_serves_in_the_account_of_each_stage(
    company: Company, stage: str
) -> None:
    assert company.predict(stage, ACCOUNTS[stage]) == "4.5"


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_traffic_is_captured_in_the_account_of_the_stage_with_its_key(
    company: Company, stage: str
) -> None:
    account = ACCOUNTS[stage]
    company.predict(stage, account)
    s3, bucket = company.client("s3", account), f"churn-{stage}-{account}-{REGION}"

    def captured() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return found

    company.wait("captured traffic", captured)
    key = s3.head_object(Bucket=bucket, Key=captured()[0]["Key"])["SSEKMSKeyId"]
    alias = company.client("kms", account).describe_key(KeyId=f"alias/churn-{stage}")
    assert key.rpartition("/")[2] == alias["KeyMetadata"]["KeyId"]
    assert f":{account}:key/" in alias["KeyMetadata"]["Arn"]


def test_each_role_of_a_stage_is_assumed_by_its_counterpart_alone(company: Company) -> None:
    path = "role/sagemaker-projects"
    wanted = {
        f"arn:aws:iam::{account}:{path}/churn-{stage}-{REGION}-{purpose}": by
        for stage, account in ACCOUNTS.items()
        for purpose, by in {
            "deploy": {"churn-model-deploy-pipeline"},
            "smoke-test": {f"churn-{stage}-smoke-test"},
            # Only the check of production reads a deployed template.
            "check": {"churn-template-check"} if stage == "prod" else set(),
            "cfn": set(),
            "model": set(),
            # Services assume these: the runs of monitors, their schedules, and events.
            "monitor": set(),
            "starter": set(),
            "events": set(),
        }.items()
    }
    assert set(wanted) == {arn for account in ACCOUNTS.values() for arn in company.roles(account)}
    assumed: dict[str, set[str]] = {arn: set() for arn in wanted}

    for caller in company.roles(TOOLING):
        sts = company.acting_as(caller)("sts")
        for arn in wanted:
            try:
                sts.assume_role(RoleArn=arn, RoleSessionName="attack")
            except ClientError as error:
                assert error.response["Error"]["Code"] in DENIED, error
            else:
                assumed[arn].add(caller.rpartition("/")[2])

    assert assumed == wanted


@pytest.mark.parametrize(
    ("name", "account"),
    [
        # The pipeline of another project, and a pipeline of this name in another account.
        ("other-model-deploy-pipeline", TOOLING),
        ("churn-model-deploy-pipeline", DEV),
        ("churn-prod-smoke-test", PROD),
        ("churn-template-check", DEV),
    ],
)
def test_no_other_pipeline_or_build_assumes_the_roles_of_production(
    company: Company, name: str, account: str
) -> None:
    caller = company.role(name, account, "sts:AssumeRole", path="/sagemaker-projects/")
    sts = company.acting_as(caller)("sts")

    for arn in company.roles(PROD):
        if arn != caller:
            denied(partial(sts.assume_role, RoleArn=arn, RoleSessionName="attack"))


def test_other_roles_of_the_production_account_reach_nothing_of_the_project(
    company: Company, outsider: Callable[[str], Any], package: str
) -> None:
    outputs = company.outputs()
    bucket, image = outputs["ArtifactBucketName"], outputs["ImageRepositoryUri"].partition("/")[2]
    keys = [one["Key"] for one in company.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert any(key.startswith("models/") for key in keys)
    assert any("/CheckedTem/" in key for key in keys)

    for key in keys:
        denied(partial(outsider("s3").get_object, Bucket=bucket, Key=key))
    denied(lambda: outsider("s3").list_objects_v2(Bucket=bucket, Prefix="models/"))
    denied(lambda: outsider("kms").describe_key(KeyId=outputs["ArtifactKeyArn"]))
    denied(
        lambda: outsider("ecr").batch_get_image(
            registryId=TOOLING, repositoryName=image, imageIds=[{"imageTag": "1"}]
        )
    )
    denied(lambda: outsider("sagemaker").describe_model_package(ModelPackageName=package))
    denied(
        lambda: outsider("sagemaker").create_model(
            ModelName="churn-prod-stolen",
            ExecutionRoleArn=f"arn:aws:iam::{PROD}:role/sagemaker-projects/"
            f"churn-prod-{REGION}-model",
            PrimaryContainer={"ModelPackageName": package},
        )
    )


def test_the_roles_of_a_stage_read_only_what_they_need(company: Company) -> None:
    outputs = company.outputs()
    bucket = outputs["ArtifactBucketName"]
    company.client("s3").put_object(Bucket=bucket, Key="data/customers.csv", Body=b"secret")
    company.client("s3").put_object(Bucket=bucket, Key="runs/1/models/report.json", Body=b"{}")
    keys = [one["Key"] for one in company.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    read: dict[str, set[str]] = {}
    for arn in company.roles(PROD):
        s3 = company.acting_as(arn)("s3")
        for key in keys:
            try:
                s3.get_object(Bucket=bucket, Key=key)
            except ClientError as error:
                assert error.response["Error"]["Code"] in DENIED, error
            else:
                read.setdefault(arn.rpartition("-")[2], set()).add(_kind(key))

    assert read == {
        "model": {"models"},
        "deploy": {"CheckedTem"},
        # Models for attributions, and the baselines of executions.
        "monitor": {"models", "runs"},
    }


def _kind(key: str) -> str:
    """Returns the first folder of a key, or the name of the artifact."""
    first, second, *_ = key.split("/")
    return second if first.startswith("churn-model-") else first


def test_the_pipeline_s_role_deploys_only_the_stack_of_the_stage(company: Company) -> None:
    cloudformation = company.acting_as(
        f"arn:aws:iam::{PROD}:role/sagemaker-projects/churn-prod-{REGION}-deploy"
    )("cloudformation")
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    administrator = company.role("cfn-administrator", PROD, "*")
    own = f"arn:aws:iam::{PROD}:role/sagemaker-projects/churn-prod-{REGION}-cfn"

    denied(
        lambda: cloudformation.create_stack(
            StackName="anything", TemplateBody=template, RoleARN=own
        )
    )
    denied(
        lambda: cloudformation.update_stack(
            StackName="churn-prod", TemplateBody=template, RoleARN=administrator
        )
    )
    denied(lambda: cloudformation.delete_stack(StackName="churn-prod"))


def test_cloudformation_creates_no_endpoint_of_another_stage_key_or_model(
    company: Company, package: str
) -> None:
    sagemaker = company.acting_as(
        f"arn:aws:iam::{PROD}:role/sagemaker-projects/churn-prod-{REGION}-cfn"
    )("sagemaker")
    models = f"arn:aws:iam::{PROD}:role/sagemaker-projects/churn-prod-{REGION}-model"
    (model,) = sagemaker_models(company)
    key = company.client("kms", PROD).create_key()["KeyMetadata"]["Arn"]

    def config(name: str, **members: Any) -> None:
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "All",
                    "ModelName": model,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
            **members,
        )

    denied(lambda: config("churn-prod-open"))
    denied(lambda: config("churn-prod-other-key", KmsKeyId=key))
    denied(lambda: config("churn-staging-1", KmsKeyId="alias/churn-prod"))
    container = {"ModelPackageName": package.replace("/churn/", "/other/")}
    denied(
        lambda: sagemaker.create_model(
            ModelName="churn-prod-other", ExecutionRoleArn=models, PrimaryContainer=container
        )
    )
    administrator = company.role("models-administrator", PROD, "*")
    denied(
        lambda: sagemaker.create_model(
            ModelName="churn-prod-2",
            ExecutionRoleArn=administrator,
            PrimaryContainer={"ModelPackageName": package},
        )
    )


def sagemaker_models(company: Company) -> list[str]:
    listed = company.client("sagemaker", PROD).list_models()["Models"]
    return [one["ModelName"] for one in listed]


def test_a_removed_stage_keeps_its_endpoint_and_loses_its_access(company: Company) -> None:
    company.deploy(stages=STAGES[1:])

    assert company.predict("dev", DEV) == "4.5"
    bucket = company.outputs()["ArtifactBucketName"]
    for arn in company.roles(DEV):
        if f"churn-dev-{REGION}-" in arn:
            s3 = company.acting_as(arn)("s3")
            denied(partial(s3.get_object, Bucket=bucket, Key="models/1/model.tar.gz"))
    company.client("codepipeline").start_pipeline_execution(name="churn-model-deploy")
    company.wait("the approval", lambda: _asks(company))
    assert list(company.stages()) == ["Source", "Synth", "Staging", "Production"]


def test_a_deleted_target_retains_the_endpoint_and_what_deletes_it(company: Company) -> None:
    company.deploy(stages=STAGES[1:])

    deleted = company.delete("ProjectTarget-churn-dev", DEV)

    assert deleted["StackStatus"] == "DELETE_COMPLETE", deleted["Failures"]
    assert company.predict("dev", DEV) == "4.5"
    assert _purposes(company, "dev") == {"cfn", "model", "monitor", "starter"}
    company.client("cloudformation", DEV).delete_stack(StackName="churn-dev")
    company.wait("the deletion", lambda: not _stack(company, "churn-dev", DEV))
    assert not company.client("sagemaker", DEV).list_endpoints()["Endpoints"]


def test_destroy_removes_the_endpoint_and_its_traffic_with_the_target(company: Company) -> None:
    company.deploy(DESTROY, stages=STAGES[1:])

    deleted = company.delete("ProjectTarget-churn-prod", PROD)

    assert deleted["StackStatus"] == "DELETE_COMPLETE", deleted["Failures"]
    assert not _stack(company, "churn-prod", PROD)
    assert not company.client("sagemaker", PROD).list_endpoints()["Endpoints"]
    assert _purposes(company, "prod") == set()
    buckets = company.client("s3", PROD).list_buckets()["Buckets"]
    assert not [one for one in buckets if one["Name"].startswith("churn-prod-")]
    assert company.predict("staging", STAGING) == "4.5"


def _purposes(company: Company, stage: str) -> set[str]:
    """Returns the purposes of the remaining roles of a stage."""
    prefix = f"churn-{stage}-{REGION}-"
    names = [arn.rpartition("/")[2] for arn in company.roles(ACCOUNTS[stage])]
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def _stack(company: Company, name: str, account: str) -> bool:
    try:
        company.client("cloudformation", account).describe_stacks(StackName=name)
    except ClientError as error:
        assert "does not exist" in str(error), error
        return False
    return True
