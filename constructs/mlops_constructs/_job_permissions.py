"""Permissions that roles of jobs need for keys, volumes and logs."""

from collections.abc import Iterator, Sequence

from aws_cdk import aws_kms as kms
from constructs import Construct

from ._attributes import key_arn
from ._environment import environment_of
from .access import Permission

_JOB_LOGS = "/aws/sagemaker/ProcessingJobs"


def use_keys(keys: Sequence[kms.IKey | None]) -> Iterator[Permission]:
    """Yields permissions to use the keys of inputs, outputs and volumes."""
    arns = list(dict.fromkeys(key_arn(key) for key in keys if key is not None))
    if not arns:
        return
    yield Permission(
        actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], resources=arns
    )
    # SageMaker encrypts the volumes of a job through a grant.
    yield Permission(
        actions=["kms:CreateGrant"],
        resources=arns,
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )


def use_of_volumes(key: kms.IKey) -> list[Permission]:
    """Returns the permissions to use a KMS key for volumes of instances.

    Source: CreateEndpointConfig, KmsKeyId; "Protect data at rest" of SageMaker's guide.
    """
    return [
        Permission(actions=["kms:DescribeKey"], resources=[key_arn(key)]),
        Permission(
            actions=["kms:CreateGrant"],
            resources=[key_arn(key)],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def write_logs(scope: Construct) -> Iterator[Permission]:
    """Yields the permission to write the logs of the jobs."""
    stack = environment_of(scope)
    yield Permission(
        actions=[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
        resources=[
            stack.arn(
                service="logs",
                resource="log-group",
                name=f"{_JOB_LOGS}{suffix}",
                separator=":",
            )
            for suffix in ("", ":*")
        ],
        because="log streams are named for jobs that do not exist yet",
    )
