"""The default role of an MLflow App."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.access import PROJECT_TAG, Permission, ServiceRole
from mlops_constructs.access._model_approval import NO_APPROVAL

_NAMED_BY_USERS = "MLflow names the group after the model, which users name"
_OF_NO_PROJECT = {"Null": {f"aws:ResourceTag/{PROJECT_TAG}": "true"}}
"""Groups of projects have the tag, and their versions have the tags of the group."""


def define_mlflow_role(
    scope: Construct, *, bucket: s3.IBucket, prefix: str, registers_models: bool
) -> ServiceRole:
    """Returns a role that reads and writes artifacts and, if required, registers models.

    Source: "Set up IAM permissions for MLflow" in the Developer Guide, whose sample policy allows
    whole buckets.
    """
    return ServiceRole(
        scope,
        "Role",
        service="sagemaker.amazonaws.com",
        description="MLflow App: stores artifacts of runs",
        permissions=[
            *_artifacts(bucket, prefix),
            *(_registration(scope) if registers_models else ()),
        ],
    )


def _artifacts(bucket: s3.IBucket, prefix: str) -> list[Permission]:
    key = bucket.encryption_key
    allowed = [
        Permission(
            actions=["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            resources=[bucket.arn_for_objects(f"{prefix}/*")],
            because="MLflow names the artifacts of runs",
        ),
        # Without a condition on the prefix, as in AWS's policy: CreateMlflowApp checks that the
        # bucket exists with HeadBucket, a request without a prefix.
        Permission(
            actions=["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            resources=[bucket.bucket_arn],
        ),
        Permission(
            actions=["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            resources=[bucket.arn_for_objects(f"{prefix}/*")],
            because="MLflow names the artifacts of runs",
        ),
    ]
    if key is not None:
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        allowed.append(Permission(actions=actions, resources=[key.key_arn]))
    return allowed


def _registration(scope: Construct) -> list[Permission]:
    stack = cdk.Stack.of(scope)
    resources = [
        stack.format_arn(service="sagemaker", resource=resource, resource_name="*")
        for resource in ("model-package", "model-package-group")
    ]
    return [
        Permission(
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreateModelPackageGroup",
                "sagemaker:DescribeModelPackageGroup",
            ],
            resources=resources,
            conditions=_OF_NO_PROJECT,
            because=_NAMED_BY_USERS,
        ),
        # Any user who tracks runs registers models with this role, so it must not approve them.
        Permission(
            actions=["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"],
            resources=resources,
            conditions={**_OF_NO_PROJECT, **NO_APPROVAL},
            because=_NAMED_BY_USERS,
        ),
    ]
