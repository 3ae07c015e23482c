"""Conditions, retries and rollbacks of stages, and combinations that AWS does not support."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from mlops_constructs.delivery import (
    DeliveryPipeline,
    FailureResponse,
    PipelineStage,
    ProjectResources,
    Source,
    StageChecks,
    StageCondition,
    StageRule,
    approval_action,
)

RELEASE = StageRule.variable_equals("#{variables.Release}", "yes")
WINDOW = StageRule.deployment_window("* * 9-15 ? * MON-THU *", time_zone="Europe/Berlin")


@pytest.fixture
def alarm(stack: cdk.Stack) -> cloudwatch.IAlarm:
    arn = "arn:aws:cloudwatch:us-east-1:111111111111:alarm:errors"
    return cloudwatch.Alarm.from_alarm_arn(stack, "Alarm", arn)


def template_with(
    stack: cdk.Stack,
    project: ProjectResources,
    checks: StageChecks,
    mode: codepipeline.ExecutionMode = codepipeline.ExecutionMode.QUEUED,
) -> Mapping[str, Any]:
    DeliveryPipeline(
        stack,
        "Pipeline",
        pipeline_name="pipeline",
        artifacts=project.artifacts,
        source=Source.code_commit(codecommit.Repository.from_repository_name(stack, "R", "churn")),
        source_output=codepipeline.Artifact("SourceOutput"),
        stages=[
            PipelineStage(name="Ask", actions=[approval_action(question="Go?")], checks=checks)
        ],
        execution_mode=mode,
        variables=[codepipeline.Variable(variable_name="Release", default_value="yes")],
    )
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


def stage_of(template: Mapping[str, Any]) -> Any:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CodePipeline::Pipeline":
            return resource["Properties"]["Stages"][1]
    raise AssertionError("there is no pipeline")


def statements(template: Mapping[str, Any]) -> str:
    return json.dumps(
        [one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::ManagedPolicy"]
    )


def test_checks_are_part_of_the_stage_and_permitted_by_the_role(
    stack: cdk.Stack, project: ProjectResources, alarm: cloudwatch.IAlarm
) -> None:
    validate = lambda_.Function.from_function_arn(
        stack, "Validate", "arn:aws:lambda:us-east-1:111111111111:function:validate"
    )
    checks = StageChecks(
        before_entry=StageCondition.fail_unless(
            RELEASE, WINDOW, StageRule.function(validate, user_parameters={"strict": "yes"})
        ),
        on_success=StageCondition.roll_back_unless(
            StageRule.alarm_is_quiet(alarm, wait=cdk.Duration.minutes(30))
        ),
        on_failure=FailureResponse.roll_back(),
    )

    template = template_with(stack, project, checks)
    stage = stage_of(template)

    entry = stage["BeforeEntry"]["Conditions"][0]
    assert entry["Result"] == "FAIL"
    assert [rule["RuleTypeId"]["Provider"] for rule in entry["Rules"]] == [
        "VariableCheck",
        "DeploymentWindow",
        "LambdaInvoke",
    ]
    assert len({rule["Name"] for rule in entry["Rules"]}) == 3
    assert entry["Rules"][2]["Configuration"]["UserParameters"] == '{"strict": "yes"}'
    success = stage["OnSuccess"]["Conditions"][0]
    assert success["Result"] == "ROLLBACK"
    assert success["Rules"][0]["Configuration"] == {
        "AlarmName": "errors",
        "AlarmStates": "ALARM",
        "WaitTime": "30",
    }
    assert stage["OnFailure"] == {"Result": "ROLLBACK"}
    allowed = statements(template)
    assert "cloudwatch:DescribeAlarms" in allowed
    assert "lambda:InvokeFunction" in allowed


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            FailureResponse.retry_failed_actions(),
            {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "FAILED_ACTIONS"}},
        ),
        (
            FailureResponse.retry_all_actions(),
            {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "ALL_ACTIONS"}},
        ),
    ],
)
def test_a_failed_stage_may_be_retried(
    stack: cdk.Stack, project: ProjectResources, response: FailureResponse, expected: Any
) -> None:
    template = template_with(stack, project, StageChecks(on_failure=response))

    assert stage_of(template)["OnFailure"] == expected


def test_a_rollback_may_depend_on_rules(stack: cdk.Stack, project: ProjectResources) -> None:
    checks = StageChecks(on_failure=FailureResponse.roll_back_unless(RELEASE))

    failure = stage_of(template_with(stack, project, checks))["OnFailure"]

    assert failure["Conditions"][0]["Result"] == "ROLLBACK"
    assert "Result" not in failure


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: StageCondition.fail_unless(), "rules: got 0; allowed are 1 to 5"),
        (lambda: StageCondition.fail_unless(*[RELEASE] * 6), "rules: got 6; allowed are 1 to 5"),
        (lambda: FailureResponse.roll_back_unless(), "rules: got 0; allowed are 1 to 5"),
        (
            lambda: StageCondition.skip_unless(RELEASE, WINDOW),
            "got DeploymentWindow, which cannot skip",
        ),
        (
            lambda: StageChecks(before_entry=StageCondition.roll_back_unless(RELEASE)),
            "before_entry: got a rollback",
        ),
        (
            lambda: StageChecks(on_success=StageCondition.skip_unless(RELEASE)),
            "on_success: got a skip",
        ),
        (lambda: StageRule.variable_equals("Release", "yes"), "allowed is one variable"),
        (
            lambda: StageRule.variable_matches("#{variables.Release}", ""),
            "value: got an empty text",
        ),
        (lambda: StageRule.deployment_window("0 9 ? * MON"), "with 5 fields"),
        (lambda: StageRule.deployment_window("0 0 9 ? * MON"), "got '0' as the first field"),
        (lambda: StageRule.deployment_window("* 0 9 * * MON"), "exactly one of them"),
        (lambda: StageRule.deployment_window("* 0 9 ? * ?"), "exactly one of them"),
        (
            lambda: StageRule.deployment_window("* 0 9 ? * MON", time_zone="here and now"),
            "allowed is an IANA name",
        ),
    ],
)
def test_a_combination_that_aws_does_not_support_is_rejected(
    make: Callable[[], Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("seconds", [0, 90, 86_460])
def test_an_alarm_is_watched_for_whole_minutes_up_to_a_day(
    alarm: cloudwatch.IAlarm, seconds: int
) -> None:
    with pytest.raises(ValueError, match="allowed are whole minutes from 1 to 1440"):
        StageRule.alarm_is_quiet(alarm, wait=cdk.Duration.seconds(seconds))


def test_a_parallel_pipeline_cannot_roll_back(stack: cdk.Stack, project: ProjectResources) -> None:
    checks = StageChecks(on_failure=FailureResponse.roll_back())
    with pytest.raises(
        ValueError, match="rolls back, which CodePipeline does not support in the mode"
    ):
        template_with(stack, project, checks, codepipeline.ExecutionMode.PARALLEL)


def test_a_variable_that_no_earlier_action_sets_is_rejected(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    unknown = StageRule.variable_equals("#{Build.Version}", "1")
    with pytest.raises(ValueError, match="allowed are Source, codepipeline, variables"):
        template_with(stack, project, StageChecks(before_entry=StageCondition.skip_unless(unknown)))
