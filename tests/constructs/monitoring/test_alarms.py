"""Alarms by severity, what they do, and the dashboard."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from mlops_constructs.hosting import EndpointBase
from mlops_constructs.monitoring import (
    AlarmAction,
    DriftMonitor,
    EndpointAlarms,
    EndpointDashboard,
    EndpointThresholds,
    MetricAlarms,
    MonitorBase,
    Retraining,
    Watch,
    WatchedMonitor,
)
from tests.constructs.monitoring.conftest import Define

PIPELINE_ARN = "arn:aws:codepipeline:eu-west-1:111111111111:churn-model-build"


@pytest.fixture
def monitor(stack: cdk.Stack) -> MonitorBase:
    return DriftMonitor.from_monitor_name(stack, "Drift", "churn-drift", endpoint_name="churn")


@pytest.fixture
def pipeline(stack: cdk.Stack) -> codepipeline.IPipeline:
    return codepipeline.Pipeline.from_pipeline_arn(stack, "Pipeline", PIPELINE_ARN)


def test_each_severity_has_an_alarm_of_its_own(
    stack: cdk.Stack, monitor: MonitorBase, resources: Any
) -> None:
    alarms = MetricAlarms(
        stack,
        "Alarms",
        watches=[
            Watch.above("Age", monitor.metric_drift("age"), {"Warning": 0.1, "Critical": 0.3}),
            Watch.below(
                "City",
                monitor.metric_completeness("city"),
                {"Critical": 0.9},
                evaluation_periods=2,
                description="city is missing",
            ),
        ],
    )

    found = {one["AlarmDescription"]: one for one in resources("AWS::CloudWatch::Alarm")}
    assert set(found) == {"Warning: Age", "Critical: Age", "Critical: city is missing"}
    assert found["Critical: Age"]["Threshold"] == 0.3
    assert found["Critical: Age"]["ComparisonOperator"] == "GreaterThanThreshold"
    assert found["Critical: city is missing"]["ComparisonOperator"] == "LessThanThreshold"
    assert found["Critical: city is missing"]["EvaluationPeriods"] == 2
    assert {one["TreatMissingData"] for one in found.values()} == {"notBreaching"}
    assert [alarm.node.path for alarm in alarms.of_severity("Critical")] == [
        "S/Alarms/Age/Critical",
        "S/Alarms/City/Critical",
    ]


def test_people_are_told_and_the_key_of_their_topic_lets_cloudwatch(
    stack: cdk.Stack, monitor: MonitorBase
) -> None:
    topic = sns.Topic(stack, "Topic", master_key=kms.Key(stack, "TopicKey"))

    MetricAlarms(
        stack,
        "Alarms",
        watches=[Watch.above("Age", monitor.metric_drift("age"), {"Warning": 0.1})],
        actions={"Warning": [AlarmAction.notify(topic)]},
    )

    template = Template.from_stack(stack)
    arn = stack.resolve(topic.topic_arn)
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm", {"AlarmActions": [arn], "OKActions": [arn]}
    )
    template.has_resource_properties(
        "AWS::KMS::Key",
        {
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                                "Condition": {
                                    "StringEquals": {"aws:SourceAccount": "111111111111"}
                                },
                            }
                        )
                    ]
                )
            }
        },
    )


def test_complaint_13_drift_starts_retraining_and_people_hear_of_it(
    stack: cdk.Stack, define: Define, pipeline: codepipeline.IPipeline
) -> None:
    """Peers make an alarm that nothing listens to, or a rule that may not start the pipeline."""
    drift = define(DriftMonitor)
    topic = sns.Topic(stack, "Topic")

    alarms = MetricAlarms(
        stack,
        "Alarms",
        watches=[Watch.above("Age", drift.metric_drift("age"), {"Critical": 0.3})],
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
    assert target["Arn"] == PIPELINE_ARN
    # What could not be started is kept, and the role may start exactly this pipeline.
    assert "DeadLetterConfig" in target
    role_id = target["RoleArn"]["Fn::GetAtt"][0]
    role = template.to_json()["Resources"][role_id]["Properties"]
    policies = [
        template.to_json()["Resources"][one["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
        for one in role["ManagedPolicyArns"]
    ]
    assert policies == [
        [
            {
                "Action": "codepipeline:StartPipelineExecution",
                "Effect": "Allow",
                "Resource": PIPELINE_ARN,
            }
        ]
    ]
    assert not template.find_resources("AWS::IAM::Policy")


def test_a_sagemaker_pipeline_is_started_with_parameters(
    stack: cdk.Stack, monitor: MonitorBase
) -> None:
    training = sagemaker.CfnPipeline(
        stack,
        "Training",
        pipeline_name="churn-train",
        pipeline_definition={"PipelineDefinitionBody": "{}"},
        role_arn="arn:aws:iam::111111111111:role/training",
    )

    MetricAlarms(
        stack,
        "Alarms",
        watches=[Watch.above("Age", monitor.metric_drift("age"), {"Critical": 0.3})],
        actions={
            "Critical": [
                Retraining.with_sagemaker_pipeline(training, parameters={"Reason": "drift"})
            ]
        },
    )

    template = Template.from_stack(stack)
    ((_, rule),) = template.find_resources("AWS::Events::Rule").items()
    (target,) = rule["Properties"]["Targets"]
    assert target["SageMakerPipelineParameters"] == {
        "PipelineParameterList": [{"Name": "Reason", "Value": "drift"}]
    }
    arn = json.dumps(target["Arn"])
    assert ":sagemaker:eu-west-1:111111111111:pipeline/" in arn
    policies = json.dumps(template.find_resources("AWS::IAM::ManagedPolicy"))
    assert policies.count("sagemaker:StartPipelineExecution") == 1
    assert arn in policies
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


def test_an_event_goes_to_any_target(
    stack: cdk.Stack, monitor: MonitorBase, resources: Any
) -> None:
    topic = sns.Topic(stack, "Topic")

    MetricAlarms(
        stack,
        "Alarms",
        watches=[Watch.above("Age", monitor.metric_drift("age"), {"Warning": 0.1})],
        actions={"Warning": [AlarmAction.send_event(targets.SnsTopic(topic))]},
    )

    (rule,) = resources("AWS::Events::Rule")
    assert rule["Targets"][0]["Arn"] == stack.resolve(topic.topic_arn)


def test_a_strategy_of_ones_own_is_bound(stack: cdk.Stack, monitor: MonitorBase) -> None:
    bound = []

    class Remember(AlarmAction):
        def bind(self, scope: Any, alarm: cloudwatch.Alarm) -> None:
            bound.append((scope.node.path, alarm.node.path))

    MetricAlarms(
        stack,
        "Alarms",
        watches=[Watch.above("Age", monitor.metric_drift("age"), {"Warning": 0.1})],
        actions={"Warning": [Remember()]},
    )

    assert bound == [("S/Alarms/Age/Warning/Action1", "S/Alarms/Age/Warning")]


def test_alarms_without_meaning_are_refused(stack: cdk.Stack, monitor: MonitorBase) -> None:
    drift = monitor.metric_drift("age")
    topic = sns.Topic(stack, "Topic")

    with pytest.raises(ValueError) as refusal:
        MetricAlarms(
            stack,
            "Alarms",
            watches=[
                Watch.above("Age", drift, {"Warning": 0.1}, evaluation_periods=0),
                Watch.above("Age", drift, {}),
            ],
            actions={"Fatal": [AlarmAction.notify(topic)]},
        )
    with pytest.raises(ValueError, match="watches: got none"):
        MetricAlarms(stack, "None", watches=[])

    text = str(refusal.value)
    assert "watch Age: got 2 of this name; allowed is one" in text
    assert "watch Age: got no thresholds" in text
    assert "watch Age evaluation_periods: got 0" in text
    assert (
        "got the severity 'Fatal', for which nothing has a threshold; allowed are Warning" in text
    )


def test_an_endpoint_is_watched_in_the_units_of_its_metrics(
    stack: cdk.Stack, endpoint: EndpointBase, resources: Any
) -> None:
    EndpointAlarms(
        stack,
        "Alarms",
        endpoint=endpoint,
        thresholds={
            "Warning": EndpointThresholds(
                client_error_share=0.2, latency=cdk.Duration.millis(300), cpu_utilization=350
            ),
            "Critical": EndpointThresholds(
                server_error_share=0.2, memory_utilization=None, disk_utilization=None
            ),
        },
        minutes=15,
    )

    found = {
        (one["MetricName"], one["AlarmDescription"].split(":")[0]): one
        for one in resources("AWS::CloudWatch::Alarm")
    }
    assert {name: one["Threshold"] for name, one in found.items()} == {
        ("Invocation5XXErrors", "Warning"): 0.05,
        ("Invocation5XXErrors", "Critical"): 0.2,
        ("Invocation4XXErrors", "Warning"): 0.2,
        ("ModelLatency", "Warning"): 300_000,
        ("CPUUtilization", "Warning"): 350,
        ("MemoryUtilization", "Warning"): 90,
        ("DiskUtilization", "Warning"): 90,
    }
    errors = found["Invocation5XXErrors", "Warning"]
    assert (errors["Namespace"], errors["Statistic"]) == ("AWS/SageMaker", "Average")
    assert (errors["EvaluationPeriods"], errors["Period"]) == (3, 300)
    assert found["ModelLatency", "Warning"]["ExtendedStatistic"] == "p99"
    disk = found["DiskUtilization", "Warning"]
    assert disk["Namespace"] == "/aws/sagemaker/Endpoints"
    assert {one["Name"]: one["Value"] for one in disk["Dimensions"]} == {
        "EndpointName": "churn-prod",
        "VariantName": "AllTraffic",
    }


def test_thresholds_without_meaning_are_refused(stack: cdk.Stack, endpoint: EndpointBase) -> None:
    nothing = EndpointThresholds(
        server_error_share=None, memory_utilization=None, disk_utilization=None
    )

    with pytest.raises(ValueError) as refusal:
        EndpointAlarms(
            stack,
            "Alarms",
            endpoint=endpoint,
            thresholds={
                "Warning": EndpointThresholds(server_error_share=5, memory_utilization=100),
                "Critical": nothing,
            },
            minutes=7,
        )
    with pytest.raises(ValueError, match="thresholds: got no severity"):
        EndpointAlarms(stack, "None", endpoint=endpoint, thresholds={})

    text = str(refusal.value)
    assert "Warning server_error_share: got 5; allowed is a part of the requests" in text
    assert "Warning memory_utilization: got 100; allowed are percent" in text
    assert "Critical: got no threshold" in text
    assert "minutes: got 7; allowed are multiples of 5" in text


def test_a_dashboard_shows_traffic_errors_latency_capacity_drift_and_cost(
    stack: cdk.Stack, endpoint: EndpointBase, monitor: MonitorBase, resources: Any
) -> None:
    alarms = EndpointAlarms(stack, "Alarms", endpoint=endpoint)

    EndpointDashboard(
        stack,
        "Dashboard",
        endpoint=endpoint,
        monitors=[
            WatchedMonitor(title="Drift", metrics=[monitor.metric_drift("age")], threshold=0.1)
        ],
        alarms=[alarms],
        instance_price=0.115,
    )

    (dashboard,) = resources("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard["DashboardBody"]).replace("\\", "")
    for shown in (
        '"title":"Traffic"',
        '"title":"Errors"',
        '"title":"Latency in microseconds"',
        '"title":"Capacity in percent"',
        '"title":"Drift"',
        "feature_baseline_drift_age",
        '"type":"alarm"',
        "minutes / 60 * 0.115",
        "US dollars",
    ):
        assert shown in body


def test_without_a_price_hours_are_shown(
    stack: cdk.Stack, endpoint: EndpointBase, resources: Any
) -> None:
    EndpointDashboard(stack, "Dashboard", endpoint=endpoint)

    (dashboard,) = resources("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard["DashboardBody"])
    assert "hours of instances" in body
    assert "US dollars" not in body


def test_a_dashboard_without_meaning_is_refused(stack: cdk.Stack, endpoint: EndpointBase) -> None:
    with pytest.raises(ValueError) as refusal:
        EndpointDashboard(
            stack,
            "Dashboard",
            endpoint=endpoint,
            monitors=[WatchedMonitor(title="Empty", metrics=[])],
            instance_price=0,
        )

    assert "monitor 'Empty': got 0 metrics; allowed are 1 to 500" in str(refusal.value)
    assert "instance_price: got 0; allowed is more than 0 US dollars" in str(refusal.value)
