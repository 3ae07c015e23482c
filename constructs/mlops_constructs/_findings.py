"""Findings of security packs and scanners that do not hold for a construct, each with its reason.

Every finding is acknowledged by its exact name, so that one which comes later is still reported.
"""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct

_HIPAA, _NIST, _PCI = "HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321"
_OF_CHECKOV = "CKV_"


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledges findings at the construct where they arise.

    Args:
        construct: a construct of one resource, or the resource itself. For an imported one, which
            has no resource in the template, checkov has nothing to skip.
        findings: reasons by the names of rules: cdk-nag's with their pack
            (`AwsSolutions-S1`), CloudFormation's as the CDK reports them, checkov's (`CKV_AWS_18`).
    """
    skipped = [
        {"id": rule, "comment": reason}
        for rule, reason in findings.items()
        if rule.startswith(_OF_CHECKOV)
    ]
    acknowledged = [
        cdk.Acknowledgment(id=rule, reason=reason)
        for rule, reason in findings.items()
        if not rule.startswith(_OF_CHECKOV)
    ]
    if acknowledged:
        cdk.Validations.of(construct).acknowledge(*acknowledged)
    if skipped:
        _skip_in_checkov(construct, skipped)


def _skip_in_checkov(construct: IConstruct, skipped: list[dict[str, str]]) -> None:
    """checkov reads the template, so it is told there."""
    resource = construct.node.default_child or construct
    if isinstance(resource, cdk.CfnResource):
        before = (resource.get_metadata("checkov") or {"skip": []})["skip"]
        added = [one for one in skipped if one not in before]
        resource.add_metadata("checkov", {"skip": [*before, *added]})


def in_security_packs(rule: str, reason: str) -> dict[str, str]:
    """A rule that the packs for HIPAA, NIST 800-53 R5 and PCI DSS share."""
    return {f"{pack}-{rule}": reason for pack in (_HIPAA, _NIST, _PCI)}


def without_access_log(reason: str) -> dict[str, str]:
    """What is reported of a bucket of which S3 writes no access log."""
    rules = ("AwsSolutions-S1", "CKV_AWS_18")
    return dict.fromkeys(rules, reason) | in_security_packs("S3BucketLoggingEnabled", reason)


def without_replica(reason: str) -> dict[str, str]:
    """What is reported of a bucket that is not copied to another region."""
    return in_security_packs("S3BucketReplicationEnabled", reason)


def alarm_without_action(reason: str) -> dict[str, str]:
    """What is reported of an alarm that has no action of its own."""
    return {f"{pack}-CloudWatchAlarmAction": reason for pack in (_HIPAA, _NIST)}


def seldom_called_function(
    *, concurrency: str, dead_letters: str, tracing: str, outside: str | None
) -> dict[str, str]:
    """What is asked of functions that serve requests, for one that hardly anything calls.

    Args:
        concurrency: why none is reserved.
        dead_letters: who hears of a failure without a queue.
        tracing: why X-Ray would show nothing.
        outside: why the function is in no VPC; None for one that is in a VPC.
    """
    findings = {
        "CKV_AWS_115": concurrency,
        **{f"{pack}-LambdaConcurrency": concurrency for pack in (_HIPAA, _NIST)},
        "CKV_AWS_116": dead_letters,
        **{f"{pack}-LambdaDLQ": dead_letters for pack in (_HIPAA, _NIST, "Serverless")},
        "Serverless-LambdaTracing": tracing,
    }
    if outside is not None:
        findings |= {"CKV_AWS_117": outside, **in_security_packs("LambdaInsideVPC", outside)}
    return findings
