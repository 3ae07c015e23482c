"""Kinds of stages, and the permissions that follow from them."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access import Permission
from mlops_constructs.delivery import (
    ArtifactStore,
    DeploymentRole,
    ProjectResources,
    ProjectStage,
    StageKind,
)
from mlops_constructs.delivery.deployment._kind_permissions import (
    kinds_of,
    serving_kinds,
)
from mlops_constructs.delivery.deployment._kind_permissions import (
    tested_kinds as smoke_test_of_kinds,
)

ACCOUNT = "111111111111"


@pytest.fixture
def stack() -> cdk.Stack:
    env = cdk.Environment(account=ACCOUNT, region="eu-west-1")
    return cdk.Stack(cdk.App(), "Stack", env=env)


@pytest.fixture
def store(stack: cdk.Stack) -> ArtifactStore:
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1")
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="churn-artifacts", encryption_key=key
    )
    return ArtifactStore(bucket=bucket, key=key)


def allowed(permissions: Collection[Permission]) -> dict[str, set[str]]:
    """Returns the resources of each action."""
    found: dict[str, set[str]] = {}
    for one in permissions:
        for action in one.actions if not one.denied else ():
            found.setdefault(action, set()).update(one.resources)
    return found


def deployment_statements(
    stack: cdk.Stack, store: ArtifactStore, kinds: Collection[StageKind], **settings: Any
) -> Iterator[Mapping[str, Any]]:
    DeploymentRole(
        stack,
        "Role",
        project=ProjectResources(
            project_name="churn",
            project_id="p-churn",
            artifacts=store,
            model_package_group_name="churn",
        ),
        model_execution_role=iam.Role.from_role_name(stack, "Model", "model"),
        kinds=kinds,
        **settings,
    )
    template = Template.from_stack(stack).to_json()
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            yield from resource["Properties"]["PolicyDocument"]["Statement"]


def actions_of(statements: Iterator[Mapping[str, Any]]) -> set[str]:
    found = set()
    for one in statements:
        if one["Effect"] == "Allow":
            found |= {one["Action"]} if isinstance(one["Action"], str) else set(one["Action"])
    return found


def test_a_stage_may_have_every_kind_by_default() -> None:
    stage = ProjectStage(name="prod")

    assert stage.kinds == tuple(StageKind)
    assert stage.kind_variables() == {
        "PROD_KINDS": "real-time serverless asynchronous component batch"
    }


def test_a_stage_needs_a_kind() -> None:
    with pytest.raises(ValueError, match="kinds: got none; give at least one StageKind"):
        ProjectStage(name="prod", kinds=())


def test_the_kinds_of_stages_are_listed_once() -> None:
    stages = [
        ProjectStage(name="staging", kinds=[StageKind.BATCH, StageKind.REAL_TIME]),
        ProjectStage(name="prod", kinds=[StageKind.REAL_TIME]),
    ]

    assert kinds_of(stages) == (StageKind.BATCH, StageKind.REAL_TIME)
    assert len({*stages, ProjectStage(name="prod", kinds=[StageKind.REAL_TIME])}) == 2


def test_a_deployment_without_components_cannot_create_one(
    stack: cdk.Stack, store: ArtifactStore
) -> None:
    found = actions_of(deployment_statements(stack, store, [StageKind.REAL_TIME]))

    assert not {one for one in found if "InferenceComponent" in one}


def test_a_deployment_creates_components_of_its_stage_only(
    stack: cdk.Stack, store: ArtifactStore
) -> None:
    statements = list(deployment_statements(stack, store, [StageKind.COMPONENT], stage="prod"))

    (creating,) = (
        one for one in statements if "sagemaker:CreateInferenceComponent" in one["Action"]
    )
    assert {str(arn).rpartition(":")[2].rstrip("]'}") for arn in creating["Resource"]} == {
        "inference-component/churn-prod-*",
        "inference-component/churn-prod",
        "endpoint/churn-prod-*",
        "endpoint/churn-prod",
    }


def test_models_of_endpoints_reach_neither_queues_nor_files(
    stack: cdk.Stack, store: ArtifactStore
) -> None:
    assert not serving_kinds(stack, [StageKind.REAL_TIME, StageKind.SERVERLESS], store.bucket)


def test_models_behind_a_queue_read_requests_and_write_responses(
    stack: cdk.Stack, store: ArtifactStore
) -> None:
    found = allowed(serving_kinds(stack, [StageKind.ASYNCHRONOUS], store.bucket))

    assert {str(one).partition("churn-artifacts")[2] for one in found["s3:GetObject"]} == {
        "/async/requests/*"
    }
    assert {str(one).partition("churn-artifacts")[2] for one in found["s3:PutObject"]} == {
        "/async/failures/*",
        "/async/responses/*",
    }
    assert "s3:ListBucket" not in found


def test_models_of_jobs_write_predictions_and_the_lists_of_their_files(
    stack: cdk.Stack, store: ArtifactStore
) -> None:
    found = allowed(serving_kinds(stack, [StageKind.BATCH], store.bucket))

    assert {str(one).partition("churn-artifacts")[2] for one in found["s3:PutObject"]} == {
        "/batch/capture/*",
        "/batch/predictions/*",
    }


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        (StageKind.REAL_TIME, set()),
        (StageKind.SERVERLESS, set()),
        (StageKind.ASYNCHRONOUS, {"sagemaker:InvokeEndpointAsync", "s3:PutObject"}),
        (StageKind.COMPONENT, {"sagemaker:DescribeInferenceComponent"}),
        (StageKind.BATCH, {"scheduler:GetSchedule", "sagemaker:CreateTransformJob"}),
    ],
)
def test_the_smoke_test_may_do_what_the_kinds_need(
    stack: cdk.Stack, store: ArtifactStore, kind: StageKind, actions: set[str]
) -> None:
    found = allowed(
        smoke_test_of_kinds(stack, [kind], name="churn-prod", stage="prod", store=store)
    )

    assert actions <= set(found)
    assert bool(found) == bool(actions)


def test_the_smoke_test_writes_only_where_no_job_and_no_caller_reads(
    stack: cdk.Stack, store: ArtifactStore
) -> None:
    permissions = smoke_test_of_kinds(
        stack, tuple(StageKind), name="churn-prod", stage="prod", store=store
    )

    written = {
        str(one).partition("churn-artifacts")[2] for one in allowed(permissions)["s3:PutObject"]
    }
    assert written == {"/async/requests/prod/smoke-test/*", "/batch/input/prod.smoke-test/*"}


def test_a_transform_job_of_the_smoke_test_has_a_model_of_the_stage(
    stack: cdk.Stack, store: ArtifactStore
) -> None:
    permissions = smoke_test_of_kinds(
        stack, [StageKind.BATCH], name="churn-prod", stage="prod", store=store
    )

    (creating,) = (
        one
        for one in permissions
        if "sagemaker:CreateTransformJob" in one.actions and not one.denied
    )
    assert creating.conditions == {
        "ArnLike": {
            "sagemaker:ModelArn": f"arn:{cdk.Aws.PARTITION}:sagemaker:eu-west-1:{ACCOUNT}:"
            "model/churn-prod-*"
        }
    }
    assert [one for one in permissions if one.denied]
