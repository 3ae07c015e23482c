"""Drift monitors: scheduled processing jobs with a custom image."""

import json
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from mlops_constructs.hosting import EndpointBase
from mlops_constructs.monitoring import (
    Baseline,
    DriftMonitor,
    GroundTruth,
    MonitoringFrequency,
    MonitoringInput,
    MonitoringJob,
    MonitoringNetwork,
    MonitoringType,
    RunSchedule,
)
from mlops_constructs.network import Network, NetworkUseCase
from tests.constructs.monitoring.conftest import KEY_ARN, Define, name_in_new_app


def request_of(schedule: dict[str, Any]) -> dict[str, Any]:
    """Returns the request of Scheduler, with logical ids in place of references."""
    given = schedule["Target"]["Input"]
    if isinstance(given, str):
        return dict(json.loads(given))
    separator, parts = given["Fn::Join"]
    texts = [part if isinstance(part, str) else _name(part) for part in parts]
    return dict(json.loads(separator.join(texts)))


def _name(reference: dict[str, Any]) -> str:
    (value,) = reference.values()
    return value if isinstance(value, str) else str(value[0])


def test_scheduler_starts_a_job_that_is_encrypted_and_ends(define: Define, resources: Any) -> None:
    monitor = define(DriftMonitor)

    (schedule,) = resources("AWS::Scheduler::Schedule")
    target = schedule["Target"]
    assert target["Arn"] == {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":scheduler:::aws-sdk:sagemaker:createProcessingJob",
            ],
        ]
    }
    assert schedule["ScheduleExpression"] == "cron(15 * ? * * *)"
    assert schedule["KmsKeyArn"] == KEY_ARN
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}
    request = request_of(schedule)
    assert request["ProcessingJobName"] == (f"{monitor.monitor_name}-<aws.scheduler.execution-id>")
    assert request["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": False,
    }
    cluster = request["ProcessingResources"]["ClusterConfig"]
    assert cluster["VolumeKmsKeyId"] == KEY_ARN
    assert request["ProcessingOutputConfig"]["KmsKeyId"] == KEY_ARN
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}


def test_several_instances_read_the_traffic_with_spark(define: Define, resources: Any) -> None:
    define(DriftMonitor, job=MonitoringJob(instance_count=3))

    (schedule,) = resources("AWS::Scheduler::Schedule")
    request = request_of(schedule)
    assert request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 3
    assert request["Environment"]["engine"] == "spark"
    assert request["NetworkConfig"]["EnableInterContainerTrafficEncryption"] is True


def test_the_name_of_a_run_fits_even_with_a_uuid(define: Define) -> None:
    monitor = define(DriftMonitor)

    assert len(f"{monitor.monitor_name}-{'0' * 36}") <= 63


def test_a_run_gets_its_input_as_environment_variables(
    define: Define, monitoring_types: dict[str, MonitoringType], resources: Any
) -> None:
    monitor = define(
        DriftMonitor,
        monitoring_type=monitoring_types["MODEL_QUALITY"],
        frequency=MonitoringFrequency.every(hours=12, first_hour=5),
    )

    (schedule,) = resources("AWS::Scheduler::Schedule")
    request = request_of(schedule)
    assert schedule["ScheduleExpression"] == "cron(15 5,17 ? * * *)"
    assert request["AppSpecification"]["ContainerArguments"] == ["monitor"]
    assert request["Environment"] == {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "dataset_source": "s3://churn-artifacts/capture/churn-prod",
        "dataset_format": (
            '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
        ),
        "ground_truth_source": "s3://churn-artifacts/labels",
        "ground_truth_delay_hours": "24",
        "end_time": "<aws.scheduler.scheduled-time>",
        "period_hours": "12",
        "output_path": "/opt/ml/processing/output",
        "publish_cloudwatch_metrics": "Enabled",
        "metrics_namespace": monitor.namespace,
        "sagemaker_endpoint_name": "churn-prod",
        "sagemaker_monitoring_schedule_name": monitor.monitor_name,
        "baseline_constraints": "/opt/ml/processing/input/baseline_constraints/constraints.json",
        "baseline_statistics": "/opt/ml/processing/input/baseline_statistics/statistics.json",
    }
    inputs = {one["InputName"]: one["S3Input"] for one in request["ProcessingInputs"]}
    assert inputs["baseline_constraints"]["S3Uri"] == (
        "s3://churn-artifacts/baseline/constraints.json"
    )
    (output,) = request["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["S3Uri"] == monitor.reports_uri


def test_explanations_get_the_model(
    define: Define, monitoring_types: dict[str, MonitoringType], resources: Any
) -> None:
    define(DriftMonitor, monitoring_type=monitoring_types["MODEL_EXPLAINABILITY"])

    request = request_of(resources("AWS::Scheduler::Schedule")[0])
    assert request["Environment"]["model_source"] == (
        "/opt/ml/processing/input/model_source/model.tar.gz"
    )


def test_scheduler_may_start_this_job_and_nothing_else(
    define: Define, resources: Any, stack: cdk.Stack
) -> None:
    monitor = define(DriftMonitor)

    (policy,) = (
        one
        for one in resources("AWS::IAM::ManagedPolicy")
        if one["Description"].startswith("EventBridge Scheduler")
    )
    statements = {
        json.dumps(one["Action"]): one
        for one in policy["PolicyDocument"]["Statement"]
        if one["Effect"] == "Allow"
    }
    start = statements['"sagemaker:CreateProcessingJob"']
    assert f":processing-job/{monitor.monitor_name}-*" in json.dumps(start["Resource"])
    passed = statements['"iam:PassRole"']
    assert passed["Resource"] == stack.resolve(monitor.role.role_arn)
    assert passed["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    sent = statements['"sqs:SendMessage"']
    assert sent["Resource"] == stack.resolve(monitor.dead_letter_queue.queue_arn)
    assert not [one for one in statements.values() if one["Resource"] == "*"]


QUEUE_ARN = "arn:aws:sqs:eu-west-1:111111111111:not-started"
ROLE_ARN = "arn:aws:iam::111111111111:role/"


@pytest.fixture
def schedule(stack: cdk.Stack) -> RunSchedule:
    return RunSchedule(
        role=iam.Role.from_role_arn(stack, "Starter", f"{ROLE_ARN}starter", mutable=False),
        dead_letter_queue=sqs.Queue.from_queue_arn(stack, "NotStarted", QUEUE_ARN),
        name="churn-prod-data",
        tags={"sagemaker:project-name": "churn"},
    )


def test_with_given_roles_and_queue_the_stack_has_the_schedule_alone(
    stack: cdk.Stack, define: Define, schedule: RunSchedule, resources: Any
) -> None:
    role = iam.Role.from_role_arn(stack, "Runs", f"{ROLE_ARN}runs", mutable=False)

    monitor = define(
        DriftMonitor,
        monitor_name="churn-prod-data",
        job=MonitoringJob(role=role),
        schedule=schedule,
    )

    (found,) = resources("AWS::Scheduler::Schedule")
    assert found["Name"] == "churn-prod-data"
    assert found["Target"]["RoleArn"] == f"{ROLE_ARN}starter"
    assert found["Target"]["DeadLetterConfig"] == {"Arn": QUEUE_ARN}
    request = request_of(found)
    assert request["ProcessingJobName"] == "churn-prod-data-<aws.scheduler.execution-id>"
    assert request["RoleArn"] == f"{ROLE_ARN}runs"
    assert request["Tags"] == [{"Key": "sagemaker:project-name", "Value": "churn"}]
    assert monitor.dimensions["MonitoringSchedule"] == "churn-prod-data"
    kinds = {one["Type"] for one in Template.from_stack(stack).to_json()["Resources"].values()}
    assert kinds == {"AWS::Scheduler::Schedule"}


@pytest.mark.parametrize("name", ["", "a" * 27, "churn_prod", "-churn", "churn-"])
def test_names_of_monitors_that_no_run_can_have_are_rejected(define: Define, name: str) -> None:
    with pytest.raises(ValueError, match=f"monitor_name: got '{name}'; allowed are 1 to 26"):
        define(DriftMonitor, monitor_name=name)


def test_a_schedule_that_scheduler_would_not_create_is_rejected(
    define: Define, schedule: RunSchedule
) -> None:
    many = {f"tag{number}": "1" for number in range(51)}
    with pytest.raises(ValueError) as error:
        define(DriftMonitor, schedule=replace(schedule, name="churn/prod", tags=many))
    assert "schedule name: got 'churn/prod'; allowed are 1 to 64 letters" in str(error.value)
    assert "schedule tags: got 51; allowed are 50" in str(error.value)


def test_metrics_go_to_one_namespace_only(define: Define, resources: Any) -> None:
    monitor = define(DriftMonitor)

    statements = [
        statement
        for one in resources("AWS::IAM::ManagedPolicy")
        for statement in one["PolicyDocument"]["Statement"]
    ]
    (metrics,) = (one for one in statements if one["Action"] == "cloudwatch:PutMetricData")
    assert metrics["Condition"] == {"StringEquals": {"cloudwatch:namespace": [monitor.namespace]}}


def test_a_change_keeps_the_name_and_so_the_metrics() -> None:
    changed = name_in_new_app(
        DriftMonitor,
        frequency=MonitoringFrequency.daily(),
        job=MonitoringJob(instance_type="ml.m5.xlarge"),
        baseline=None,
    )

    assert changed == name_in_new_app(DriftMonitor)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"job": MonitoringJob(network=MonitoringNetwork(isolation=True))},
            "network isolation: not supported for a DriftMonitor",
        ),
        (
            {
                "job": MonitoringJob(instance_count=2),
                "monitoring_type": MonitoringType.model_explainability(),
            },
            "job instance_count: got 2; allowed is 1, because several instances read captured",
        ),
        (
            {"monitoring_type": MonitoringType.model_explainability()},
            "explainability: got no model",
        ),
    ],
)
def test_what_a_run_cannot_do_is_rejected(
    given: dict[str, Any], problem: str, define: Define
) -> None:
    with pytest.raises(ValueError, match=problem):
        define(DriftMonitor, **given)


def test_a_threshold_is_rejected_for_bias(
    define: Define, monitoring_types: dict[str, MonitoringType]
) -> None:
    monitoring_type = replace(monitoring_types["MODEL_BIAS"], probability_threshold=0.7)

    with pytest.raises(ValueError, match=r"probability_threshold: got 0\.7 for MODEL_BIAS"):
        define(DriftMonitor, monitoring_type=monitoring_type)


def test_a_baseline_job_is_there_to_be_started(
    define: Define, bucket: s3.IBucket, stack: cdk.Stack
) -> None:
    baseline = Baseline.from_job(bucket, dataset_key="data/train.csv", target="churned")

    monitor = define(DriftMonitor, baseline=baseline)

    role = cdk.aws_iam.Role(
        stack, "Starter", assumed_by=cdk.aws_iam.ServicePrincipal("events.amazonaws.com")
    )
    monitor.baseline_job.grant_start(role).assert_success()
    template = Template.from_stack(stack)
    ((_, machine),) = template.find_resources("AWS::StepFunctions::StateMachine").items()
    definition = json.dumps(machine["Properties"]["DefinitionString"])
    assert "aws-sdk:sagemaker:createProcessingJob" in definition
    assert "ground_truth_attribute" in definition
    assert "--baseline" in definition
    # SageMaker writes names in its ARNs in lower case.
    started = json.dumps(template.find_resources("AWS::IAM::ManagedPolicy"))
    assert f":processing-job/{monitor.monitor_name.lower()}-baseline" in started
    written = f"s3://churn-artifacts/reports/baseline/{monitor.monitor_name}"
    assert written in definition
    ((_, schedule),) = template.find_resources("AWS::Scheduler::Schedule").items()
    inputs = request_of(schedule["Properties"])["ProcessingInputs"]
    assert {one["S3Input"]["S3Uri"] for one in inputs} == {
        f"{written}/constraints.json",
        f"{written}/statistics.json",
    }


def test_a_monitor_without_baseline_only_describes(define: Define, resources: Any) -> None:
    monitor = define(DriftMonitor, baseline=None)

    request = request_of(resources("AWS::Scheduler::Schedule")[0])
    assert "baseline_constraints" not in request["Environment"]
    assert "ProcessingInputs" not in request
    assert monitor.baseline_job is None


def test_runs_are_attached_to_a_private_network_and_to_its_subnets_alone(
    define: Define, stack: cdk.Stack, resources: Any
) -> None:
    network = Network(stack, "Private", uses=[NetworkUseCase.MODEL_MONITORING])

    define(DriftMonitor, job=MonitoringJob(network=MonitoringNetwork.within(network)))

    schedule = resources("AWS::Scheduler::Schedule")[0]
    attached = request_of(schedule)["NetworkConfig"]["VpcConfig"]
    assert len(attached["Subnets"]) == 2
    assert len(attached["SecurityGroupIds"]) == 1
    made = [
        statement
        for policy in resources("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if "ec2:CreateNetworkInterface" in statement["Action"]
    ]
    assert len(made) == 1
    listed = json.dumps(made[0]["Resource"])
    assert listed.count(":subnet/") == 2
    assert listed.count(":security-group/") == 1
    assert made[0]["Resource"] != "*"


def test_an_address_that_no_variable_can_hold_is_rejected(
    bucket: s3.IBucket, stack: cdk.Stack, endpoint: EndpointBase, settings: dict[str, Any]
) -> None:
    longest = "p" * (256 - len("s3://churn-artifacts//churn-prod"))
    unnamed = s3.Bucket(stack, "Unnamed")

    fitting = MonitoringInput.from_endpoint(endpoint, capture_bucket=bucket, capture_prefix=longest)
    DriftMonitor(stack, "Fitting", **{**settings, "monitoring_input": fitting})

    for number, (place, prefix) in enumerate(((bucket, f"{longest}p"), (unnamed, "p" * 256))):
        monitoring_type = MonitoringType.model_quality(
            problem_type="Regression",
            ground_truth=GroundTruth.in_bucket(place, prefix="l" * 256),
        )
        data = MonitoringInput.from_endpoint(endpoint, capture_bucket=place, capture_prefix=prefix)
        given = {**settings, "monitoring_input": data, "monitoring_type": monitoring_type}
        with pytest.raises(ValueError) as error:
            DriftMonitor(stack, f"Long{number}", **given)
        assert "monitoring_input prefix: got an S3 URI of 2" in str(error.value)
        assert "ground_truth prefix: got an S3 URI of 2" in str(error.value)
