"""The function that publishes project templates, and what it may do."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._function_permissions import attach_to
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.network import NetworkBase
from mlops_constructs.network._function_network import placed_in, wait_for_network

from .template_bucket_findings import acknowledge_function

_RUNTIME = Path(__file__).parent / "runtime"
_HANDLER = "publish_template"


class TemplatePublisher:
    """Makes the function of a template bucket, its log and its role, beside the bucket.

    Args:
        scope: the template bucket.
        bucket: where templates are published, encrypted with a key of its own.
        prefix: below which they are.
        log_key: encrypts the log.
        network: where the function runs; None for no VPC.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        bucket: s3.Bucket,
        prefix: str,
        log_key: kms.IKey,
        network: NetworkBase | None,
    ) -> None:
        log = logs.LogGroup(
            scope,
            "PublisherLog",
            encryption_key=log_key,
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.role = ServiceRole(
            scope,
            "PublisherRole",
            service="lambda.amazonaws.com",
            description="Lambda: publishes project templates",
            permissions=[
                Permission(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log.log_group_arn],
                ),
                *_publishing(bucket, prefix),
                *attach_to(network, scope),
            ],
        )
        self.function = lambda_.Function(
            scope,
            "Publisher",
            description="Publishes project templates with the tag that Studio looks for",
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler=f"{_HANDLER}.handler",
            code=lambda_.Code.from_asset(str(_RUNTIME), exclude=["*", f"!{_HANDLER}.py"]),
            role=self.role.fixed,
            log_group=log,
            timeout=cdk.Duration.minutes(1),
            memory_size=256,
            **placed_in(network),
        )
        wait_for_network(self.function, network)
        acknowledge_function(self.function, outside=network is None)


def _publishing(bucket: s3.Bucket, prefix: str) -> list[Permission]:
    keys = [bucket.encryption_key.key_arn] if bucket.encryption_key else []
    return [
        Permission(
            actions=[
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:PutObject",
                "s3:PutObjectTagging",
            ],
            resources=[bucket.arn_for_objects(f"{prefix}*")],
            because="one function publishes all templates of the bucket",
        ),
        Permission(actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn]),
        Permission(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=keys),
    ]
