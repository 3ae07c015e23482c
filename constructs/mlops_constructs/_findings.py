"""Acknowledged findings of security packs and scanners, each with its reason.

Every finding is acknowledged by its exact name, so that new findings are still reported.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct

_HIPAA, _NIST, _PCI = "HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321"
_OF_CHECKOV = "CKV_"


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledges findings at the construct where they arise.

    Args:
        construct: construct of one resource, or the resource itself. For an imported one, which has
            no resource in the template, checkov has nothing to skip.
        findings: reasons by the names of rules: cdk-nag's with their pack (`AwsSolutions-S1`),
            CloudFormation's as the CDK reports them, checkov's (`CKV_AWS_18`).

    Example:
        ```python
        acknowledge(bucket, without_replica("the data is reproducible"))
        ```
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
    """Adds skips to the metadata of the resource, since checkov reads the template."""
    resource = construct.node.default_child or construct
    if isinstance(resource, cdk.CfnResource):
        before = (resource.get_metadata("checkov") or {"skip": []})["skip"]
        added = [one for one in skipped if one not in before]
        resource.add_metadata("checkov", {"skip": [*before, *added]})


def skip_in_cfn_lint(resource: cdk.CfnResource, *rules: str) -> None:
    """Skips rules of cfn-lint for a resource.

    Args:
        resource: the resource.
        *rules: names of the rules, such as W3005.
    """
    before = (resource.get_metadata("cfn-lint") or {"config": {"ignore_checks": []}})["config"]
    skipped = list(dict.fromkeys([*before["ignore_checks"], *rules]))
    resource.add_metadata("cfn-lint", {"config": {"ignore_checks": skipped}})


def in_security_packs(rule: str, reason: str) -> dict[str, str]:
    """Returns a rule that the packs for HIPAA, NIST 800-53 R5 and PCI DSS share.

    Args:
        rule: name of the rule without its pack, such as "S3BucketLoggingEnabled".
        reason: reason why the finding does not apply.
    """
    return {f"{pack}-{rule}": reason for pack in (_HIPAA, _NIST, _PCI)}


def without_access_log(reason: str) -> dict[str, str]:
    """Returns the findings of a bucket without server access logs.

    Args:
        reason: reason why the bucket has none.
    """
    rules = ("AwsSolutions-S1", "CKV_AWS_18")
    return dict.fromkeys(rules, reason) | in_security_packs("S3BucketLoggingEnabled", reason)


def without_replica(reason: str) -> dict[str, str]:
    """Returns the findings of a bucket without cross-region replication.

    Args:
        reason: reason why the bucket has none.
    """
    return in_security_packs("S3BucketReplicationEnabled", reason)


def alarm_without_action(reason: str) -> dict[str, str]:
    """Returns the findings of an alarm without an action."""
    return {f"{pack}-CloudWatchAlarmAction": reason for pack in (_HIPAA, _NIST)}


def seldom_called_function(
    *, concurrency: str, dead_letters: str, tracing: str, outside: str | None
) -> dict[str, str]:
    """Returns the findings of a function that is rarely invoked, for the settings of busy ones.

    Args:
        concurrency: reason why no concurrency is reserved.
        dead_letters: reason why it has no dead-letter queue.
        tracing: reason why it has no X-Ray tracing.
        outside: reason why it is not in a VPC; None for one that is in a VPC.
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
