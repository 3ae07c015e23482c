"""Stages of a project: names, order, accounts."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.delivery import ProjectStage, StageNetwork, StageTarget
from mlops_constructs.delivery.deployment._stage_accounts import stage_list_problems, targets_of

HERE, THERE, REGION = "111111111111", "222222222222", "eu-central-1"
NETWORK = StageNetwork(vpc_id="v", subnet_ids=["s"], security_group_ids=["g"])
ENVIRONMENT = cdk.Environment(account=HERE, region=REGION)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "Prod"}, "name: got 'Prod'; allowed are up to 20 lower case letters"),
        ({"name": "a" * 21}, "allowed are up to 20 lower case letters"),
        ({"name": "prod-"}, "allowed are up to 20 lower case letters"),
        ({"name": "prod", "account": "42"}, "account: got '42'; allowed are 12 digits"),
        ({"name": "prod", "approval": " "}, "approval: got an empty question"),
        (
            {
                "name": "prod",
                "network": NETWORK,
            },
            "network: got a network for a stage in the project's account",
        ),
    ],
)
def test_a_malformed_stage_is_rejected_with_the_remedy(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ProjectStage(**arguments)


def test_a_network_has_subnets_and_security_groups() -> None:
    with pytest.raises(ValueError, match="subnet_ids: got none; give at least one id") as error:
        StageNetwork(vpc_id="v", subnet_ids=[], security_group_ids=[])

    assert "security_group_ids: got none" in str(error.value)


def test_a_parameter_of_a_network_has_an_absolute_name() -> None:
    with pytest.raises(ValueError, match="got the parameter 'subnet'; allowed are") as error:
        StageNetwork.from_parameters(
            subnet_ids=["subnet", "/net/subnet:1"], security_group_ids=["/net/*"]
        )

    assert "'/net/subnet:1'" in str(error.value)
    assert "'/net/*'" in str(error.value)


def test_stages_have_different_names_and_none_of_another_stage_of_the_pipeline() -> None:
    stages = [ProjectStage(name=name) for name in ("prod", "production", "source")]

    assert stage_list_problems(stages) == [
        "stages: got prod for more than one stage; rename the duplicates",
        "stages: got production for more than one stage; rename the duplicates",
        "stages: got source, the name of another stage of the pipeline; rename it",
    ]
    assert stage_list_problems([]) == ["stages: got none; give at least one ProjectStage"]


def targets(*stages: ProjectStage, name: str = "churn", **options: Any) -> Any:
    stack = cdk.Stack(cdk.App(), "Stack", **{"env": ENVIRONMENT, **options})
    return targets_of(stack, name, stages)


def test_a_stage_in_the_account_of_the_project_has_no_target() -> None:
    found, problems = targets(ProjectStage(name="dev"), ProjectStage(name="prod", account=HERE))

    assert (found, problems) == ({}, [])


def test_both_accounts_compute_the_same_names() -> None:
    (target,) = targets(ProjectStage(name="prod", account=THERE))[0].values()

    assert isinstance(target, StageTarget)
    assert target.stack_name == "churn-prod"
    assert target.bucket_name == f"churn-prod-{THERE}-{REGION}"
    assert target.key_alias == "alias/churn-prod"
    assert {
        target.action_role_name,
        target.deployment_role_name,
        target.model_execution_role_name,
        target.smoke_test_role_name,
        target.check_role_name,
    } == {
        f"churn-prod-{REGION}-{purpose}"
        for purpose in ("deploy", "cfn", "model", "smoke-test", "check")
    }


@pytest.mark.parametrize(
    ("stage", "options", "message"),
    [
        (
            ProjectStage(name="prod", region="eu-west-1"),
            {},
            "got the region eu-west-1 without an account; give the account as well",
        ),
        (
            ProjectStage(name="prod", account=THERE),
            {"env": cdk.Environment()},
            "a stack without an account and region; give the stack of the project `env`",
        ),
        (
            ProjectStage(name="prod", account=THERE),
            {"name": cdk.Aws.STACK_NAME},
            "a project from a template has all stages in its account",
        ),
        (
            ProjectStage(name="prod", account=THERE),
            {"name": "a" * 32, "env": cdk.Environment(account=HERE, region="ap-southeast-1")},
            "allowed are 63; shorten the project's or the stage's name",
        ),
        (
            ProjectStage(name="prod", account=HERE, network=NETWORK),
            {},
            "which uses the network of the project; remove it",
        ),
    ],
)
def test_a_stage_that_cannot_be_deployed_is_rejected_with_the_reason(
    stage: ProjectStage, options: dict[str, Any], message: str
) -> None:
    found, (problem,) = targets(stage, **options)

    assert found == {}
    assert message in problem
