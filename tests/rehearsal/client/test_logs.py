"""Logs of failed builds, jobs and stacks."""

from datetime import UTC, datetime
from typing import Any

from rehearsal.client import logs
from tests.rehearsal.loop_responses import BUILD, action, execution, training
from tests.rehearsal.stubbed_aws import StubbedAws, aws_error

NOW = datetime(2026, 11, 22, tzinfo=UTC)


BUILD_LOG = [
    "E   assert 1 == 2",
    "1 failed",
    "[Container] 2026/11/22 Command did not exit successfully pytest exit status 1",
    "[Container] 2026/11/22 Entering phase POST_BUILD",
]


def log(*lines: str) -> dict[str, Any]:
    return {
        "DescribeLogStreams": {"logStreams": [{"logStreamName": "s", "lastEventTimestamp": 1}]},
        "GetLogEvents": {"events": [{"message": f"{line}\n"} for line in lines]},
    }


def given(*actions: dict[str, Any], inner: dict[str, Any] | None = None) -> dict[str, Any]:
    outer, inner = execution("Failed", *actions), inner or {}

    def list_executions(request: Any) -> dict[str, Any]:
        asked = inner if "PipelineName" in request else outer
        return dict(asked["ListPipelineExecutions"])

    return {**outer, **inner, "ListPipelineExecutions": list_executions}


def test_a_failed_build_shows_the_end_of_its_log() -> None:
    failed = action("Build", "Test", "Failed", 0, 5, external_id=BUILD, error="BUILD failed")
    inner = training()
    inner["ListPipelineExecutions"] = {"PipelineExecutionSummaries": []}
    aws = StubbedAws(**given(failed, inner=inner), **log(*BUILD_LOG))
    assert logs.of_pipeline(aws, "demo-model-build") == [
        logs.LogTail("demo-model-build / Build / Test", "BUILD failed", BUILD_LOG[:3])
    ]
    assert aws.asked("GetLogEvents")[0]["logGroupName"] == "/aws/codebuild/demo"


def test_a_failed_training_shows_the_log_of_the_job_too() -> None:
    failed = action("Train", "Train", "Failed", 0, 5, external_id=BUILD, error="training failed")
    inner = training("Failed")
    for step in inner["ListPipelineExecutionSteps"]["PipelineExecutionSteps"][:2]:
        step.update(StepStatus="Failed", FailureReason="AlgorithmError: no column 'y'")
    aws = StubbedAws(**given(failed, inner=inner), **log("no column 'y'"))
    found = logs.of_pipeline(aws, "demo-model-build", "e-1")
    assert [tail.source for tail in found] == [
        "demo-model-build / Train / Train",
        "step Preprocess",
        "step Tune, tune-1-3",
    ]
    assert found[1].reason == "AlgorithmError: no column 'y'"
    assert {request["logGroupName"] for request in aws.asked("DescribeLogStreams")} == {
        "/aws/codebuild/demo",
        "/aws/sagemaker/ProcessingJobs",
        "/aws/sagemaker/TrainingJobs",
    }


def test_an_action_that_names_its_log_stream_shows_it() -> None:
    arn = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/codepipeline/p:log-stream:image-1"
    failed = action("Build", "Image", "Failed", 0, 5, log=arn, error="RUN failed")
    aws = StubbedAws(**given(failed), **log("no such package"))
    assert logs.of_pipeline(aws, "demo-model-build")[0].lines == ["no such package"]
    assert aws.asked("DescribeLogStreams")[0] == {
        "logGroupName": "/aws/codepipeline/p",
        "logStreamNamePrefix": "image-1",
    }


def test_a_failed_deployment_shows_the_stack_and_its_endpoint() -> None:
    failed = action("Staging", "Deploy", "Failed", 0, 5, category="Deploy", stack="demo-staging")
    event = {
        "StackId": "1",
        "EventId": "1",
        "StackName": "demo-staging",
        "Timestamp": NOW,
        "LogicalResourceId": "Endpoint",
        "ResourceStatus": "CREATE_FAILED",
        "ResourceStatusReason": "did not pass the ping health check",
    }
    resource = {
        "LogicalResourceId": "Endpoint",
        "PhysicalResourceId": "arn:aws:sagemaker:us-east-1:111111111111:endpoint/demo-staging",
        "ResourceType": "AWS::SageMaker::Endpoint",
        "Timestamp": NOW,
        "ResourceStatus": "CREATE_FAILED",
    }
    aws = StubbedAws(
        **given(failed),
        **log("ValueError: bad model"),
        DescribeStackEvents={"StackEvents": [event]},
        DescribeStackResources={"StackResources": [resource]},
    )
    found = logs.of_pipeline(aws, "demo-model-deploy")
    assert found[1].lines == ["Endpoint: did not pass the ping health check"]
    assert (found[2].source, found[2].lines) == ("endpoint demo-staging", ["ValueError: bad model"])


def test_a_missing_log_is_empty() -> None:
    failed = action("Staging", "Deploy", "Failed", 0, 5, category="Deploy", stack="demo-staging")
    aws = StubbedAws(**given(failed), DescribeStackEvents=aws_error("ValidationError"))
    assert [tail.lines for tail in logs.of_pipeline(aws, "p")] == [[]]
    build = action("Build", "Test", "Failed", 0, 5, external_id=BUILD)
    inner = training()
    inner["ListPipelineExecutions"] = {"PipelineExecutionSummaries": []}
    missing = aws_error("ResourceNotFoundException")
    aws = StubbedAws(**given(build, inner=inner), DescribeLogStreams=missing)
    assert [tail.lines for tail in logs.of_pipeline(aws, "p")] == [[]]


def test_an_execution_without_actions_has_its_status() -> None:
    assert logs.of_pipeline(StubbedAws(**given()), "p")[0].reason == "The execution is failed."
