"""Requests that AWS would take, to vary in tests."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.fakes import ROLE

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:abc"

FOLDER = {
    "Image": IMAGE,
    "ModelDataSource": {
        "S3DataSource": {
            "S3Uri": "s3://b/m/",
            "S3DataType": "S3Prefix",
            "CompressionType": "None",
        }
    },
}
"""A container whose model data is a folder of uncompressed files."""

MULTI_MODEL = {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": "s3://b/m/"}
"""A container of many models."""

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}


def model(name: str = "churn") -> dict[str, Any]:
    return {
        "ModelName": name,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"},
    }


def endpoint_config(
    name: str = "config", model_name: str = "churn", **extra: Any
) -> dict[str, Any]:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model_name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant], **extra}


def processing_job(name: str = "prepare") -> dict[str, Any]:
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 10,
            }
        },
    }


def training_definition() -> dict[str, Any]:
    return {
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "auc", "Regex": "auc=(.*)"}],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def training_job(name: str = "train") -> dict[str, Any]:
    return {"TrainingJobName": name, **training_definition()}


def tuning_job(name: str = "tune") -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
        },
        "TrainingJobDefinition": training_definition(),
    }


def model_package(group: str = "churn", **extra: Any) -> dict[str, Any]:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}
    return {
        "ModelPackageGroupName": group,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        **extra,
    }


REQUIREMENTS = {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 1024}


def component(name: str = "churn-a", **changes: Any) -> dict[str, Any]:
    return {
        "InferenceComponentName": name,
        "EndpointName": "fleet",
        "VariantName": "AllTraffic",
        "Specification": {"ModelName": "churn", "ComputeResourceRequirements": REQUIREMENTS},
        "RuntimeConfig": {"CopyCount": 1},
        **changes,
    }


def fleet_config(name: str = "fleet-config", **scaling: Any) -> dict[str, Any]:
    config = endpoint_config(name, ExecutionRoleArn=ROLE)
    variant = config["ProductionVariants"][0]
    del variant["ModelName"]
    variant["InstanceType"] = "ml.m5.large"
    variant["ManagedInstanceScaling"] = {
        "Status": "ENABLED",
        "MinInstanceCount": 0,
        "MaxInstanceCount": 2,
        **scaling,
    }
    return config


def variant(name: str, **changes: Any) -> dict[str, Any]:
    given = endpoint_config()["ProductionVariants"][0]
    return {**given, "VariantName": name, **changes}


def serverless(**changes: Any) -> dict[str, Any]:
    return {
        "VariantName": "AllTraffic",
        "ModelName": "churn",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1, **changes},
    }
