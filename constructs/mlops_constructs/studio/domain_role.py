"""The role with which people of a domain work, where none is given."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.access import Permission, ServiceRole, acknowledge_wildcards

from .domain_base import DomainBase


def define_role(scope: Construct, encryption_key: kms.IKey) -> ServiceRole:
    """The role, able to write Studio's log and to use volumes that the key encrypts."""
    log = cdk.Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name="/aws/sagemaker/studio:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return ServiceRole(
        scope,
        "ExecutionRole",
        service="sagemaker.amazonaws.com",
        description="Studio: opens applications in private spaces of one domain",
        permissions=[
            Permission(
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log],
                because="Studio names a log stream for each application",
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
        ],
    )


def allow_private_spaces(role: ServiceRole, domain: DomainBase) -> None:
    """Lets a person see the domain, and make and use private spaces of their own in it.

    The variables are those of the session that Studio makes for a person: "Scope-down execution
    roles with IAM condition keys", and "Studio spaces" in the Developer Guide.
    """
    own_profile = domain.arn_for_user_profile("${sagemaker:UserProfileName}")
    own = {
        "ArnLike": {"sagemaker:OwnerUserProfileArn": own_profile},
        "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
    }
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
            actions=["sagemaker:ListApps", "sagemaker:ListDomains", "sagemaker:ListSpaces"],
            resources=["*"],
            because="the authorisation reference has no resource level for them",
        ),
        Permission(
            actions=[
                "sagemaker:CreateApp",
                "sagemaker:CreateSpace",
                "sagemaker:DeleteApp",
                "sagemaker:DeleteSpace",
                "sagemaker:UpdateSpace",
            ],
            resources=[domain.arn_for_app("*"), domain.arn_for_space("*")],
            conditions=own,
            because="people name their spaces; the condition leaves each their own",
        ),
        Permission(
            actions=["sagemaker:AddTags"],
            resources=[domain.arn_for_app("*"), domain.arn_for_space("*")],
            conditions={"Null": {"sagemaker:TaggingAction": "false"}},
            because="what a person makes gets the domain's tags while it is made, and only then",
        ),
    ]
    for permission in permissions:
        role.add_to_principal_policy(permission.statement())
        acknowledge_wildcards(role, reason=permission.because, resources=permission.wildcards())
