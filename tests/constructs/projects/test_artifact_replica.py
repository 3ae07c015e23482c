"""Stores of a pipeline's artifacts in the regions of its stages."""

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ArtifactReplica

HOME, AWAY, REGION = "111111111111", "222222222222", "eu-west-1"


def replica(env: cdk.Environment | None, *stages: ProjectStage) -> Template:
    stack = cdk.Stack(cdk.App(), "Replica", env=env)
    ArtifactReplica(
        stack, "Artifacts", project_name="churn", project_id="p-churn", stages=list(stages)
    )
    return Template.from_stack(stack)


def test_a_stage_in_the_account_of_the_project_needs_no_policy() -> None:
    stage = ProjectStage(name="prod", account=HOME, region=REGION)

    template = replica(cdk.Environment(account=HOME, region=REGION), stage)

    template.has_resource_properties("AWS::S3::Bucket", {"BucketName": f"{HOME}-{REGION}-churn"})
    assert AWAY not in str(template.to_json())


def test_the_roles_of_a_stage_in_another_account_read_the_artifacts() -> None:
    stage = ProjectStage(name="prod", account=AWAY, region=REGION)

    template = replica(cdk.Environment(region=REGION), stage)

    (policy,) = template.find_resources("AWS::S3::BucketPolicy").values()
    assert ":role/sagemaker-projects/churn-prod" in str(policy)
    assert f":iam::{AWAY}:" in str(policy)
    template.has_resource_properties("AWS::KMS::Key", {"KeyPolicy": Match.any_value()})


def test_a_stage_in_another_region_than_the_store_is_rejected() -> None:
    stage = ProjectStage(name="prod", account=AWAY, region="us-west-2")
    with pytest.raises(ValueError, match="got prod in us-west-2; allowed are stages in eu-west-1"):
        replica(cdk.Environment(account=HOME, region=REGION), stage)


def test_a_stack_without_a_region_is_rejected() -> None:
    stage = ProjectStage(name="prod", account=AWAY, region=REGION)
    with pytest.raises(ValueError, match="got a stack without a region; give the stack `env`"):
        replica(None, stage)
