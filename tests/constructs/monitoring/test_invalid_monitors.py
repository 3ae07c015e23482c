"""Validation of both monitors at synth."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    Endpoint,
    EndpointBase,
)
from mlops_constructs.monitoring import (
    Baseline,
    GroundTruth,
    ModelMonitor,
    MonitoringFrequency,
    MonitoringImage,
    MonitoringInput,
    MonitoringJob,
    MonitoringNetwork,
    MonitoringOutput,
    MonitoringType,
)
from mlops_constructs.network import Network, NetworkUseCase
from tests.constructs.monitoring.conftest import Define, Kind, both, stack_in


@both
def test_every_problem_is_reported_at_once(
    kind: Kind, define: Define, bucket: s3.IBucket, endpoint: EndpointBase
) -> None:
    with pytest.raises(ValueError) as error:
        define(
            kind,
            monitoring_type=MonitoringType.model_quality(
                problem_type="Guess",
                ground_truth=GroundTruth.in_bucket(
                    bucket, prefix="/labels", delay=cdk.Duration.minutes(90)
                ),
                probability_threshold=2,
            ),
            monitoring_input=MonitoringInput.from_endpoint(
                endpoint, capture_bucket=bucket, capture_prefix="capture/"
            ),
            monitoring_output=MonitoringOutput.to_bucket(bucket, prefix="", namespace="AWS/Mine"),
            baseline=Baseline.from_files(bucket, constraints_key="baseline/"),
            frequency=MonitoringFrequency.every(hours=5, first_hour=24),
            job=MonitoringJob(
                instance_type="m5.large", volume_size_in_gb=0, max_runtime=cdk.Duration.days(2)
            ),
        )

    text = str(error.value)
    assert text.startswith(f"{kind.__name__} S/Monitor cannot be defined:")
    for problem in (
        "problem_type: got 'Guess'; allowed are BinaryClassification",
        "probability_threshold: got 2; allowed are 0 to 1",
        "ground_truth prefix: got '/labels'",
        "ground_truth delay: got 1 hour 30 minutes; allowed are whole hours",
        "monitoring_input prefix: got 'capture/'",
        "monitoring_output prefix: got ''",
        "monitoring_output namespace: got 'AWS/Mine'",
        "baseline constraints_key: got 'baseline/'",
        "frequency hours: got 5; allowed are 1, 2, 3, 4, 6, 8, 12 and 24",
        "frequency first hour: got 24",
        "job instance_type: got 'm5.large'",
        "job volume_size_in_gb: got 0",
        "job max_runtime: got 172800 seconds; allowed are 1 to 86400",
    ):
        assert problem in text


@both
def test_a_key_is_rejected_where_it_would_not_encrypt_local_disks(
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
    monitoring_types: dict[str, MonitoringType],
) -> None:
    job = MonitoringJob(max_runtime=cdk.Duration.minutes(minutes))

    with pytest.raises(ValueError, match=f"allowed are 1 to {allowed} for runs every 1 hours"):
        define(kind, monitoring_type=monitoring_types[analysis], job=job)


@both
def test_data_quality_compares_with_statistics(
    kind: Kind, define: Define, bucket: s3.IBucket
) -> None:
    baseline = Baseline.from_files(bucket, constraints_key="constraints.json")

    with pytest.raises(ValueError, match=r"statistics_key: got none for data quality"):
        define(kind, baseline=baseline)


@both
def test_a_baseline_of_labels_needs_the_model(
    kind: Kind, define: Define, bucket: s3.IBucket, monitoring_types: dict[str, MonitoringType]
) -> None:
    baseline = Baseline.from_job(bucket, dataset_key="data/train.csv")

    with pytest.raises(ValueError, match="from_job for MODEL_QUALITY without the model"):
        define(kind, monitoring_type=monitoring_types["MODEL_QUALITY"], baseline=baseline)


@both
def test_half_a_pair_is_rejected(kind: Kind, define: Define, bucket: s3.IBucket) -> None:
    monitoring_type = MonitoringType.model_explainability(model_data_bucket=bucket)

    with pytest.raises(ValueError, match="model_data_bucket and model_data_key: got one of them"):
        define(kind, monitoring_type=monitoring_type)


@both
def test_runs_in_a_network_have_security_groups(
    kind: Kind, define: Define, stack: cdk.Stack, settings: dict[str, Any]
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=2)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    bare = MonitoringNetwork(security_groups=[group])

    with pytest.raises(ValueError, match="security_groups: got 0 with a vpc; allowed are 1 to 5"):
        define(kind, job=MonitoringJob(network=MonitoringNetwork(vpc=vpc)))
    with pytest.raises(ValueError, match="subnets and security groups require vpc; give vpc too"):
        kind(stack, "Other", **{**settings, "job": MonitoringJob(network=bare)})


def test_instances_of_a_run_have_to_reach_one_another(
    define: Define, stack: cdk.Stack, settings: dict[str, Any]
) -> None:
    def job(*uses: NetworkUseCase) -> MonitoringJob:
        network = Network(stack, f"Network{len(uses)}", uses=uses)
        return MonitoringJob(instance_count=2, network=MonitoringNetwork.within(network))

    apart, together = (
        job(NetworkUseCase.MODEL_MONITORING),
        job(NetworkUseCase.MODEL_MONITORING, NetworkUseCase.TRAINING),
    )

    blocked = "got 2 instances in a network whose security group blocks"
    with pytest.raises(ValueError, match=blocked):
        define(ModelMonitor, job=apart)
    ModelMonitor(stack, "Together", **{**settings, "job": together})


@both
def test_a_region_that_lacks_the_types_is_rejected_by_name(kind: Kind) -> None:
    stack = stack_in("us-gov-west-1")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn")
    image = MonitoringImage.from_ecr_repository(
        ecr.Repository.from_repository_name(stack, "Repository", "churn"), tag_or_digest=""
    )
    settings: dict[str, Any] = {
        "monitoring_type": MonitoringType.data_quality(),
        "monitoring_input": MonitoringInput.from_endpoint(
            Endpoint.from_endpoint_name(stack, "E", "churn"), capture_bucket=bucket
        ),
        "monitoring_output": MonitoringOutput.to_bucket(bucket),
        "image": image,
    }

    with pytest.raises(ValueError) as error:
        kind(stack, "Monitor", **settings)

    assert "image tag_or_digest: got ''" in str(error.value)
    missing = "CloudFormation has no AWS::SageMaker::DataQualityJobDefinition"
    assert (missing in str(error.value)) == (kind is ModelMonitor)
