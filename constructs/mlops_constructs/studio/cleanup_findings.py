"""Findings of security packs that are not sensible for the function that clears Studio."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from mlops_constructs._findings import acknowledge, in_security_packs, seldom_called_function

_OUTSIDE = (
    "it calls only the APIs of SageMaker, EFS and EC2, none of which is in the VPC; inside, its "
    "network interfaces would hold the VPC that the stack is about to delete. Where it has to be "
    "inside, the domain's `function_network` places it"
)
_PLAIN_LOG = (
    "the domain, and so its key, is not of this construct; what is logged is what has gone wrong "
    "with which application"
)


def acknowledge_function(function: lambda_.Function, *, outside: bool) -> None:
    """What the packs ask of functions that serve requests; this one serves CloudFormation.

    Args:
        function: the function.
        outside: whether it is in no VPC.
    """
    findings = seldom_called_function(
        concurrency="it runs once for each deletion; reserved concurrency would take from the "
        "account's other functions, and a new account has none to give",
        dead_letters="CloudFormation waits for its answer and shows a failure in the stack's "
        "events; a queue would be deleted with the stack",
        tracing="it is called by CloudFormation alone, and its log says what it waited for",
        outside=_OUTSIDE if outside else None,
    )
    acknowledge(function, findings)


def acknowledge_plain_log(log: logs.LogGroup) -> None:
    """A log that no key of the account encrypts."""
    encrypted = in_security_packs("CloudWatchLogGroupEncrypted", _PLAIN_LOG)
    acknowledge(log, {"CKV_AWS_158": _PLAIN_LOG, **encrypted})
