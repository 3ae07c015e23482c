"""Alarms that start a retraining."""

import json
from collections import Counter
from typing import Any

import aws_cdk as cdk
import jsonata  # type: ignore[import-untyped]
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from mlops_constructs.monitoring import (
    AlarmAction,
    DriftMonitor,
    MetricAlarms,
    MetricThresholds,
    MonitorBase,
    Retraining,
)
from mlops_constructs.network import Network, NetworkUseCase
from tests.constructs.monitoring.conftest import PIPELINE_ARN, Define, stack_in

NOW = "2026-11-20T12:00:00.000Z"
STATES = "AWS::StepFunctions::StateMachine"


def definition_in(template: Template) -> dict[str, Any]:
    """Returns the definition of the only state machine, without the values of CloudFormation."""
    (machine,) = template.find_resources(STATES).values()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "aws" for part in parts)
    found: dict[str, Any] = json.loads(text)
    return found


def drifts(monitor: MonitorBase, count: int) -> list[MetricThresholds]:
    return [
        MetricThresholds.above(
            f"F{number}", monitor.metric_drift(f"f{number}"), {"Warning": 0.1, "Critical": 0.3}
        )
        for number in range(count)
    ]


def test_complaint_13_drift_starts_retraining_and_sends_a_notification(
    stack: cdk.Stack, define: Define, pipeline: codepipeline.IPipeline
) -> None:
    """Peers make an alarm that nothing listens to, or a rule that may not start the pipeline."""
    drift = define(DriftMonitor)
    topic = sns.Topic(stack, "Topic")

    alarms = MetricAlarms(
        stack,
        "Alarms",
        thresholds=[MetricThresholds.above("Age", drift.metric_drift("age"), {"Critical": 0.3})],
        actions={"Critical": [AlarmAction.notify(topic), Retraining.with_code_pipeline(pipeline)]},
    )

    template = Template.from_stack(stack)
    (alarm,) = alarms.of_severity("Critical")
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "feature_baseline_drift_age",
            "Dimensions": Match.array_with(
                [{"Name": "MonitoringSchedule", "Value": drift.monitor_name}]
            ),
            "AlarmActions": [stack.resolve(topic.topic_arn)],
        },
    )
    ((_, rule),) = template.find_resources("AWS::Events::Rule").items()
    assert rule["Properties"]["EventPattern"] == {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [stack.resolve(alarm.alarm_arn)],
        "detail": {"state": {"value": ["ALARM"]}},
    }
    (target,) = rule["Properties"]["Targets"]
    (machine,) = template.find_resources(STATES)
    assert target["Arn"] == {"Ref": machine}
    # What could not be started is kept, and each role may do exactly its part.
    assert "DeadLetterConfig" in target
    assert statements(template, target["RoleArn"]["Fn::GetAtt"][0]) == [
        {"Action": "states:StartExecution", "Effect": "Allow", "Resource": {"Ref": machine}}
    ]
    role = template.find_resources(STATES)[machine]["Properties"]["RoleArn"]["Fn::GetAtt"][0]
    assert statements(template, role)[0] == {
        "Action": ["codepipeline:ListPipelineExecutions", "codepipeline:StartPipelineExecution"],
        "Effect": "Allow",
        "Resource": PIPELINE_ARN,
    }
    assert not template.find_resources("AWS::IAM::Policy")
    states = definition_in(template)["States"]
    assert states["List"]["Resource"].endswith(":aws-sdk:codepipeline:listPipelineExecutions")
    assert states["List"]["Arguments"] == {"PipelineName": "churn-model-build", "MaxResults": 100}
    assert states["Start"]["Arguments"] == {
        "Name": "churn-model-build",
        "ClientRequestToken": "{% $request %}",
    }


def statements(template: Template, role_id: str) -> list[dict[str, Any]]:
    """Returns the statements of a role's policy."""
    resources = template.to_json()["Resources"]
    return [
        statement
        for policy in resources[role_id]["Properties"]["ManagedPolicyArns"]
        for statement in resources[policy["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_a_sagemaker_pipeline_is_started_with_parameters(
    stack: cdk.Stack, monitor: MonitorBase
) -> None:
    training = sagemaker.CfnPipeline(
        stack,
        "Training",
        pipeline_name="Churn-Train",
        pipeline_definition={"PipelineDefinitionBody": "{}"},
        role_arn="arn:aws:iam::111111111111:role/training",
    )

    MetricAlarms(
        stack,
        "Alarms",
        thresholds=[MetricThresholds.above("Age", monitor.metric_drift("age"), {"Critical": 0.3})],
        actions={
            "Critical": [
                Retraining.with_sagemaker_pipeline(training, parameters={"Reason": "drift"})
            ]
        },
    )

    template = Template.from_stack(stack)
    start = definition_in(template)["States"]["Start"]
    assert start["Resource"].endswith(":aws-sdk:sagemaker:startPipelineExecution")
    assert start["Arguments"]["PipelineName"] == "Churn-Train"
    assert start["Arguments"]["PipelineParameters"] == [{"Name": "Reason", "Value": "drift"}]
    policies = json.dumps(template.find_resources("AWS::IAM::ManagedPolicy"))
    assert policies.count("sagemaker:StartPipelineExecution") == 1
    # SageMaker writes names in its ARNs in lower case.
    assert ":sagemaker:eu-west-1:111111111111:pipeline/churn-train" in policies
    template.has_resource_properties(
        "AWS::SQS::QueuePolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Action": "sqs:SendMessage",
                                "Principal": {"Service": "events.amazonaws.com"},
                            }
                        )
                    ]
                )
            }
        },
    )


def resource_types(count: int) -> Counter[str]:
    """Returns the resource types of a stack with alarms on a number of features and a network."""
    stack = stack_in("eu-west-1")
    Network(stack, "Network", uses=[NetworkUseCase.MODEL_MONITORING])
    monitor = DriftMonitor.from_monitor_name(stack, "M", "churn", endpoint_name="churn", hours=24)
    pipeline = codepipeline.Pipeline.from_pipeline_arn(stack, "P", PIPELINE_ARN)
    MetricAlarms(
        stack,
        "Alarms",
        thresholds=drifts(monitor, count),
        actions={
            "Warning": [AlarmAction.notify(sns.Topic(stack, "Topic"))],
            "Critical": [Retraining.with_code_pipeline(pipeline)],
        },
    )
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    return Counter(resource["Type"] for resource in resources)


def test_resources_do_not_grow_with_the_features() -> None:
    few, many = resource_types(5), resource_types(75)

    assert (few.pop("AWS::CloudWatch::Alarm"), many.pop("AWS::CloudWatch::Alarm")) == (10, 150)
    assert few == many
    assert many["AWS::CloudWatch::CompositeAlarm"] == 1
    assert many.total() + 150 < 400  # of 500 that a stack may have


def test_many_alarms_are_one_event(
    stack: cdk.Stack, monitor: MonitorBase, pipeline: codepipeline.IPipeline
) -> None:
    alarms = MetricAlarms(
        stack,
        "Alarms",
        thresholds=drifts(monitor, 3),
        actions={"Critical": [Retraining.with_code_pipeline(pipeline)]},
    )

    template = Template.from_stack(stack)
    ((composite_id, composite),) = template.find_resources(
        "AWS::CloudWatch::CompositeAlarm"
    ).items()
    rule = composite["Properties"]["AlarmRule"]["Fn::Join"][1]
    names = [stack.resolve(alarm.alarm_name) for alarm in alarms.of_severity("Critical")]
    assert [part for part in rule if isinstance(part, dict)] == names
    assert [part for part in rule if isinstance(part, str)] == [
        'ALARM("',
        '") OR ALARM("',
        '") OR ALARM("',
        '")',
    ]
    (event,) = (one["Properties"] for one in template.find_resources("AWS::Events::Rule").values())
    assert event["EventPattern"]["resources"] == [{"Fn::GetAtt": [composite_id, "Arn"]}]


def test_more_alarms_than_a_composite_alarm_has_children_are_rejected(
    stack: cdk.Stack, monitor: MonitorBase, pipeline: codepipeline.IPipeline
) -> None:
    with pytest.raises(ValueError, match="got 101 alarms of one severity; allowed are 100"):
        MetricAlarms(
            stack,
            "Alarms",
            thresholds=drifts(monitor, 101),
            actions={"Critical": [Retraining.with_code_pipeline(pipeline)]},
        )


def test_a_pipeline_of_another_region_is_rejected(stack: cdk.Stack, monitor: MonitorBase) -> None:
    pipeline = codepipeline.Pipeline.from_pipeline_arn(
        stack, "P", "arn:aws:codepipeline:us-east-1:222222222222:churn"
    )
    with pytest.raises(ValueError) as error:
        MetricAlarms(
            stack,
            "Alarms",
            thresholds=drifts(monitor, 1),
            actions={"Critical": [Retraining.with_code_pipeline(pipeline)]},
        )
    assert "got one of the account 222222222222; allowed is 111111111111" in str(error.value)
    assert "got one of the region us-east-1; allowed is eu-west-1" in str(error.value)


def execution(status: str, time: str) -> dict[str, str]:
    return {"Status": status, "StartTime": time}


@pytest.mark.parametrize(
    ("executions", "needed"),
    [
        ([], True),
        ([execution("InProgress", "2026-11-10T00:00:00.000Z")], False),
        ([execution("Stopping", "2026-11-20T11:59:00.000Z")], False),
        ([execution("Succeeded", "2026-11-20T06:01:00.000Z")], False),
        ([execution("Succeeded", "2026-11-20T05:59:00.000Z")], True),
        ([execution("Failed", "2026-11-20T11:59:00.000Z")], True),
        ([execution("Superseded", "2026-11-20T11:59:00.000Z")], True),
        (
            [
                execution("Failed", "2026-11-20T11:59:00.000Z"),
                execution("Succeeded", "2026-11-20T11:00:00.000Z"),
                execution("Succeeded", "2026-11-01T00:00:00.000Z"),
            ],
            False,
        ),
    ],
)
def test_nothing_is_started_while_a_training_is_under_way_or_new(
    stack: cdk.Stack,
    monitor: MonitorBase,
    pipeline: codepipeline.IPipeline,
    executions: list[dict[str, str]],
    needed: bool,
) -> None:
    MetricAlarms(
        stack,
        "Alarms",
        thresholds=drifts(monitor, 1),
        actions={
            "Critical": [
                Retraining.with_code_pipeline(pipeline, minimum_interval=cdk.Duration.hours(6))
            ]
        },
    )
    states = definition_in(Template.from_stack(stack))["States"]
    output = states["List"]["Output"]["in_the_way"]
    (choice,) = states["Decide"]["Choices"]

    in_the_way = evaluated(
        output,
        result={"PipelineExecutionSummaries": executions},
        context={"State": {"EnteredTime": NOW}},
    )
    skipped = evaluated(choice["Condition"], input={"in_the_way": in_the_way})

    assert skipped is not needed
    assert choice["Next"] == "NotNeeded"
    assert states["Decide"]["Default"] == "Start"


def own(status: str, time: str, role: str = "aws") -> dict[str, Any]:
    session = f"arn:aws:sts::111111111111:assumed-role/{role}/session"
    return {**execution(status, time), "Trigger": {"TriggerDetail": session}}


FAILED_IN_MONTH = [
    own("Failed", "2026-11-20T10:00:00.000Z"),
    own("Failed", "2026-10-22T12:00:00.000Z"),
]


@pytest.mark.parametrize(
    ("executions", "name", "allowed"),
    [
        (FAILED_IN_MONTH[:1], "churn-prod-drift-retrain", True),
        (FAILED_IN_MONTH, "churn-prod-drift-retrain", False),
        ([*FAILED_IN_MONTH[:1], own("Failed", "2026-10-20T12:00:00.000Z")], "c-retrain", True),
        ([own("Failed", "2026-11-20T10:00:00.000Z", "pushes")] * 5, "churn-retrain", True),
        ([execution("Failed", "2026-11-20T10:00:00.000Z")] * 5, "churn-retrain", True),
        (FAILED_IN_MONTH[:1], "churn-prod-drift-retrain-7d-1", False),
        (FAILED_IN_MONTH, "churn-prod-drift-retrain-0d-9", False),
        (FAILED_IN_MONTH, "churn-prod-drift-retrain-0d-99999999999999999999", False),
    ],
)
def test_a_budget_counts_own_executions_of_a_month_and_names_can_only_tighten_it(
    stack: cdk.Stack,
    pipeline: codepipeline.IPipeline,
    executions: list[dict[str, Any]],
    name: str,
    allowed: bool,
) -> None:
    retraining = Retraining.with_code_pipeline(pipeline, max_runs_per_month=2)
    pattern = {"source": ["aws.cloudwatch"]}
    retraining.start_on(
        stack, [pattern, pattern], description="Drift", limit_pattern="-retrain-([0-9]+)d-([0-9]+)$"
    )
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Events::Rule", 2)
    template.resource_count_is(STATES, 1)
    states = definition_in(template)["States"]
    choice = states["Decide"]["Choices"][1]

    found = evaluated(
        states["List"]["Output"]["own"],
        result={"PipelineExecutionSummaries": executions},
        context={"State": {"EnteredTime": NOW}},
        input={"detail": {"alarmName": name}},
    )

    assert evaluated(choice["Condition"], input={"own": found}) is not allowed
    assert choice["Next"] == "OverBudget"
    assert states["OverBudget"]["Output"]["Retraining"] == "not started"


@pytest.mark.parametrize(
    ("detail", "alarm"),
    [
        ({"alarmName": "churn-prod-drift-retrain"}, " The alarm churn-prod-drift-retrain went off"),
        ({}, ""),
    ],
)
def test_an_alarm_beyond_the_budget_notifies_the_topic(
    stack: cdk.Stack, pipeline: codepipeline.IPipeline, detail: dict[str, str], alarm: str
) -> None:
    key = kms.Key(stack, "Key")
    topic = sns.Topic(stack, "Topic", master_key=key)
    Retraining.with_code_pipeline(pipeline, max_runs_per_month=2).start_on(
        stack, [{"source": ["aws.cloudwatch"]}], description="Drift", topic=topic
    )

    template = Template.from_stack(stack)
    published = definition_in(template)["States"]["OverBudget"]
    message = evaluated(
        published["Arguments"]["Message"],
        context={"Execution": {"Input": {"detail": detail}}},
        input={"own": {"runs": 2, "allowed": 2}},
    )

    assert published["Resource"].endswith(":aws-sdk:sns:publish")
    assert message.startswith(
        "No retraining of churn-model-build is started: the maximum of retrainings in 30 days (2) "
        f"is reached.{alarm}"
    )
    assert published["Output"] == {
        "Retraining": "not started",
        "Reason": "the maximum of retrainings in 30 days",
    }
    assert published["Retry"]
    (machine,) = template.find_resources(STATES).values()
    allowed = statements(template, machine["Properties"]["RoleArn"]["Fn::GetAtt"][0])
    assert {
        "Action": "sns:Publish",
        "Effect": "Allow",
        "Resource": stack.resolve(topic.topic_arn),
    } in allowed
    assert [one["Resource"] for one in allowed if "kms:Decrypt" in one["Action"]] == [
        stack.resolve(key.key_arn)
    ]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("churn-prod-drift-retrain", True),
        ("churn-prod-drift-retrain-7d-4", False),
        ("churn-prod-drift-retrain-0d-4", True),
        (None, True),
    ],
)
def test_the_name_of_an_alarm_extends_the_interval(
    stack: cdk.Stack, pipeline: codepipeline.IPipeline, name: str | None, needed: bool
) -> None:
    retraining = Retraining.with_code_pipeline(pipeline)
    retraining.start_on(
        stack,
        [{"source": ["aws.cloudwatch"]}],
        description="Drift",
        limit_pattern="-retrain-([0-9]+)d-([0-9]+)$",
    )
    states = definition_in(Template.from_stack(stack))["States"]
    two_days_ago = [execution("Succeeded", "2026-11-18T12:00:00.000Z")]

    in_the_way = evaluated(
        states["List"]["Output"]["in_the_way"],
        result={"PipelineExecutionSummaries": two_days_ago},
        context={"State": {"EnteredTime": NOW}},
        input={"detail": {"alarmName": name}} if name else {},
    )

    assert (in_the_way == 0) is needed


def test_a_budget_below_one_run_is_rejected(
    stack: cdk.Stack, monitor: MonitorBase, pipeline: codepipeline.IPipeline
) -> None:
    retraining = Retraining.with_code_pipeline(pipeline, max_runs_per_month=0)
    with pytest.raises(ValueError, match="max_runs_per_month: got 0; allowed is 1 or more"):
        MetricAlarms(
            stack,
            "Alarms",
            thresholds=drifts(monitor, 1),
            actions={"Critical": [retraining]},
        )


def evaluated(expression: str, **states: Any) -> Any:
    """Returns the value of a JSONata expression in Step Functions."""
    text = expression.removeprefix("{%").removesuffix("%}").strip()
    return jsonata.Jsonata.jsonata(text).evaluate(None, {"states": states})


def test_an_event_that_comes_twice_asks_for_one_execution(
    stack: cdk.Stack, monitor: MonitorBase, pipeline: codepipeline.IPipeline
) -> None:
    MetricAlarms(
        stack,
        "Alarms",
        thresholds=drifts(monitor, 1),
        actions={"Critical": [Retraining.with_code_pipeline(pipeline)]},
    )
    request = definition_in(Template.from_stack(stack))["States"]["List"]["Assign"]["request"]

    assert evaluated(request, input={"id": "0a1b2c3d"}) == "0a1b2c3d"
