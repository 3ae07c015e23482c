"""Responses of AWS about one run of the loop."""

from datetime import UTC, datetime
from typing import Any

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
BUILD = "demo-train:1"
EXECUTION_ARN = (
    "arn:aws:sagemaker:us-east-1:111111111111:pipeline/demo-train/execution/abcdefghijkl"
)
TUNING_ARN = "arn:aws:sagemaker:us-east-1:111111111111:hyper-parameter-tuning-job/tune-1"
PACKAGE_ARN = "arn:aws:sagemaker:us-east-1:111111111111:model-package/demo/1"
PROCESSING_ARN = "arn:aws:sagemaker:us-east-1:111111111111:processing-job/pre-1"


def at(second: float) -> datetime:
    return datetime.fromtimestamp(START.timestamp() + second, tz=UTC)


def action(
    stage: str, name: str, status: str, began: float, ended: float, **more: Any
) -> dict[str, Any]:
    """Returns an action execution.

    `more`: `category`, `external_id`, `error`, `stack`, `log`, `exported`.
    """
    result: dict[str, Any] = {"externalExecutionId": more.get("external_id", "")}
    if "error" in more:
        result["errorDetails"] = {"code": "JobFailed", "message": more["error"]}
    if "log" in more:
        result["logStreamARN"] = more["log"]
    return {
        "actionExecutionId": f"{stage}-{name}",
        "stageName": stage,
        "actionName": name,
        "status": status,
        "startTime": at(began),
        "lastUpdateTime": at(ended),
        "input": {
            "actionTypeId": {
                "category": more.get("category", "Build"),
                "owner": "AWS",
                "provider": "CodeBuild",
                "version": "1",
            },
            "resolvedConfiguration": {"StackName": more["stack"]} if "stack" in more else {},
        },
        "output": {"executionResult": result, "outputVariables": more.get("exported", {})},
    }


def execution(status: str, *actions: dict[str, Any]) -> dict[str, Any]:
    """Returns the responses about an execution of the pipeline demo-model-build."""
    return {
        "GetPipeline": pipeline("Source", "Build", "Train"),
        "GetPipelineExecution": {
            "pipelineExecution": {"pipelineExecutionId": "e-1", "status": status}
        },
        "ListActionExecutions": {"actionExecutionDetails": list(actions)},
        "ListPipelineExecutions": {
            "pipelineExecutionSummaries": [
                {
                    "pipelineExecutionId": "e-1",
                    "status": status,
                    "startTime": START,
                    "sourceRevisions": [{"actionName": "Source", "revisionId": "c0ffee"}],
                }
            ]
        },
    }


def pipeline(*stages: str) -> dict[str, Any]:
    return {
        "pipeline": {
            "name": "demo-model-build",
            "roleArn": "arn:aws:iam::111111111111:role/r",
            "stages": [{"name": name, "actions": []} for name in stages],
        }
    }


def training(status: str = "Succeeded") -> dict[str, Any]:
    """Returns the responses about a build and the SageMaker pipeline that it runs."""
    return {
        "BatchGetBuilds": {
            "builds": [
                {
                    "id": BUILD,
                    "startTime": START,
                    "environment": {
                        "type": "LINUX_CONTAINER",
                        "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                        "computeType": "BUILD_GENERAL1_SMALL",
                        "environmentVariables": [
                            {"name": "SAGEMAKER_PIPELINE_NAME", "value": "demo-train"}
                        ],
                    },
                    "phases": [
                        {"phaseType": "SUBMITTED", "startTime": at(0), "endTime": at(1)},
                        {"phaseType": "INSTALL", "startTime": at(1), "endTime": at(2)},
                        {"phaseType": "BUILD", "startTime": at(2), "endTime": at(30)},
                    ],
                    "logs": {"groupName": "/aws/codebuild/demo", "streamName": "1"},
                }
            ]
        },
        "ListPipelineExecutions": {
            "PipelineExecutionSummaries": [
                {"PipelineExecutionArn": EXECUTION_ARN, "StartTime": at(3)}
            ]
        },
        "DescribePipelineExecution": {
            "PipelineExecutionArn": EXECUTION_ARN,
            "PipelineExecutionStatus": status,
        },
        "ListPipelineExecutionSteps": {"PipelineExecutionSteps": steps()},
        "ListTrainingJobsForHyperParameterTuningJob": {
            "TrainingJobSummaries": [trial(1, 0.97), trial(2, 0.99), trial(3, None)]
        },
        "DescribeProcessingJob": {
            "ProcessingJobName": "pre-1",
            "ProcessingJobArn": PROCESSING_ARN,
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "VolumeSizeInGB": 1,
                }
            },
            "AppSpecification": {"ImageUri": "image"},
            "ProcessingJobStatus": "Completed",
            "CreationTime": at(4),
            "ProcessingStartTime": at(5),
            "ProcessingEndTime": at(8),
        },
    }


def steps() -> list[dict[str, Any]]:
    def step(name: str, began: float, ended: float, metadata: dict[str, Any]) -> dict[str, Any]:
        return {
            "StepName": name,
            "StepStatus": "Succeeded",
            "StartTime": at(began),
            "EndTime": at(ended),
            "Metadata": metadata,
        }

    return [
        step("Preprocess", 4, 9, {"ProcessingJob": {"Arn": PROCESSING_ARN}}),
        step("Tune", 9, 20, {"TuningJob": {"Arn": TUNING_ARN}}),
        step("CheckQuality", 20, 20, {"Condition": {"Outcome": "True"}}),
        step("Register", 20, 21, {"RegisterModel": {"Arn": PACKAGE_ARN}}),
    ]


def trial(number: int, value: float | None) -> dict[str, Any]:
    found = {
        "TrainingJobName": f"tune-1-{number}",
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:111111111111:training-job/tune-1-{number}",
        "CreationTime": at(9),
        "TrainingStartTime": at(8 + 2 * number),
        "TrainingEndTime": at(10 + 2 * number),
        "TrainingJobStatus": "Completed" if value is not None else "Failed",
        "TunedHyperParameters": {"eta": "0.123456", "max_depth": "4", "_tuning": "x"},
    }
    if value is not None:
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {
            "Type": "Maximize",
            "MetricName": "auc",
            "Value": value,
        }
    return found
