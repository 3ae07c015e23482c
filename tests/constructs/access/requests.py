"""Requests of people, and whether IAM lets them through.

"Allowed" is any answer but a denial: that the resource does not exist, say.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

PROJECT_TAGS = [{"Key": "sagemaker:project-name", "Value": "churn"}]
OTHERS_TAGS = [{"Key": "sagemaker:project-name", "Value": "fraud"}]
OWN_VPC = {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1"


def allowed(client: Any, operation: str, **request: Any) -> bool:
    """Whether IAM lets a request through."""
    try:
        getattr(client, operation)(**request)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        return not (
            code in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
            or "not authorized to perform" in message
        )
    return True


def training_job(people: Any, **changed: Any) -> dict[str, Any]:
    key = people.outputs["KeyValue"]
    return {
        "TrainingJobName": "churn-by-hand",
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": people.outputs["JobsValue"],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/", "KmsKeyId": key},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
            "VolumeKmsKeyId": key,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "VpcConfig": OWN_VPC,
        "EnableInterContainerTrafficEncryption": True,
        "Tags": PROJECT_TAGS,
        **changed,
    }
