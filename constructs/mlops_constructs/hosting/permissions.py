"""What the role of a model may do beside what it was made for."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs.access import Permission, acknowledge_wildcards


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
