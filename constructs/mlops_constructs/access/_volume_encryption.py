"""Permissions to use encrypted volumes."""

from aws_cdk import aws_kms as kms

from mlops_constructs._attributes import key_arn

from .permission import Permission


def volume_permissions(key: kms.IKey) -> list[Permission]:
    """Lets a role start applications whose volumes the key encrypts.

    SageMaker uses the key through a grant that it creates in the name of the role.

    Args:
        key: KMS key of a domain, for the volumes of its spaces.

    Source: "Protect Data at Rest Using Encryption" in the Developer Guide; "Amazon EBS encryption"
    in EC2's guide, for the permissions.
    """
    return [
        Permission(
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
            ],
            resources=[key_arn(key)],
        ),
        grants_for_resources([key_arn(key)]),
    ]


def grants_for_resources(keys: list[str]) -> Permission:
    """Lets AWS use keys for resources that a role starts, through a grant."""
    return Permission(
        actions=["kms:CreateGrant"],
        resources=keys,
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )
