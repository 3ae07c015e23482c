"""The work of a user with read-only access, such as an auditor."""

from __future__ import annotations

from typing import Any

import pytest

from tests.personas.conftest import PROJECT_TAGS, Company, Person, denied
from tests.personas.team import PROJECT

PACKAGE = f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{PROJECT}/1"


@pytest.fixture(scope="module")
def rea(company: Company) -> Person:
    return company.person("Reader")


def test_she_looks_at_projects_models_jobs_and_pipelines(rea: Person) -> None:
    sagemaker = rea.client("sagemaker")
    assert sagemaker.describe_project(ProjectName=PROJECT)["ProjectName"] == PROJECT
    assert sagemaker.list_projects()["ProjectSummaryList"]
    sagemaker.list_model_packages(ModelPackageGroupName=PROJECT)
    visible = [{"Key": "Tags.sagemaker:project-name", "Value": PROJECT}]
    groups = sagemaker.search(Resource="ModelPackageGroup", VisibilityConditions=visible)
    assert [one["ModelPackageGroup"]["ModelPackageGroupName"] for one in groups["Results"]] == [
        PROJECT
    ]
    sagemaker.list_training_jobs(NameContains=PROJECT)
    sagemaker.list_pipelines(PipelineNamePrefix=PROJECT)
    assert sagemaker.describe_endpoint(EndpointName=f"{PROJECT}-staging")["EndpointName"]
    assert sagemaker.describe_domain(DomainId=rea.outputs["DomainId"])["Status"] == "InService"
    for kind in ("build", "deploy"):
        state = rea.client("codepipeline").get_pipeline_state(name=f"{PROJECT}-model-{kind}")
        assert state["stageStates"]


def test_she_reads_reports_code_metrics_and_events(rea: Person) -> None:
    bucket = rea.outputs["ArtifactBucketName"]
    assert rea.client("s3").get_object(Bucket=bucket, Key="monitoring/1/report.json")
    assert "monitoring/" in rea.does("aws", "s3", "ls", f"s3://{bucket}/")
    rea.clone("model-build")
    rea.client("cloudwatch").describe_alarms()
    rea.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker")
    name = f"{PROJECT}-staging"
    assert rea.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]


def test_she_opens_studio_as_herself_and_as_nobody_else(rea: Person) -> None:
    sagemaker, domain = rea.client("sagemaker"), rea.outputs["DomainId"]
    request = {"DomainId": domain, "UserProfileName": "reader"}
    assert not denied(sagemaker, "create_presigned_domain_url", **request)
    other = request | {"UserProfileName": "scientist"}
    assert denied(sagemaker, "create_presigned_domain_url", **other)


DENIED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "approving": (
        "sagemaker",
        "update_model_package",
        {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": "Approved"},
    ),
    "registering": ("sagemaker", "create_model_package", {"ModelPackageGroupName": PROJECT}),
    "a pipeline": (
        "sagemaker",
        "create_pipeline",
        {
            "PipelineName": f"{PROJECT}-dev-rea",
            "PipelineDefinition": "{}",
            "RoleArn": "arn:aws:iam::111111111111:role/x",
            "Tags": PROJECT_TAGS,
        },
    ),
    "stopping a job": (
        "sagemaker",
        "stop_training_job",
        {"TrainingJobName": f"{PROJECT}-train-1"},
    ),
    "staging": (
        "sagemaker-runtime",
        "invoke_endpoint",
        {"EndpointName": f"{PROJECT}-staging", "Body": b"1"},
    ),
    "a branch": (
        "codecommit",
        "create_branch",
        {"repositoryName": f"{PROJECT}-model-build", "branchName": "m", "commitId": "0" * 40},
    ),
    "merging": (
        "codecommit",
        "merge_pull_request_by_fast_forward",
        {"pullRequestId": "1", "repositoryName": f"{PROJECT}-model-build"},
    ),
    "deployments": (
        "codepipeline",
        "start_pipeline_execution",
        {"name": f"{PROJECT}-model-deploy"},
    ),
    "a space": ("sagemaker", "create_space", {"DomainId": "d-other", "SpaceName": "mine"}),
    "another project": ("sagemaker", "describe_project", {"ProjectName": "fraud"}),
}


@pytest.mark.parametrize("what", DENIED)
def test_she_is_denied(rea: Person, what: str) -> None:
    service, operation, request = DENIED[what]
    assert denied(rea.client(service), operation, **request)


def test_she_reads_neither_data_nor_what_endpoints_captured(rea: Person) -> None:
    bucket, s3 = rea.outputs["ArtifactBucketName"], rea.client("s3")
    for key in ("data/churn.csv", "capture/x.jsonl", "models/x.tar.gz", "checkpoints/x"):
        assert denied(s3, "get_object", Bucket=bucket, Key=key), key
    assert denied(s3, "put_object", Bucket=bucket, Key="runs/x", Body=b"1")
