"""The default execution role of a domain."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.access import Permission, ServiceRole, acknowledge_wildcards
from mlops_constructs.access.personas._own_spaces import own_space_permissions

from .domain_base import DomainBase


def define_role(scope: Construct, encryption_key: kms.IKey) -> ServiceRole:
    """Returns a role that can write Studio's log and use volumes that the key encrypts."""
    return ServiceRole(
        scope,
        "ExecutionRole",
        service="sagemaker.amazonaws.com",
        description="Studio: opens applications in spaces of one domain",
        permissions=_studio_permissions(scope, encryption_key),
    )


def allow_studio(role: iam.IRole, domain: DomainBase, encryption_key: kms.IKey) -> None:
    """Allows an existing role to run applications in spaces of the domain."""
    _allow(role, _studio_permissions(domain, encryption_key))
    allow_own_spaces(role, domain)


def _studio_permissions(scope: Construct, encryption_key: kms.IKey) -> list[Permission]:
    log = cdk.Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name="/aws/sagemaker/studio:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        Permission(
            actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log],
            because="Studio creates a log stream for each application",
        ),
        Permission(
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            resources=[encryption_key.key_arn],
        ),
        # The volumes of spaces are encrypted through grants.
        Permission(
            actions=["kms:CreateGrant"],
            resources=[encryption_key.key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def allow_own_spaces(role: iam.IRole, domain: DomainBase) -> None:
    """Allows the users of a role to see the domain and to use their own and shared spaces."""
    permissions = [
        Permission(
            actions=[
                "sagemaker:DescribeApp",
                "sagemaker:DescribeDomain",
                "sagemaker:DescribeSpace",
                "sagemaker:DescribeUserProfile",
            ],
            resources=domain.resource_arns,
            because="Studio shows the spaces of the domain",
        ),
        Permission(
            actions=[
                "sagemaker:ListApps",
                "sagemaker:ListDomains",
                "sagemaker:ListSpaces",
                "sagemaker:ListUserProfiles",
            ],
            resources=["*"],
            because="the actions have no resource level",
        ),
        *own_space_permissions(
            apps=domain.arn_for_app("*"),
            spaces=domain.arn_for_space("*"),
            user_profiles=domain.arn_for_user_profile("*"),
        ),
    ]
    _allow(role, permissions)


def _allow(role: iam.IRole, permissions: Sequence[Permission]) -> None:
    for permission in permissions:
        role.add_to_principal_policy(permission.statement())
        acknowledge_wildcards(role, reason=permission.because, resources=permission.wildcards())
