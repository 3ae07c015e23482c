"""Permissions of execution roles that depend on the features of an endpoint."""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from mlops_constructs.access import Permission, acknowledge_wildcards

INVOKING = (
    "sagemaker:InvokeEndpoint",
    "sagemaker:InvokeEndpointWithResponseStream",
)
"""Synchronous invocations; IAM has a separate action for each form of the response."""


def grant(role: iam.IRole, permissions: Iterable[Permission]) -> None:
    """Adds permissions to a role; does not change an imported role."""
    for permission in permissions:
        iam.Grant.add_to_principal(
            grantee=role,
            actions=list(permission.actions),
            resource_arns=list(permission.resources),
            conditions={operator: dict(keys) for operator, keys in permission.conditions.items()},
        )
        acknowledge_wildcards(role, resources=permission.wildcards(), reason=permission.because)


def writing_logs(scope: IConstruct, log_group: str) -> Permission:
    """Returns the permission to write the logs of containers.

    A role without it can host a model, but the logs of a failing container are lost.

    Args:
        scope: construct in the account and region of the logs.
        log_group: log group below `/aws/sagemaker/`, or `<kind>/*` for all groups of a kind.

    Source: "How to use SageMaker AI execution roles", section CreateModel; "Log groups and streams
    that Amazon SageMaker AI sends to Amazon CloudWatch Logs".
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
        because="SageMaker names the log streams when containers start",
    )
