"""Both monitors have the same metrics and events for alarms, dashboards and retraining."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from mlops_constructs.monitoring import (
    ModelMonitor,
    MonitorBase,
    MonitoringFrequency,
    MonitoringJob,
    MonitoringOutput,
    MonitoringType,
)
from tests.constructs.monitoring.conftest import Define, Kind, both

OF_DRIFT_MONITORS = "MLOps/DriftMonitor"
OF_AWS = {
    "DATA_QUALITY": "aws/sagemaker/Endpoints/data-metrics",
    "MODEL_QUALITY": "aws/sagemaker/Endpoints/model-metrics",
    "MODEL_BIAS": "aws/sagemaker/Endpoints/bias-metrics",
    "MODEL_EXPLAINABILITY": "aws/sagemaker/Endpoints/explainability-metrics",
}


def namespace(kind: Kind, analysis: str) -> str:
    """Returns the namespace: CloudWatch reserves AWS's namespaces for AWS services."""
    return OF_AWS[analysis] if kind is ModelMonitor else OF_DRIFT_MONITORS


@both
@pytest.mark.parametrize("analysis", OF_AWS)
def test_every_question_can_be_asked_of_either(
    kind: Kind, analysis: str, define: Define, monitoring_types: dict[str, MonitoringType]
) -> None:
    monitor = define(
        kind,
        monitoring_type=monitoring_types[analysis],
        frequency=MonitoringFrequency.daily(at_hour=5),
    )

    assert isinstance(monitor, MonitorBase)
    assert monitor.namespace == namespace(kind, analysis)
    assert monitor.dimensions == {
        "Endpoint": "churn-prod",
        "MonitoringSchedule": monitor.monitor_name,
    }
    assert monitor.hours == 24
    assert monitor.reports_uri == (
        f"s3://churn-artifacts/reports/churn-prod/{monitor.monitor_name}"
    )


@both
def test_metrics_of_drift_are_those_of_the_monitor(kind: Kind, define: Define) -> None:
    monitor = define(kind)

    drift = monitor.metric_drift("age", label="age")

    assert (drift.namespace, drift.metric_name) == (
        namespace(kind, "DATA_QUALITY"),
        "feature_baseline_drift_age",
    )
    assert drift.dimensions == monitor.dimensions
    assert (drift.statistic, drift.label) == ("Maximum", "age")
    assert drift.period.to_hours() == 1
    assert monitor.metric_completeness("age").metric_name == "feature_non_null_age"
    assert monitor.metric("feature_data_age", statistic="Average").statistic == "Average"


@both
def test_one_metric_is_the_drift_of_all_features(kind: Kind, define: Define) -> None:
    monitor = define(kind)

    drift = monitor.metric_greatest_drift()

    assert drift.metric_name == "greatest_feature_baseline_drift"  # of data_quality.py in the seed
    assert (drift.statistic, drift.namespace) == ("Maximum", monitor.namespace)
    assert drift.dimensions == monitor.dimensions


def test_the_prebuilt_image_publishes_no_drift_of_all_features(define: Define) -> None:
    monitor = define(ModelMonitor, image=None)

    with pytest.raises(ValueError, match="metric_greatest_drift: AWS's prebuilt image"):
        monitor.metric_greatest_drift()


@both
@pytest.mark.parametrize("hours", [1, 6, 24])
def test_a_monitor_that_falls_silent_is_noticed(
    kind: Kind, hours: int, define: Define, resources: Any
) -> None:
    """The other alarms take no data for no drift."""
    monitor = define(kind, frequency=MonitoringFrequency.every(hours=hours))

    monitor.silence_alarm("Silent")

    (alarm,) = resources("AWS::CloudWatch::Alarm")
    assert (alarm["MetricName"], alarm["Namespace"]) == ("completed_runs", monitor.namespace)
    assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]} == dict(monitor.dimensions)
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["Statistic"] == "SampleCount"
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 2 * hours * 3600


def test_silence_of_a_monitor_with_the_prebuilt_image_needs_one_of_its_metrics(
    define: Define, resources: Any
) -> None:
    monitor = define(ModelMonitor, image=None)
    with pytest.raises(ValueError, match="prebuilt image does not count its runs; give a metric"):
        monitor.silence_alarm("Unknown")

    monitor.silence_alarm(
        "Silent",
        metric=monitor.metric_completeness("age"),
        max_silence=cdk.Duration.hours(5),
    )

    (alarm,) = resources("AWS::CloudWatch::Alarm")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("feature_non_null_age", "SampleCount")
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, 5)


@both
def test_a_silence_that_cloudwatch_cannot_evaluate_is_rejected(kind: Kind, define: Define) -> None:
    with pytest.raises(ValueError, match="max_silence: got 691200 seconds; allowed are whole"):
        define(kind).silence_alarm("Silent", max_silence=cdk.Duration.days(8))


@both
def test_metrics_of_other_questions_have_their_own_dimensions(
    kind: Kind,
    stack: cdk.Stack,
    settings: dict[str, Any],
    monitoring_types: dict[str, MonitoringType],
) -> None:
    given = {**settings, "frequency": MonitoringFrequency.daily()}
    monitors = {
        analysis: kind(stack, analysis, **{**given, "monitoring_type": monitoring_type})
        for analysis, monitoring_type in monitoring_types.items()
    }

    quality = monitors["MODEL_QUALITY"].metric_quality("auc")
    bias = monitors["MODEL_BIAS"].metric_bias("DPPL", dimensions={"Facet": "sex"})
    attribution = monitors["MODEL_EXPLAINABILITY"].metric_attribution("age")

    assert (quality.metric_name, quality.namespace) == ("auc", namespace(kind, "MODEL_QUALITY"))
    assert bias.metric_name == "bias_metric_DPPL"
    assert (bias.dimensions or {})["Facet"] == "sex"
    assert attribution.metric_name == "feature_age"
    assert (attribution.dimensions or {})["ValueType"] == "GlobalShapValues"


@both
def test_a_metric_of_another_question_is_rejected(kind: Kind, define: Define) -> None:
    with pytest.raises(
        ValueError, match="the metric auc of MODEL_QUALITY; allowed are metrics of DATA"
    ):
        define(kind).metric_quality("auc")


@both
def test_metrics_may_be_elsewhere(kind: Kind, define: Define, bucket: s3.IBucket) -> None:
    monitoring_output = MonitoringOutput.to_bucket(
        bucket, namespace="/aws/sagemaker/Endpoints/data-metric"
    )

    assert (
        define(kind, monitoring_output=monitoring_output).namespace
        == "/aws/sagemaker/Endpoints/data-metric"
    )


@both
def test_violations_and_failures_are_events(
    kind: Kind, define: Define, stack: cdk.Stack, resources: Any
) -> None:
    monitor = define(kind)
    target = targets.SnsTopic(sns.Topic(stack, "Topic"))

    monitor.on_violation("Violation", target=target)
    monitor.on_failure("Failure")

    violation, failure = (
        rule["EventPattern"]
        for rule in sorted(resources("AWS::Events::Rule"), key=lambda rule: "Targets" not in rule)
    )
    assert violation["source"] == failure["source"] == ["aws.sagemaker"]
    assert violation["detail"]["ExitMessage"] == [{"prefix": "CompletedWithViolations"}]
    assert failure["detail"]["ProcessingJobStatus"] == ["Failed", "Stopped"]
    runs = {
        name: value
        for name, value in violation["detail"].items()
        if name in ("MonitoringScheduleArn", "ProcessingJobName")
    }
    assert monitor.monitor_name in json.dumps(runs)
    assert runs.items() <= failure["detail"].items()


@both
def test_an_imported_monitor_has_the_same_metrics_and_events(kind: Kind, stack: cdk.Stack) -> None:
    monitor = kind.from_monitor_name(
        stack, "Known", "churn-quality", analysis_type="MODEL_QUALITY", endpoint_name="churn"
    )

    metric = monitor.metric_quality("f1")
    monitor.on_violation("Violation")

    assert metric.dimensions == {"Endpoint": "churn", "MonitoringSchedule": "churn-quality"}
    assert metric.namespace == namespace(kind, "MODEL_QUALITY")
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Events::Rule", 1)
    assert len(template.to_json()["Resources"]) == 1
    with pytest.raises(ValueError, match="got 'LUCK'; allowed are DATA_QUALITY, MODEL_QUALITY"):
        kind.from_monitor_name(stack, "Luck", "x", analysis_type="LUCK")


@both
def test_a_run_may_do_what_it_needs_and_no_more(
    kind: Kind, define: Define, monitoring_types: dict[str, MonitoringType], resources: Any
) -> None:
    define(
        kind,
        monitoring_type=monitoring_types["MODEL_QUALITY"],
        frequency=MonitoringFrequency.daily(),
    )

    (policy,) = (
        one for one in resources("AWS::IAM::ManagedPolicy") if "traffic" in one["Description"]
    )
    statements = policy["PolicyDocument"]["Statement"]
    listed = json.dumps(statements)
    writes = [one for one in statements if one["Action"] == "s3:PutObject"]
    assert [json.dumps(one["Resource"]).count("/reports/*") for one in writes] == [1]
    for part in ("/capture/*", "/labels/*", "baseline/constraints.json"):
        assert part in listed
    (metrics,) = (one for one in statements if one["Action"] == "cloudwatch:PutMetricData")
    namespaces = metrics["Condition"]["StringEquals"]["cloudwatch:namespace"]
    assert namespace(kind, "MODEL_QUALITY") in namespaces
    assert "s3:DeleteObject" not in listed
    assert "ec2:CreateNetworkInterface" not in listed


@both
def test_a_custom_role_is_used(kind: Kind, define: Define, stack: cdk.Stack) -> None:
    role = cdk.aws_iam.Role.from_role_name(stack, "Own", "monitoring")

    monitor = define(kind, job=MonitoringJob(role=role))

    assert monitor.role is role
    roles = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    assert not [one for one in roles.values() if "sagemaker.amazonaws" in json.dumps(one)]
