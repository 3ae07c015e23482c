"""A pipeline that tunes, evaluates and registers; the program of its image; a stack that serves."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.conftest import ACCOUNT, REGION
from tests.rehearsal.services.sagemaker.gateway import (
    BUCKET,
    wait,
)

PIPELINE_STATEMENTS = (
    {
        "Action": [
            "sagemaker:Create*",
            "sagemaker:Describe*",
            "sagemaker:Stop*",
            "sagemaker:AddTags",
        ],
        "Resource": [
            f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/*"
            for kind in (
                "processing-job",
                "hyper-parameter-tuning-job",
                "training-job",
                "model-package",
                "model-package-group",
            )
        ],
    },
    {"Action": "sagemaker:ListTrainingJobsForHyperParameterTuningJob"},
    {"Action": "iam:PassRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/churn-training"},
)
PROGRAM = """
import http.server, json, os, pathlib, sys

ml = pathlib.Path("/opt/ml")

def train():
    depth = int(json.loads((ml / "input/config/hyperparameters.json").read_text())["depth"])
    (ml / "model/depth.txt").write_text(str(depth))
    print(f"validation-auc={0.9 + depth / 100}")

def evaluate():
    source = ml / "processing/model"
    assert (source / "model.tar.gz").exists(), list(source.iterdir())
    report = {"binary_classification_metrics": {"auc": {"value": 0.95}}}
    (ml / "processing/report/evaluation.json").write_text(json.dumps(report))

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"bad":
            return self.reply(400, b"row 1: not a number")
        depth = (ml / "model/depth.txt").read_text()
        self.reply(200, f"{body.decode()} -> {depth}".encode())

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def serve():
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    http.server.ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()

def check():
    rows = (ml / "processing/input/data.csv").read_text().split()
    output = pathlib.Path(os.environ["output_path"])
    (output / "statistics.json").write_text(json.dumps({"rows": len(rows)}))
    (output / "constraints.json").write_text(json.dumps({"rows": len(rows)}))
    if "baseline_constraints" in os.environ:
        baseline = json.loads(pathlib.Path(os.environ["baseline_constraints"]).read_text())
        violations = [] if len(rows) >= baseline["rows"] else [{"description": "too few rows"}]
        (output / "constraint_violations.json").write_text(json.dumps({"violations": violations}))

{"train": train, "serve": serve, "evaluate": evaluate, "check": check}[sys.argv[1]]()
"""


def run(sagemaker: Any, pipeline: str) -> dict[str, Any]:
    arn = sagemaker.start_pipeline_execution(PipelineName=pipeline)["PipelineExecutionArn"]
    return ended(sagemaker, arn)


def ended(sagemaker: Any, arn: str) -> dict[str, Any]:
    """An execution once it has ended, with its steps by name."""

    def found() -> Any:
        response = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return response if response["PipelineExecutionStatus"] != "Executing" else None

    response: dict[str, Any] = wait(found)
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    response["steps"] = {step["StepName"]: step for step in steps["PipelineExecutionSteps"]}
    return response


def definition(image: str, role: str) -> dict[str, Any]:
    model = {
        "Std:Join": {
            "On": "/",
            "Values": [
                "s3:/",
                BUCKET,
                "models",
                {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"},
                "output/model.tar.gz",
            ],
        }
    }
    report = {
        "Std:Join": {
            "On": "/",
            "Values": [f"s3://{BUCKET}/runs", {"Get": "Execution.PipelineExecutionId"}],
        }
    }
    auc = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
            "Path": "binary_classification_metrics.auc.value",
        }
    }
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "churn",
            "InferenceSpecification": {
                "Containers": [{"Image": image, "ModelDataUrl": model}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        },
    }
    fail = {"Name": "TooBad", "Type": "Fail", "Arguments": {"ErrorMessage": "too bad"}}
    condition = {"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": 0.9}
    return {
        "Version": "2020-12-01",
        "Steps": [
            {"Name": "Tune", "Type": "Tuning", "Arguments": tuning(image, role)},
            {
                "Name": "Evaluate",
                "Type": "Processing",
                "Arguments": evaluation(image, role, model, report),
                "PropertyFiles": [
                    {
                        "PropertyFileName": "Report",
                        "OutputName": "report",
                        "FilePath": "evaluation.json",
                    }
                ],
            },
            {
                "Name": "Check",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [condition],
                    "IfSteps": [register],
                    "ElseSteps": [fail],
                },
            },
        ],
    }


def tuning(image: str, role: str) -> dict[str, Any]:
    depth = {"Name": "depth", "MinValue": "1", "MaxValue": "5"}
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
            "ParameterRanges": {"IntegerParameterRanges": [depth]},
        },
        "TrainingJobDefinition": {
            "RoleArn": role,
            "AlgorithmSpecification": {
                "TrainingImage": image,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "auc", "Regex": "validation-auc=([0-9.]+)"}],
            },
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "ResourceConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
    }


def evaluation(image: str, role: str, model: Any, report: Any) -> dict[str, Any]:
    return {
        "RoleArn": role,
        "AppSpecification": {"ImageUri": image, "ContainerArguments": ["evaluate"]},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
            }
        },
        "ProcessingInputs": [
            {
                "InputName": "model",
                "S3Input": {
                    "S3Uri": model,
                    "LocalPath": "/opt/ml/processing/model",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": report,
                        "LocalPath": "/opt/ml/processing/report",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }


def quality_check(image: str, role: str, data: Any, **members: Any) -> dict[str, Any]:
    """A step whose job is of the program above."""
    arguments = evaluation(image, role, data, f"s3://{BUCKET}/checks")
    arguments["AppSpecification"]["ContainerArguments"] = ["check"]
    arguments["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/processing/input"
    arguments["Environment"] = {"output_path": "/opt/ml/processing/report"}
    return {
        "Name": "Quality",
        "Type": "QualityCheck",
        "CheckType": "DATA_QUALITY",
        "Arguments": arguments,
        **members,
    }


def resources(package: str, role: str, **config: Any) -> dict[str, Any]:
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialVariantWeight": 1.0,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    return {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": role,
                "PrimaryContainer": {"ModelPackageName": package},
            },
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [variant],
                "DataCaptureConfig": capture,
                **config,
            },
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "churn-staging",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            },
        },
    }
