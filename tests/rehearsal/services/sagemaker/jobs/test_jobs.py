from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane, fails, runs_until_stopped

Eventually = Callable[[Callable[[], Any]], Any]
ENDED = ("Completed", "Failed", "Stopped")


@pytest.fixture
def ended(sagemaker: Any, eventually: Eventually) -> Callable[[str, str], dict[str, Any]]:
    """Waits until a job has ended: `ended("ProcessingJob", name)`."""

    def wait(noun: str, name: str) -> dict[str, Any]:
        describe = {
            "ProcessingJob": sagemaker.describe_processing_job,
            "TrainingJob": sagemaker.describe_training_job,
            "HyperParameterTuningJob": sagemaker.describe_hyper_parameter_tuning_job,
            "TransformJob": sagemaker.describe_transform_job,
        }[noun]

        def has_ended() -> Any:
            response = describe(**{f"{noun}Name": name})
            return response if response[f"{noun}Status"] in ENDED else None

        response: dict[str, Any] = eventually(has_ended)
        return response

    return wait


def test_a_processing_job_completes_and_says_so_by_event(
    sagemaker: Any, platform: FakePlatform, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    sagemaker.create_processing_job(**requests.processing_job())

    job = ended("ProcessingJob", "prepare")

    assert job["ProcessingJobStatus"] == "Completed"
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert job["ProcessingEndTime"] >= job["CreationTime"]
    details = platform.events_of("SageMaker Processing Job State Change")
    assert [d["ProcessingJobStatus"] for d in details] == ["InProgress", "Completed"]
    assert isinstance(details[-1]["CreationTime"], int)


def test_a_job_assumes_its_role_in_its_own_name(
    sagemaker: Any, platform: FakePlatform, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    sagemaker.create_processing_job(**requests.processing_job())
    job = ended("ProcessingJob", "prepare")

    assert ("sagemaker.amazonaws.com", job["ProcessingJobArn"]) in platform.assumed


def test_a_failed_job_has_the_reason_of_its_execution(
    sagemaker: Any, data_plane: FakeDataPlane, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    data_plane.behaviour["train"] = fails(
        "AlgorithmError: ValueError: no target column, exit code: 1"
    )

    sagemaker.create_training_job(**requests.training_job())
    job = ended("TrainingJob", "train")

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: ValueError: no target column, exit code: 1"


def test_a_job_whose_role_cannot_be_assumed_fails(
    sagemaker: Any, platform: FakePlatform, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    platform.denied.add(("sts:AssumeRole", ROLE))

    sagemaker.create_processing_job(**requests.processing_job())

    assert "may not assume" in ended("ProcessingJob", "prepare")["FailureReason"]


@pytest.mark.parametrize("noun", ["ProcessingJob", "TrainingJob"])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("CreateNetworkInterface", "subnet/subnet-1"),
        ("CreateNetworkInterface", "security-group/sg-1"),
        ("DescribeVpcs", None),
    ],
)
def test_a_job_whose_role_may_not_join_its_vpc_fails(
    sagemaker: Any,
    platform: FakePlatform,
    ended: Callable[[str, str], dict[str, Any]],
    noun: str,
    action: str,
    resource: str | None,
) -> None:
    arn = f"arn:aws:ec2:us-east-1:111111111111:{resource}" if resource else "*"
    platform.denied.add((f"ec2:{action}", arn))
    vpc = {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}

    if noun == "ProcessingJob":
        sagemaker.create_processing_job(**requests.processing_job("job"), NetworkConfig=vpc)
    else:
        sagemaker.create_training_job(**requests.training_job("job"), **vpc)

    assert f"ec2:{action} on {arn}" in ended(noun, "job")["FailureReason"]


def test_a_stopped_job_ends_as_stopped(
    sagemaker: Any, data_plane: FakeDataPlane, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    data_plane.behaviour["prepare"] = runs_until_stopped
    sagemaker.create_processing_job(**requests.processing_job())

    sagemaker.stop_processing_job(ProcessingJobName="prepare")

    assert ended("ProcessingJob", "prepare")["ProcessingJobStatus"] == "Stopped"


def test_a_job_name_is_used_once(sagemaker: Any) -> None:
    sagemaker.create_processing_job(**requests.processing_job())

    with pytest.raises(ClientError, match="Job name must be unique") as caught:
        sagemaker.create_processing_job(**requests.processing_job())
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    ("noun", "code", "message"),
    [
        ("training", "ValidationException", "Requested resource not found."),
        ("processing", "ValidationException", "Could not find requested job with name: none"),
        ("transform", "ValidationException", "Could not find requested job with name: none"),
        ("hyper_parameter_tuning", "ResourceNotFound", "Could not find requested job"),
    ],
)
def test_an_unknown_job_is_not_found(sagemaker: Any, noun: str, code: str, message: str) -> None:
    named = {f"{noun.title().replace('_', '')}JobName": "none"}
    for verb in ("describe", "stop"):
        with pytest.raises(ClientError) as caught:
            getattr(sagemaker, f"{verb}_{noun}_job")(**named)
        error = caught.value.response["Error"]
        assert error["Code"] == code
        assert error["Message"].startswith(message)


def test_lists_filter_by_status(
    sagemaker: Any, data_plane: FakeDataPlane, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    data_plane.behaviour["bad"] = fails("x")
    sagemaker.create_training_job(**requests.training_job("good"))
    sagemaker.create_training_job(**requests.training_job("bad"))
    ended("TrainingJob", "good")
    ended("TrainingJob", "bad")

    failed = sagemaker.list_training_jobs(StatusEquals="Failed")["TrainingJobSummaries"]

    assert [job["TrainingJobName"] for job in failed] == ["bad"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "File"}},
            "Exactly one of TrainingImage",
        ),
        ({"ResourceConfig": None}, "At least one of ResourceConfig, ServerlessJobConfig"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 10}},
            "only for managed spot training",
        ),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 8},
            },
            "Invalid MaxWaitTimeInSeconds",
        ),
        (
            {"SessionChainingConfig": {"EnableSessionTagChaining": True}},
            "does not implement SessionChainingConfig",
        ),
    ],
)
def test_a_wrong_training_job_is_rejected(
    sagemaker: Any, change: dict[str, Any], message: str
) -> None:
    request = {k: v for k, v in {**requests.training_job(), **change}.items() if v is not None}

    with pytest.raises(ClientError, match=message):
        sagemaker.create_training_job(**request)


def test_the_trials_of_a_tuning_job_are_training_jobs_with_its_tags(
    sagemaker: Any, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    tags = [{"Key": "sagemaker:project-name", "Value": "churn"}]
    arn = sagemaker.create_hyper_parameter_tuning_job(**requests.tuning_job(), Tags=tags)

    job = ended("HyperParameterTuningJob", "tune")
    best_first = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="tune",
        SortBy="FinalObjectiveMetricValue",
        SortOrder="Descending",
    )["TrainingJobSummaries"]
    trial = sagemaker.describe_training_job(TrainingJobName=best_first[0]["TrainingJobName"])

    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["BestTrainingJob"]["TrainingJobName"] == best_first[0]["TrainingJobName"]
    values = [s["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for s in best_first]
    assert values == [0.9, 0.8, 0.7]
    assert trial["TuningJobArn"] == arn["HyperParameterTuningJobArn"]
    assert sagemaker.list_tags(ResourceArn=trial["TrainingJobArn"])["Tags"] == tags


def test_a_transform_job_takes_no_folder_of_uncompressed_files(sagemaker: Any) -> None:
    sagemaker.create_model(**{**requests.model(), "PrimaryContainer": requests.FOLDER})

    with pytest.raises(ClientError, match="ModelDataSource, which batch transform does not"):
        sagemaker.create_transform_job(TransformJobName="t", ModelName="churn")


def test_a_transform_job_runs_the_containers_of_its_model(
    sagemaker: Any, data_plane: FakeDataPlane, ended: Callable[[str, str], dict[str, Any]]
) -> None:
    sagemaker.create_model(**requests.model())
    sagemaker.create_transform_job(
        TransformJobName="score",
        ModelName="churn",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}
        },
        TransformOutput={"S3OutputPath": "s3://b/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    assert ended("TransformJob", "score")["TransformJobStatus"] == "Completed"
    assert data_plane.transformed[0].containers[0]["Image"] == requests.IMAGE
