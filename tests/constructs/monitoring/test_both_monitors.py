"""Alarms, dashboards and retraining do not care who runs a monitor: both answer the same."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from mlops_constructs.hosting import (
    DataCapture,
    Endpoint,
    EndpointBase,
    Model,
    ModelSource,
    RealTimeVariant,
    ServerlessVariant,
)
from mlops_constructs.monitoring import (
    Baseline,
    DriftMonitor,
    GroundTruth,
    ModelMonitor,
    MonitorBase,
    MonitoredData,
    MonitoringFrequency,
    MonitoringImage,
    MonitoringJob,
    MonitoringNetwork,
    MonitoringQuestion,
    Reports,
)
from tests.constructs.monitoring.conftest import Define, stack_in

both = pytest.mark.parametrize("kind", [DriftMonitor, ModelMonitor])
Kind = type[DriftMonitor] | type[ModelMonitor]
NAMESPACES = {
    "DATA_QUALITY": "aws/sagemaker/Endpoints/data-metrics",
    "MODEL_QUALITY": "aws/sagemaker/Endpoints/model-metrics",
    "MODEL_BIAS": "aws/sagemaker/Endpoints/bias-metrics",
    "MODEL_EXPLAINABILITY": "aws/sagemaker/Endpoints/explainability-metrics",
}


@both
@pytest.mark.parametrize("analysis", NAMESPACES)
def test_every_question_can_be_asked_of_either(
    kind: Kind, analysis: str, define: Define, questions: dict[str, MonitoringQuestion]
) -> None:
    monitor = define(
        kind, question=questions[analysis], frequency=MonitoringFrequency.daily(at_hour=5)
    )

    assert isinstance(monitor, MonitorBase)
    assert monitor.namespace == NAMESPACES[analysis]
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
        NAMESPACES["DATA_QUALITY"],
        "feature_baseline_drift_age",
    )
    assert drift.dimensions == monitor.dimensions
    assert (drift.statistic, drift.label) == ("Maximum", "age")
    assert drift.period.to_hours() == 1
    assert monitor.metric_completeness("age").metric_name == "feature_non_null_age"
    assert monitor.metric("feature_data_age", statistic="Average").statistic == "Average"


@both
def test_metrics_of_other_questions_have_their_own_dimensions(
    kind: Kind, stack: cdk.Stack, settings: dict[str, Any], questions: dict[str, MonitoringQuestion]
) -> None:
    given = {**settings, "frequency": MonitoringFrequency.daily()}
    monitors = {
        analysis: kind(stack, analysis, **{**given, "question": question})
        for analysis, question in questions.items()
    }

    quality = monitors["MODEL_QUALITY"].metric_quality("auc")
    bias = monitors["MODEL_BIAS"].metric_bias("DPPL", dimensions={"Facet": "sex"})
    attribution = monitors["MODEL_EXPLAINABILITY"].metric_attribution("age")

    assert (quality.metric_name, quality.namespace) == ("auc", NAMESPACES["MODEL_QUALITY"])
    assert bias.metric_name == "bias_metric_DPPL"
    assert (bias.dimensions or {})["Facet"] == "sex"
    assert attribution.metric_name == "feature_age"
    assert (attribution.dimensions or {})["ValueType"] == "GlobalShapValues"


@both
def test_a_metric_of_another_question_is_refused(kind: Kind, define: Define) -> None:
    with pytest.raises(ValueError, match="the metric auc of MODEL_QUALITY; the monitor asks DATA"):
        define(kind).metric_quality("auc")


@both
def test_metrics_may_be_elsewhere(kind: Kind, define: Define, bucket: s3.IBucket) -> None:
    reports = Reports.to_bucket(bucket, namespace="/aws/sagemaker/Endpoints/data-metric")

    assert define(kind, reports=reports).namespace == "/aws/sagemaker/Endpoints/data-metric"


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
def test_an_imported_monitor_answers_the_same(kind: Kind, stack: cdk.Stack) -> None:
    monitor = kind.from_monitor_name(
        stack, "Known", "churn-quality", analysis_type="MODEL_QUALITY", endpoint_name="churn"
    )

    metric = monitor.metric_quality("f1")
    monitor.on_violation("Violation")

    assert metric.dimensions == {"Endpoint": "churn", "MonitoringSchedule": "churn-quality"}
    assert metric.namespace == NAMESPACES["MODEL_QUALITY"]
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Events::Rule", 1)
    assert len(template.to_json()["Resources"]) == 1
    with pytest.raises(ValueError, match="got 'LUCK'; allowed are DATA_QUALITY, MODEL_QUALITY"):
        kind.from_monitor_name(stack, "Luck", "x", analysis_type="LUCK")


@both
def test_a_run_may_do_what_it_needs_and_no_more(
    kind: Kind, define: Define, questions: dict[str, MonitoringQuestion], resources: Any
) -> None:
    define(
        kind,
        question=questions["MODEL_QUALITY"],
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
    assert NAMESPACES["MODEL_QUALITY"] in namespaces
    assert "s3:DeleteObject" not in listed
    assert "ec2:CreateNetworkInterface" not in listed


@both
def test_a_role_of_ones_own_is_used(kind: Kind, define: Define, stack: cdk.Stack) -> None:
    role = cdk.aws_iam.Role.from_role_name(stack, "Own", "monitoring")

    monitor = define(kind, job=MonitoringJob(role=role))

    assert monitor.role is role
    roles = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    assert not [one for one in roles.values() if "sagemaker.amazonaws" in json.dumps(one)]


@both
def test_every_problem_is_told_at_once(
    kind: Kind, define: Define, bucket: s3.IBucket, endpoint: EndpointBase
) -> None:
    with pytest.raises(ValueError) as refusal:
        define(
            kind,
            question=MonitoringQuestion.model_quality(
                problem_type="Guess",
                ground_truth=GroundTruth.in_bucket(
                    bucket, prefix="/labels", delay=cdk.Duration.minutes(90)
                ),
                probability_threshold=2,
            ),
            data=MonitoredData.of_endpoint(
                endpoint, capture_bucket=bucket, capture_prefix="capture/"
            ),
            reports=Reports.to_bucket(bucket, prefix="", namespace="AWS/Mine"),
            baseline=Baseline.from_files(bucket, constraints_key="baseline/"),
            frequency=MonitoringFrequency.every(hours=5, first_hour=24),
            job=MonitoringJob(
                instance_type="m5.large", volume_size_in_gb=0, maximum_runtime=cdk.Duration.days(2)
            ),
        )

    text = str(refusal.value)
    assert text.startswith(f"{kind.__name__} S/Monitor cannot be defined:")
    for problem in (
        "problem_type: got 'Guess'; allowed are BinaryClassification",
        "probability_threshold: got 2; allowed are 0 to 1",
        "ground truth prefix: got '/labels'",
        "ground truth delay: got 1 hour 30 minutes; allowed are whole hours",
        "monitored data prefix: got 'capture/'",
        "reports prefix: got ''",
        "reports namespace: got 'AWS/Mine'",
        "baseline constraints_key: got 'baseline/'",
        "frequency hours: got 5; allowed are 1, 2, 3, 4, 6, 8, 12 and 24",
        "frequency first hour: got 24",
        "job instance_type: got 'm5.large'",
        "job volume_size_in_gb: got 0",
        "job maximum_runtime: got 172800 seconds; allowed are 1 to 86400",
    ):
        assert problem in text


@both
def test_a_key_is_refused_where_it_would_not_encrypt_local_disks(
    kind: Kind, define: Define
) -> None:
    with pytest.raises(ValueError, match=r"got ml\.m5d\.large with an encryption key"):
        define(kind, job=MonitoringJob(instance_type="ml.m5d.large"))


@both
@pytest.mark.parametrize(
    ("analysis", "minutes", "allowed"), [("DATA_QUALITY", 61, 3600), ("MODEL_QUALITY", 31, 1800)]
)
def test_an_hourly_run_ends_before_the_next(
    kind: Kind,
    analysis: str,
    minutes: int,
    allowed: int,
    define: Define,
    questions: dict[str, MonitoringQuestion],
) -> None:
    job = MonitoringJob(maximum_runtime=cdk.Duration.minutes(minutes))

    with pytest.raises(ValueError, match=f"allowed are 1 to {allowed} for runs every 1 hours"):
        define(kind, question=questions[analysis], job=job)


@both
def test_data_quality_compares_with_statistics(
    kind: Kind, define: Define, bucket: s3.IBucket
) -> None:
    baseline = Baseline.from_files(bucket, constraints_key="constraints.json")

    with pytest.raises(ValueError, match=r"statistics_key: got none for data quality"):
        define(kind, baseline=baseline)


@both
def test_a_baseline_of_labels_needs_the_model(
    kind: Kind, define: Define, bucket: s3.IBucket, questions: dict[str, MonitoringQuestion]
) -> None:
    baseline = Baseline.from_job(bucket, dataset_key="data/train.csv")

    with pytest.raises(ValueError, match="from_job for MODEL_QUALITY without the model"):
        define(kind, question=questions["MODEL_QUALITY"], baseline=baseline)


@both
def test_half_a_pair_is_refused(kind: Kind, define: Define, bucket: s3.IBucket) -> None:
    question = MonitoringQuestion.explainability(model_data_bucket=bucket)

    with pytest.raises(ValueError, match="model_data_bucket and model_data_key: got one of them"):
        define(kind, question=question)


@both
def test_runs_in_a_network_have_security_groups(
    kind: Kind, define: Define, stack: cdk.Stack, settings: dict[str, Any]
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=2)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    bare = MonitoringNetwork(security_groups=[group])

    with pytest.raises(ValueError, match="security_groups: got 0 with a vpc; allowed are 1 to 5"):
        define(kind, job=MonitoringJob(network=MonitoringNetwork(vpc=vpc)))
    with pytest.raises(ValueError, match="security groups without vpc; give vpc too"):
        kind(stack, "Other", **{**settings, "job": MonitoringJob(network=bare)})


def captured(stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository) -> dict[str, Any]:
    source = ModelSource.from_image(repository, tag_or_digest="1")
    return {
        "model": Model(stack, "Model", source=source),
        "capture": DataCapture.to_bucket(bucket),
    }


@both
def test_an_endpoint_without_capture_is_refused(
    kind: Kind, define: Define, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    parts = captured(stack, bucket, repository)
    variant = RealTimeVariant(model=parts["model"], instance_type="ml.m7i.large")
    blind = Endpoint(stack, "Blind", variants=[variant])

    with pytest.raises(ValueError, match="endpoint: got one without data capture"):
        define(kind, data=MonitoredData.of_endpoint(blind, capture_bucket=bucket))


@both
def test_a_serverless_endpoint_is_refused(
    kind: Kind, define: Define, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    source = ModelSource.from_image(repository, tag_or_digest="1")
    model = Model(stack, "Open", source=source, network_isolation=False)
    variant = ServerlessVariant(model=model, memory_mb=2048, max_concurrency=5)
    serverless = Endpoint(stack, "Serverless", variants=[variant])

    with pytest.raises(ValueError, match="endpoint: got a serverless one, which captures nothing"):
        define(kind, data=MonitoredData.of_endpoint(serverless, capture_bucket=bucket))


@both
def test_several_variants_are_refused_and_one_is_not(
    kind: Kind, define: Define, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    parts = captured(stack, bucket, repository)
    variants = [
        RealTimeVariant(model=parts["model"], instance_type="ml.m7i.large", name=name)
        for name in ("one", "two")
    ]
    several = Endpoint(stack, "Two", variants=variants, data_capture=parts["capture"])
    single = Endpoint(stack, "One", variants=variants[:1], data_capture=parts["capture"])

    with pytest.raises(ValueError, match="got 2 variants and 0 shadow variants; allowed is one"):
        define(kind, data=MonitoredData.of_endpoint(several, capture_bucket=bucket))
    accepted = MonitoredData.of_endpoint(single, capture_bucket=bucket)
    assert accepted.problems() == []


@pytest.mark.parametrize(
    ("container", "problem"),
    [
        ({"primary_container": {"image": "x", "mode": "MultiModel"}}, "got a multi-model one"),
        ({"containers": [{"image": "x"}, {"image": "y"}]}, "got a serial inference pipeline"),
    ],
)
def test_models_that_are_no_single_model_are_refused(
    container: dict[str, Any], problem: str, stack: cdk.Stack, bucket: s3.IBucket
) -> None:
    cfn = cdk.aws_sagemaker

    class Own(cdk.Resource):
        endpoint_name = "own"

    own = Own(stack, "Own")
    model = cfn.CfnModel(own, "Model", **container)
    cfn.CfnEndpointConfig(
        own,
        "Config",
        production_variants=[
            cfn.CfnEndpointConfig.ProductionVariantProperty(
                variant_name="a", model_name=model.attr_model_name
            )
        ],
        data_capture_config=cfn.CfnEndpointConfig.DataCaptureConfigProperty(
            enable_capture=True,
            capture_options=[],
            destination_s3_uri="s3://b/c",
            initial_sampling_percentage=100,
        ),
    )

    (found,) = MonitoredData.of_endpoint(own, capture_bucket=bucket).problems()
    assert problem in found


@both
def test_a_region_that_lacks_the_types_is_refused_by_name(kind: Kind) -> None:
    stack = stack_in("us-gov-west-1")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn")
    image = MonitoringImage.from_ecr_repository(
        ecr.Repository.from_repository_name(stack, "Repository", "churn"), tag_or_digest=""
    )
    settings: dict[str, Any] = {
        "question": MonitoringQuestion.data_quality(),
        "data": MonitoredData.of_endpoint(
            Endpoint.from_endpoint_name(stack, "E", "churn"), capture_bucket=bucket
        ),
        "reports": Reports.to_bucket(bucket),
        "image": image,
    }

    with pytest.raises(ValueError) as refusal:
        kind(stack, "Monitor", **settings)

    assert "image tag_or_digest: got ''" in str(refusal.value)
    missing = "CloudFormation has no AWS::SageMaker::DataQualityJobDefinition"
    assert (missing in str(refusal.value)) == (kind is ModelMonitor)
