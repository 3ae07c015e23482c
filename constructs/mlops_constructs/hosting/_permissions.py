"""What the role of a model may do beside what it was made for."""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import IConstruct

from mlops_constructs.access import Permission, acknowledge_wildcards

INVOKING = (
    "sagemaker:InvokeEndpoint",
    "sagemaker:InvokeEndpointWithResponseStream",
)
"""Requests whose caller waits for the answer: each form of it is an action of its own in IAM."""


def grant(role: iam.IRole, permissions: Iterable[Permission]) -> None:
    """Adds permissions to a role; a role that cannot be changed here is left alone."""
    for permission in permissions:
        iam.Grant.add_to_principal(
            grantee=role,
            actions=list(permission.actions),
            resource_arns=list(permission.resources),
            conditions={operator: dict(keys) for operator, keys in permission.conditions.items()},
        )
        acknowledge_wildcards(role, resources=permission.wildcards(), reason=permission.because)


def use_of_volumes(key: kms.IKey) -> list[Permission]:
    """What a role needs where SageMaker encrypts volumes of instances with a key.

    Source: CreateEndpointConfig, KmsKeyId; "Protect data at rest" of SageMaker's guide.
    """
    return [
        Permission(actions=["kms:DescribeKey"], resources=[key.key_arn]),
        Permission(
            actions=["kms:CreateGrant"],
            resources=[key.key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def writing_logs(scope: IConstruct, log_group: str) -> Permission:
    """What a role needs to write the logs of its containers.

    A role without it hosts all the same, and nobody sees why a container fails.

    Args:
        scope: whose account and region the logs are in.
        log_group: the group below `/aws/sagemaker/`, or `<kind>/*` for all of a kind.

    Source: "How to use SageMaker AI execution roles", section CreateModel; "Log groups and
    streams that Amazon SageMaker AI sends to Amazon CloudWatch Logs".
    """
    arn = cdk.Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"/aws/sagemaker/{log_group}",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return Permission(
        actions=[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
        resources=[arn] if log_group.endswith("*") else [arn, f"{arn}:*"],
        because="SageMaker names the streams of a log when containers start",
    )
