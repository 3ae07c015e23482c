"""Permissions of a monitor's runs, with least privilege."""

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from mlops_constructs._environment import environment_of
from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission

from ._stored import StoredFile, StoredPrefix
from .monitoring_image import ACCOUNTS_OF, MERGER, REPOSITORIES, image_accounts

NAMESPACE = "MLOps/DriftMonitor"
"""The default namespace of a drift monitor. CloudWatch reserves namespaces that begin with AWS/ for
AWS services, and does not document how it handles aws/. Source: PutMetricData of its API
reference."""


def read_prefix(source: StoredPrefix) -> Iterator[Permission]:
    """Yields the permissions to list and read the objects below a prefix."""
    yield Permission(
        actions=["s3:GetObject"],
        resources=[source.bucket.arn_for_objects(f"{source.prefix}/*")],
        because="the keys are generated when traffic is captured or labels arrive",
    )
    yield Permission(
        actions=["s3:ListBucket"],
        resources=[source.bucket.bucket_arn],
        conditions={"StringLike": {"s3:prefix": [source.prefix, f"{source.prefix}/*"]}},
    )


def read_files(files: Sequence[StoredFile]) -> Iterator[Permission]:
    """Yields the permissions to read objects; SageMaker lists an input before it copies it."""
    if not files:
        return
    yield Permission(
        actions=["s3:GetObject"], resources=list(dict.fromkeys(file.arn for file in files))
    )
    keys: dict[str, list[str]] = {}
    for file in files:
        keys.setdefault(file.bucket.bucket_arn, []).append(file.key)
    for bucket_arn, listed in keys.items():
        yield Permission(
            actions=["s3:ListBucket"],
            resources=[bucket_arn],
            conditions={"StringEquals": {"s3:prefix": list(dict.fromkeys(listed))}},
        )


def write_reports(bucket: s3.IBucket, prefix: str) -> Iterator[Permission]:
    """Yields the permission to write reports below a prefix."""
    yield Permission(
        actions=["s3:PutObject"],
        resources=[bucket.arn_for_objects(f"{prefix}/*")],
        because="the keys of reports contain the time of their run",
    )


PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def pull_image(repository_arn: str) -> Iterator[Permission]:
    """Yields the permissions to pull one image, which SageMaker does with the role of the run."""
    yield Permission(actions=PULL, resources=[repository_arn])
    yield Permission(
        actions=["ecr:GetAuthorizationToken"],
        resources=["*"],
        because="the action has no resource level; it returns a token of the registry",
    )


def put_metrics(namespaces: Sequence[str]) -> Iterator[Permission]:
    """Yields the permission to publish metrics in namespaces."""
    yield Permission(
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
        because="the action has no resource level; the condition names the namespaces",
    )


def explain_with_shadow_endpoint(scope: Construct) -> Iterator[Permission]:
    """Yields the permissions for the temporary endpoint at which Clarify serves the model."""
    stack = cdk.Stack.of(scope)
    yield Permission(
        actions=[
            "sagemaker:CreateEndpoint",
            "sagemaker:CreateEndpointConfig",
            "sagemaker:DeleteEndpoint",
            "sagemaker:DeleteEndpointConfig",
            "sagemaker:DescribeEndpoint",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:InvokeEndpoint",
        ],
        resources=[
            stack.format_arn(service="sagemaker", resource=resource, resource_name="sm-clarify-*")
            for resource in ("endpoint", "endpoint-config")
        ],
        because="Clarify generates the name of its endpoint for each run",
    )
    yield Permission(
        actions=["sagemaker:DescribeModel"],
        resources=[stack.format_arn(service="sagemaker", resource="model", resource_name="*")],
        because="the analysis configuration names the model",
    )


def merger_repository_arn(scope: IConstruct, *, account: str) -> str:
    """Returns the ARN of AWS's image that merges labels before a run of Model Monitor.

    Args:
        scope: construct whose stack has the region.
        account: account of the image, or a wildcard.
    """
    return environment_of(scope).arn(
        service="ecr", account=account, resource="repository", name=REPOSITORIES[MERGER]
    )


def merger_account(scope: IConstruct) -> str | None:
    """Returns the account of AWS's image that merges labels; None in a region without the image.

    It is a wildcard where only CloudFormation knows the region: a mapping would make the template
    fail in regions without the image.

    Args:
        scope: construct whose stack has the region.
    """
    region = environment_of(scope).region
    return image_accounts()[ACCOUNTS_OF[MERGER]].get(region) if is_known(region) else "*"
