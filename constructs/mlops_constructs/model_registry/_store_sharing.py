"""Statements that let principals of other accounts read model data and pull images."""

from collections.abc import Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3


def share_model_data(
    bucket: s3.IBucket, prefix: str, principals: Sequence[iam.IPrincipal]
) -> list[str]:
    """Allows principals to read model data; returns one message per problem.

    Args:
        bucket: bucket of the model data.
        prefix: prefix of the model data.
        principals: accounts, or one principal with conditions.
    """
    statements = [
        iam.PolicyStatement(
            principals=list(principals),
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects(f"{prefix}*")],
        ),
        iam.PolicyStatement(
            principals=list(principals),
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": f"{prefix}*"}},
        ),
    ]
    results = [bucket.add_to_resource_policy(statement) for statement in statements]
    return [] if all(result.statement_added for result in results) else [_imported("bucket")]


def share_image(repository: ecr.IRepository, principals: Sequence[iam.IPrincipal]) -> list[str]:
    """Allows principals to pull images; returns one message per problem.

    Args:
        repository: repository of the images.
        principals: accounts, or one principal with conditions.
    """
    statement = iam.PolicyStatement(
        principals=list(principals),
        actions=[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
    )
    added = repository.add_to_resource_policy(statement).statement_added
    return [] if added else [_imported("repository")]


def share_key(key: kms.IKey, principals: Sequence[iam.IPrincipal]) -> list[str]:
    """Allows principals to decrypt with a key; returns one message per problem.

    Args:
        key: key of the model data.
        principals: accounts, or one principal with conditions.
    """
    statement = iam.PolicyStatement(
        principals=list(principals),
        actions=["kms:Decrypt", "kms:DescribeKey"],
        resources=["*"],  # in a key's policy: that key
    )
    added = key.add_to_resource_policy(statement).statement_added
    return [] if added else [_imported("key")]


def _imported(store: str) -> str:
    return (
        f"share_stores: got an imported {store}, whose policy this app does not define; share it "
        "in the app that defines it"
    )
