"""Alarms of any metric by severity, and what they do."""

import json
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from mlops_constructs.monitoring import (
    AlarmAction,
    MetricAlarms,
    MetricThresholds,
    MonitorBase,
)


def test_each_severity_has_an_alarm_of_its_own(
    stack: cdk.Stack, monitor: MonitorBase, resources: Any
) -> None:
    alarms = MetricAlarms(
        stack,
        "Alarms",
        thresholds=[
            MetricThresholds.above(
                "Age", monitor.metric_drift("age"), {"Warning": 0.1, "Critical": 0.3}
            ),
            MetricThresholds.below(
                "City",
                monitor.metric_completeness("city"),
                {"Critical": 0.9},
                evaluation_periods=3,
                datapoints_to_alarm=2,
                description="city is missing",
            ),
        ],
    )

    found = {one["AlarmDescription"]: one for one in resources("AWS::CloudWatch::Alarm")}
    assert set(found) == {"Warning: Age", "Critical: Age", "Critical: city is missing"}
    assert found["Critical: Age"]["Threshold"] == 0.3
    assert found["Critical: Age"]["ComparisonOperator"] == "GreaterThanThreshold"
    assert found["Critical: city is missing"]["ComparisonOperator"] == "LessThanThreshold"
    assert found["Critical: city is missing"]["EvaluationPeriods"] == 3
    assert found["Critical: city is missing"]["DatapointsToAlarm"] == 2
    assert "DatapointsToAlarm" not in found["Critical: Age"]
    assert {one["TreatMissingData"] for one in found.values()} == {"notBreaching"}
    assert [alarm.node.path for alarm in alarms.of_severity("Critical")] == [
        "S/Alarms/Age/Critical",
        "S/Alarms/City/Critical",
    ]


def test_a_topic_is_notified_and_its_key_allows_cloudwatch(
    stack: cdk.Stack, monitor: MonitorBase
) -> None:
    topic = sns.Topic(stack, "Topic", master_key=kms.Key(stack, "TopicKey"))

    MetricAlarms(
        stack,
        "Alarms",
        thresholds=[MetricThresholds.above("Age", monitor.metric_drift("age"), {"Warning": 0.1})],
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


def test_an_event_goes_to_any_target(
    stack: cdk.Stack, monitor: MonitorBase, resources: Any
) -> None:
    topic = sns.Topic(stack, "Topic")

    MetricAlarms(
        stack,
        "Alarms",
        thresholds=[MetricThresholds.above("Age", monitor.metric_drift("age"), {"Warning": 0.1})],
        actions={"Warning": [AlarmAction.send_event(targets.SnsTopic(topic))]},
    )

    (rule,) = resources("AWS::Events::Rule")
    assert rule["Targets"][0]["Arn"] == stack.resolve(topic.topic_arn)


def test_every_alarm_is_in_a_rule_whose_pattern_eventbridge_takes(
    stack: cdk.Stack, monitor: MonitorBase, resources: Any
) -> None:
    alarms = MetricAlarms(
        stack,
        "Alarms",
        thresholds=[
            MetricThresholds.above(
                f"F{number}", monitor.metric_drift(f"f{number}"), {"Warning": 0.1}
            )
            for number in range(13)
        ],
        actions={"Warning": [AlarmAction.send_event(targets.SnsTopic(sns.Topic(stack, "T")))]},
    )

    patterns = [rule["EventPattern"] for rule in resources("AWS::Events::Rule")]
    named = [arn["Fn::GetAtt"][0] for pattern in patterns for arn in pattern["resources"]]
    arns = [stack.resolve(alarm.alarm_arn) for alarm in alarms.of_severity("Warning")]
    assert sorted(named) == sorted(arn["Fn::GetAtt"][0] for arn in arns)
    longest = "arn:aws:cloudwatch:ap-southeast-1:111111111111:alarm:" + "x" * 255
    for pattern in patterns:
        filled = {**pattern, "resources": [longest] * len(pattern["resources"])}
        assert len(json.dumps(filled)) <= 2048


def test_a_custom_action_is_bound(stack: cdk.Stack, monitor: MonitorBase) -> None:
    bound = []

    class Remember(AlarmAction):
        def bind(self, scope: Any, alarms: Sequence[cloudwatch.Alarm]) -> None:
            bound.append((scope.node.path, [alarm.node.path for alarm in alarms]))

    MetricAlarms(
        stack,
        "Alarms",
        thresholds=[
            MetricThresholds.above(name, monitor.metric_drift(name), {"Warning": 0.1})
            for name in ("Age", "City")
        ],
        actions={"Warning": [Remember()]},
    )

    assert bound == [("S/Alarms/WarningAction1", ["S/Alarms/Age/Warning", "S/Alarms/City/Warning"])]


def test_alarms_without_meaning_are_rejected(stack: cdk.Stack, monitor: MonitorBase) -> None:
    drift = monitor.metric_drift("age")
    topic = sns.Topic(stack, "Topic")

    with pytest.raises(ValueError) as error:
        MetricAlarms(
            stack,
            "Alarms",
            thresholds=[
                MetricThresholds.above("Age", drift, {"Warning": 0.1}, evaluation_periods=0),
                MetricThresholds.above("Age", drift, {}),
                MetricThresholds.above("City", drift, {"Warning": 1}, datapoints_to_alarm=2),
                MetricThresholds.above(
                    "Days",
                    monitor.metric_drift("days", period=cdk.Duration.days(1)),
                    {"Warning": 1},
                    evaluation_periods=8,
                ),
                MetricThresholds.above(
                    "Minutes",
                    monitor.metric_drift("minutes", period=cdk.Duration.minutes(5)),
                    {"Warning": 1},
                    evaluation_periods=289,
                ),
            ],
            actions={"Fatal": [AlarmAction.notify(topic)]},
        )
    with pytest.raises(ValueError, match="thresholds: got none"):
        MetricAlarms(stack, "None", thresholds=[])

    text = str(error.value)
    assert "thresholds Age: got 2 of this name; allowed is one" in text
    assert "thresholds Age: got no thresholds" in text
    assert "thresholds Age evaluation_periods: got 0" in text
    assert "thresholds City datapoints_to_alarm: got 2; allowed are 1 to 1" in text
    assert "Days evaluation_periods: got 8 of 86400 seconds; allowed are 604800 seconds" in text
    assert "Minutes evaluation_periods: got 289 of 300 seconds; allowed are 86400" in text
    assert "got the severity 'Fatal', which has no thresholds; allowed are Warning" in text


def test_alarms_have_given_names_and_one_that_combines_them(
    stack: cdk.Stack, monitor: MonitorBase
) -> None:
    MetricAlarms(
        stack,
        "Alarms",
        thresholds=[
            MetricThresholds.above(name, monitor.metric_drift(name), {"Harm": 0.1})
            for name in ("age", "balance")
        ],
        actions={"Harm": [AlarmAction.combine("churn-prod-drift-retrain")]},
        alarm_name_prefix="churn-prod-drift",
    )

    template = Template.from_stack(stack)
    names = {
        alarm["Properties"]["AlarmName"]
        for alarm in template.find_resources("AWS::CloudWatch::Alarm").values()
    }
    assert names == {"churn-prod-drift-age-harm", "churn-prod-drift-balance-harm"}
    (combined,) = template.find_resources("AWS::CloudWatch::CompositeAlarm").values()
    assert combined["Properties"]["AlarmName"] == "churn-prod-drift-retrain"
    assert "AlarmActions" not in combined["Properties"]
    rule = json.dumps(combined["Properties"]["AlarmRule"])
    assert rule.count("ALARM(") == 2
    assert "OR" in rule


def test_more_alarms_than_a_composite_alarm_has_children_are_rejected(
    stack: cdk.Stack, monitor: MonitorBase
) -> None:
    with pytest.raises(ValueError, match="combine: got 101 alarms of one severity; allowed"):
        MetricAlarms(
            stack,
            "Alarms",
            thresholds=[
                MetricThresholds.above(f"f{one}", monitor.metric_drift(f"f{one}"), {"Harm": 0.1})
                for one in range(101)
            ],
            actions={"Harm": [AlarmAction.combine("churn-prod-drift-retrain")]},
        )
