"""Function that publishes project templates."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._findings import acknowledge, seldom_called_function
from mlops_constructs._function_permissions import attach_to
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.network import NetworkBase
from mlops_constructs.network._function_network import placed_in, wait_for_network

_RUNTIME = Path(__file__).parents[1] / "runtime"
_HANDLER = "publish_template"
_ONCE = "CloudFormation invokes the function once for each changed template"
_REPORTED = "CloudFormation waits for the response and reports a failure in the stack's events"
_OUTSIDE = (
    "the function only calls S3 and needs no access to a VPC; the bucket's `function_network` "
    "places it in one"
)


class TemplatePublisher:
    """Creates the function of a template bucket, its log group and its role.

    Args:
        scope: the template bucket.
        bucket: bucket in which templates are published, encrypted with a customer managed key.
        prefix: prefix of the published keys.
        log_key: key that encrypts the log group.
        network: network of the function; None for no VPC.
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
            description="Publishes project templates with the tag that Studio requires",
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
        acknowledge(
            self.function,
            seldom_called_function(
                concurrency=_ONCE,
                dead_letters=_REPORTED,
                tracing=_ONCE,
                outside=_OUTSIDE if network is None else None,
            ),
        )


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
