"""Findings of security packs that are not sensible for where templates are published."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from mlops_constructs._findings import (
    acknowledge,
    seldom_called_function,
    without_access_log,
    without_replica,
)

_ONCE = "CloudFormation calls the function, once for each template that has changed"
_TOLD = "CloudFormation waits for the function's answer and shows a failure in the stack's events"
_OUTSIDE = (
    "the function calls S3 alone, and has nothing to do inside of a network; where it has to be "
    "inside, the bucket's `function_network` places it"
)
_READERS = (
    "the bucket holds templates that are public within the account; CloudTrail records who "
    "publishes and who creates projects from them"
)
_REBUILT = "`cdk deploy` publishes every template again"


def acknowledge_function(function: lambda_.Function, *, outside: bool) -> None:
    """What packs ask of functions that serve requests; this one serves CloudFormation.

    Args:
        function: the function.
        outside: whether it is in no VPC.
    """
    findings = seldom_called_function(
        concurrency=_ONCE,
        dead_letters=_TOLD,
        tracing=_ONCE,
        outside=_OUTSIDE if outside else None,
    )
    acknowledge(function, findings)


def acknowledge_bucket(bucket: s3.Bucket) -> None:
    """What packs ask of buckets with people's data; this one holds what `cdk deploy` makes."""
    acknowledge(bucket, {**without_access_log(_READERS), **without_replica(_REBUILT)})
