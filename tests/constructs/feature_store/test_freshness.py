"""The alarm on a group without new records."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs.feature_store import FeatureGroup

from .conftest import properties

ALARM = "AWS::CloudWatch::Alarm"


def alarm(stack: cdk.Stack, silence: cdk.Duration) -> cloudwatch.Alarm:
    group = FeatureGroup.from_feature_group_name(stack, "Group", "Customers")
    return group.freshness_alarm("Stale", max_silence=silence)


@pytest.mark.parametrize(
    ("silence", "period", "periods"),
    [
        (cdk.Duration.days(7), 3600, 168),
        (cdk.Duration.hours(26), 3600, 26),
        (cdk.Duration.hours(1), 3600, 1),
        (cdk.Duration.minutes(90), 300, 18),
        (cdk.Duration.minutes(5), 300, 1),
    ],
)
def test_a_group_is_stale_when_all_periods_of_the_silence_are_without_records(
    stack: cdk.Stack, silence: cdk.Duration, period: int, periods: int
) -> None:
    alarm(stack, silence)

    found = properties(stack, ALARM)
    assert (found["EvaluationPeriods"], found["Threshold"]) == (periods, 1)
    assert found["ComparisonOperator"] == "LessThanThreshold"
    assert found["TreatMissingData"] == "breaching"
    assert found["AlarmDescription"] == "Customers: no records are written"
    metrics = {one["Id"]: one for one in found["Metrics"]}
    written = metrics.pop("expr_1")
    assert written["Expression"] == "FILL(invocations, 0) - FILL(rejected, 0) - FILL(failed, 0)"
    assert [one["MetricStat"]["Metric"]["MetricName"] for one in metrics.values()] == [
        "Invocations",
        "Operation4XXErrors",
        "Operation5XXErrors",
    ]
    for one in metrics.values():
        assert one["MetricStat"]["Stat"] == "Sum"
        assert one["MetricStat"]["Period"] == period
        assert one["MetricStat"]["Metric"]["Dimensions"] == [
            {"Name": "FeatureGroupName", "Value": "Customers"},
            {"Name": "OperationName", "Value": "PutRecord"},
        ]


@pytest.mark.parametrize(
    "silence",
    [
        cdk.Duration.days(8),
        cdk.Duration.minutes(25 * 60 + 5),
        cdk.Duration.minutes(7),
        cdk.Duration.minutes(0),
    ],
)
def test_a_silence_that_cloudwatch_cannot_evaluate_is_rejected(
    stack: cdk.Stack, silence: cdk.Duration
) -> None:
    with pytest.raises(ValueError, match="allowed are whole hours up to 7 days, and up to a day"):
        alarm(stack, silence)
