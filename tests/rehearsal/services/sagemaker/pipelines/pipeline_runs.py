"""Definitions of pipelines, and how tests run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker import requests

Eventually = Callable[[Callable[[], Any]], Any]
Run = Callable[..., dict[str, Any]]


def processing(name: str, **extra: Any) -> dict[str, Any]:
    arguments = requests.processing_job()
    del arguments["ProcessingJobName"]
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **extra}


def definition(*steps: dict[str, Any], parameters: tuple[dict[str, Any], ...] = ()) -> str:
    content = {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}
    return json.dumps(content)


def condition(name: str, value: Any, if_steps: list[Any], else_steps: list[Any]) -> dict[str, Any]:
    conditions = [{"Type": "GreaterThanOrEqualTo", "LeftValue": value, "RightValue": 0.9}]
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {"Conditions": conditions, "IfSteps": if_steps, "ElseSteps": else_steps},
    }


EVALUATE = processing(
    "Evaluate",
    PropertyFiles=[
        {"PropertyFileName": "Report", "OutputName": "report", "FilePath": "evaluation.json"}
    ],
)
EVALUATE["Arguments"]["ProcessingOutputConfig"] = {
    "Outputs": [
        {
            "OutputName": "report",
            "S3Output": {
                "S3Uri": {
                    "Std:Join": {
                        "On": "/",
                        "Values": ["s3://bucket/runs", {"Get": "Execution.PipelineExecutionId"}],
                    }
                },
                "LocalPath": "/opt/ml/processing/report",
                "S3UploadMode": "EndOfJob",
            },
        }
    ]
}
AUC = {
    "Std:JsonGet": {
        "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
        "Path": "metrics.auc.value",
    }
}
FAIL = {"Name": "TooBad", "Type": "Fail", "Arguments": {"ErrorMessage": "AUC is below 0.9"}}
REGISTER = {
    "Name": "Register",
    "Type": "RegisterModel",
    "Arguments": {**requests.model_package(), "ModelMetrics": {"Bias": {}}},
}


def runner(sagemaker: Any, eventually: Eventually) -> Run:
    """Creates a pipeline of a definition, runs it and returns its ended execution."""

    def execute(text: str, *, start: dict[str, str] | None = None, **extra: Any) -> dict[str, Any]:
        sagemaker.create_pipeline(
            PipelineName="churn-train",
            PipelineDefinition=text,
            RoleArn=ROLE,
            ClientRequestToken="a" * 32,
            **extra,
        )
        return start_and_wait(sagemaker, eventually, start or {})

    return execute


def start_and_wait(
    sagemaker: Any, eventually: Eventually, parameters: dict[str, str]
) -> dict[str, Any]:
    arn = sagemaker.start_pipeline_execution(
        PipelineName="churn-train",
        PipelineParameters=[{"Name": k, "Value": v} for k, v in parameters.items()],
        ClientRequestToken=("b" * 32) + str(id(object())),
    )["PipelineExecutionArn"]
    return wait_for(sagemaker, eventually, arn)


def wait_for(sagemaker: Any, eventually: Eventually, arn: str) -> dict[str, Any]:
    def ended() -> Any:
        response = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return (
            response
            if response["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped")
            else 0
        )

    response: dict[str, Any] = eventually(ended)
    return response


def steps_of(sagemaker: Any, execution: dict[str, Any]) -> dict[str, dict[str, Any]]:
    arn = execution["PipelineExecutionArn"]
    response = sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=arn, SortOrder="Ascending", MaxResults=100
    )
    return {step["StepName"]: step for step in response["PipelineExecutionSteps"]}


def report(platform: FakePlatform, auc: float) -> Callable[[Any], dict[str, Any]]:
    """A processing job that writes evaluation.json to its output."""

    def write(job: Any) -> dict[str, Any]:
        output = job.request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        content = json.dumps({"metrics": {"auc": {"value": auc}}})
        platform.objects[f"{output}/evaluation.json"] = content.encode()
        return {}

    return write
