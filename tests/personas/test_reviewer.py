"""The work of a reviewer: reading builds and evaluations, approving and rejecting."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.personas.conftest import Company, Person, denied, eventually
from tests.personas.team import PROJECT

DEPLOY = f"{PROJECT}-model-deploy"
PACKAGE = f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{PROJECT}/1"


@pytest.fixture(scope="module")
def rob(company: Company) -> Person:
    return company.person("Reviewer")


@pytest.fixture(scope="module")
def package(company: Company) -> str:
    """A version that another user registered, with the report of its evaluation."""
    bucket = company.outputs["ArtifactBucketName"]
    company.root("s3").put_object(
        Bucket=bucket, Key="runs/7/evaluation.json", Body=json.dumps({"auc": 0.93}).encode()
    )
    metrics = {
        "ModelQuality": {
            "Statistics": {
                "ContentType": "application/json",
                "S3Uri": f"s3://{bucket}/runs/7/evaluation.json",
            }
        }
    }
    arn: str = company.root("sagemaker").create_model_package(
        ModelPackageGroupName=PROJECT,
        ModelApprovalStatus="PendingManualApproval",
        ModelMetrics=metrics,
        InferenceSpecification={
            "Containers": [{"Image": company.outputs["Image"]}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    return arn


def test_he_reads_how_good_a_model_is_and_approves_it(rob: Person, package: str) -> None:
    sagemaker = rob.client("sagemaker")
    assert sagemaker.describe_project(ProjectName=PROJECT)["ProjectName"] == PROJECT
    listed = sagemaker.list_model_packages(
        ModelPackageGroupName=PROJECT, ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageSummaryList"]
    assert package in {one["ModelPackageArn"] for one in listed}
    shown = sagemaker.describe_model_package(ModelPackageName=package)
    uri = shown["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    report = rob.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    assert json.load(report) == {"auc": 0.93}

    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    sagemaker.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="good enough"
    )

    shown = sagemaker.describe_model_package(ModelPackageName=package)
    assert shown["ModelApprovalStatus"] == "Approved"


def test_he_reads_what_a_build_and_a_deployment_did(rob: Person) -> None:
    codepipeline, logs = rob.client("codepipeline"), rob.client("logs")

    def failed() -> Any:
        actions = codepipeline.list_action_executions(pipelineName=DEPLOY)
        return [one for one in actions["actionExecutionDetails"] if one["status"] == "Failed"]

    (action, *_) = eventually(failed)
    build_id = action["output"]["executionResult"]["externalExecutionId"]
    (build,) = rob.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    log = build["logs"]
    assert logs.get_log_events(logGroupName=log["groupName"], logStreamName=log["streamName"])
    assert codepipeline.get_pipeline_state(name=DEPLOY)["stageStates"]
    events = rob.client("cloudformation").describe_stack_events(StackName=f"{PROJECT}-staging")
    assert events["StackEvents"]


def test_he_reads_code_and_what_a_change_would_change(rob: Person) -> None:
    clone = rob.clone("model-deploy")
    assert "buildspecs" in rob.does("git", "ls-files", folder=clone)
    codecommit = rob.client("codecommit")
    shown = codecommit.get_file(repositoryName=DEPLOY, filePath="buildspecs/synth.yml")
    assert b"no model is approved" in shown["fileContent"]
    codecommit.list_pull_requests(repositoryName=DEPLOY)


def test_he_merges_what_somebody_else_proposed(company: Company, rob: Person) -> None:
    author, name = company.person("Engineer"), "rob-reviews"
    clone = author.clone("model-deploy")
    author.does("git", "switch", "--create", name, folder=clone)
    (clone / "reviewed.txt").write_text("1\n")
    author.does("git", "add", "reviewed.txt", folder=clone)
    author.does("git", "commit", "--message", "Deploy this", folder=clone)
    author.does("git", "push", "origin", name, folder=clone)
    target = {
        "repositoryName": DEPLOY,
        "sourceReference": name,
        "destinationReference": "main",
    }
    request = author.client("codecommit").create_pull_request(title=name, targets=[target])

    rob.client("codecommit").merge_pull_request_by_fast_forward(
        pullRequestId=request["pullRequest"]["pullRequestId"], repositoryName=DEPLOY
    )

    merged = rob.clone("model-deploy")
    assert (merged / "reviewed.txt").exists()


def test_he_reads_drift_reports(rob: Person) -> None:
    bucket = rob.outputs["ArtifactBucketName"]
    assert "monitoring/" in rob.does("aws", "s3", "ls", f"s3://{bucket}/")
    body = rob.client("s3").get_object(Bucket=bucket, Key="monitoring/1/report.json")["Body"]
    assert json.load(body)["drifted"]


def test_he_answers_the_question_before_production(rob: Person) -> None:
    # No approval is pending: IAM allows the call, and CodePipeline reports that.
    answer = {
        "pipelineName": DEPLOY,
        "stageName": "Staging",
        "actionName": "Approval",
        "token": "00000000-0000-0000-0000-000000000000",
        "result": {"summary": "seen", "status": "Approved"},
    }
    assert not denied(rob.client("codepipeline"), "put_approval_result", **answer)


DENIED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "changing what a model is": (
        "sagemaker",
        "update_model_package",
        {
            "ModelPackageArn": PACKAGE,
            "CustomerMetadataProperties": {"auc": "1.0"},
        },
    ),
    "a branch": (
        "codecommit",
        "create_branch",
        {"repositoryName": DEPLOY, "branchName": "mine", "commitId": "0" * 40},
    ),
    "staging": (
        "sagemaker-runtime",
        "invoke_endpoint",
        {"EndpointName": f"{PROJECT}-staging", "Body": b"1"},
    ),
    "starting the delivery": ("codepipeline", "start_pipeline_execution", {"name": DEPLOY}),
    "another project": ("sagemaker", "describe_project", {"ProjectName": "fraud"}),
    "a pipeline": ("sagemaker", "delete_pipeline", {"PipelineName": f"{PROJECT}-dev-ada"}),
}


@pytest.mark.parametrize("what", DENIED)
def test_he_is_denied(rob: Person, what: str) -> None:
    service, operation, request = DENIED[what]
    assert denied(rob.client(service), operation, **request)


def test_he_pushes_nothing_and_reads_no_data(rob: Person) -> None:
    clone = rob.clone("model-deploy")
    rob.does("git", "commit", "--allow-empty", "--message", "Mine", folder=clone)
    assert rob.run("git", "push", "origin", "main", folder=clone).returncode != 0
    bucket, s3 = rob.outputs["ArtifactBucketName"], rob.client("s3")
    assert denied(s3, "get_object", Bucket=bucket, Key="data/churn.csv")
    assert denied(s3, "get_object", Bucket=bucket, Key="capture/x.jsonl")
    assert denied(s3, "list_objects_v2", Bucket=bucket, Prefix="data/")
    assert denied(s3, "put_object", Bucket=bucket, Key="runs/7/evaluation.json", Body=b"{}")
