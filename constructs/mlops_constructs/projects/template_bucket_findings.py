"""Findings of security packs that are not sensible for where templates are published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

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
_PACKS = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321")
_OF_FUNCTION = {"LambdaConcurrency": _ONCE, "LambdaDLQ": _TOLD}
_OF_BUCKET = {"S3BucketLoggingEnabled": _READERS, "S3BucketReplicationEnabled": _REBUILT}


def acknowledge_function(function: lambda_.Function, *, outside: bool) -> None:
    """What packs ask of functions that serve requests; this one serves CloudFormation.

    Parameters:
        function: the function.
        outside: whether it is in no VPC.
    """
    serverless = {"Serverless-LambdaDLQ": _TOLD, "Serverless-LambdaTracing": _ONCE}
    checkov = {"CKV_AWS_115": _ONCE, "CKV_AWS_116": _TOLD}
    _acknowledge(function, _of_packs(_OF_FUNCTION) | serverless, checkov)
    if outside:
        _acknowledge(
            function, _of_packs({"LambdaInsideVPC": _OUTSIDE}), checkov | {"CKV_AWS_117": _OUTSIDE}
        )


def acknowledge_bucket(bucket: s3.Bucket) -> None:
    """What packs ask of buckets with people's data; this one holds what `cdk deploy` makes."""
    _acknowledge(
        bucket, _of_packs(_OF_BUCKET) | {"AwsSolutions-S1": _READERS}, {"CKV_AWS_18": _READERS}
    )


def _of_packs(rules: Mapping[str, str]) -> dict[str, str]:
    return {f"{pack}-{rule}": reason for rule, reason in rules.items() for pack in _PACKS}


def _acknowledge(
    construct: Construct, findings: Mapping[str, str], checkov: Mapping[str, str]
) -> None:
    cdk.Validations.of(construct).acknowledge(
        *(cdk.Acknowledgment(id=rule, reason=reason) for rule, reason in findings.items())
    )
    cast(cdk.CfnResource, construct.node.default_child).add_metadata(
        "checkov", {"skip": [{"id": rule, "comment": why} for rule, why in checkov.items()]}
    )
