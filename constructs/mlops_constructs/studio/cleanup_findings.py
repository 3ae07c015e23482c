"""Findings of security packs that are not sensible for the function that clears Studio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

_INSIDE = (
    "CKV_AWS_117",
    "HIPAA.Security-LambdaInsideVPC",
    "NIST.800.53.R5-LambdaInsideVPC",
    "PCI.DSS.321-LambdaInsideVPC",
)
_NOT_SENSIBLE = {
    ("CKV_AWS_115", "HIPAA.Security-LambdaConcurrency", "NIST.800.53.R5-LambdaConcurrency"): (
        "it runs once for each deletion; reserved concurrency would take from the account's other "
        "functions, and a new account has none to give"
    ),
    (
        "CKV_AWS_116",
        "HIPAA.Security-LambdaDLQ",
        "NIST.800.53.R5-LambdaDLQ",
        "Serverless-LambdaDLQ",
    ): (
        "CloudFormation waits for its answer and shows a failure in the stack's events; a queue "
        "would be deleted with the stack"
    ),
    _INSIDE: (
        "it calls only the APIs of SageMaker, EFS and EC2, none of which is in the VPC; inside, "
        "its network interfaces would hold the VPC that the stack is about to delete. Where it has "
        "to be inside, the domain's `function_network` places it"
    ),
    ("Serverless-LambdaTracing",): (
        "it is called by CloudFormation alone, and its log says what it waited for"
    ),
}
_PLAIN_LOG = (
    "CKV_AWS_158",
    "HIPAA.Security-CloudWatchLogGroupEncrypted",
    "NIST.800.53.R5-CloudWatchLogGroupEncrypted",
    "PCI.DSS.321-CloudWatchLogGroupEncrypted",
)


def acknowledge_function(function: lambda_.Function, *, outside: bool) -> None:
    """What the packs ask of functions that serve requests; this one serves CloudFormation.

    Parameters:
        function: the function.
        outside: whether it is in no VPC.
    """
    for rules, reason in _NOT_SENSIBLE.items():
        if outside or rules != _INSIDE:
            _acknowledge(function, rules, reason)


def acknowledge_plain_log(log: logs.LogGroup) -> None:
    """A log that no key of the account encrypts."""
    _acknowledge(
        log,
        _PLAIN_LOG,
        "the domain, and so its key, is not of this construct; what is logged is what has gone "
        "wrong with which application",
    )


def _acknowledge(construct: Construct, rules: Sequence[str], reason: str) -> None:
    """Acknowledges rules of cdk-nag, and of checkov, which looks into the template."""
    named = [rule for rule in rules if not rule.startswith("CKV_")]
    cdk.Validations.of(construct).acknowledge(
        *(cdk.Acknowledgment(id=rule, reason=reason) for rule in named)
    )
    resource = cast(cdk.CfnResource, construct.node.default_child)
    skipped = [{"id": rule, "comment": reason} for rule in rules if rule not in named]
    before = resource.get_metadata("checkov") or {"skip": []}
    resource.add_metadata("checkov", {"skip": [*before["skip"], *skipped]})
