"""Requests of users, evaluated by IAM.

"Allowed" is any response but a denial, such as a resource that does not exist.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

PROJECT_TAGS = [{"Key": "sagemaker:project-name", "Value": "churn"}]
OTHERS_TAGS = [{"Key": "sagemaker:project-name", "Value": "fraud"}]
OWN_VPC = {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1"


def allowed(client: Any, operation: str, **request: Any) -> bool:
    """Returns True if IAM allows a request."""
    try:
        getattr(client, operation)(**request)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        return not (
            code in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
            or "not authorized to perform" in message
        )
    return True


def training_job(users: Any, **changed: Any) -> dict[str, Any]:
    key = users.outputs["KeyValue"]
    return {
        "TrainingJobName": "churn-by-hand",
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": users.outputs["JobsValue"],
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
