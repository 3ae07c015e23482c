"""Which roles of a template can start what without a guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ENCRYPTED = {"VolumeKmsKey", "OutputKmsKey"}
_PLACED = {"VpcSubnets", "VpcSecurityGroupIds"}
_JOB = {*_ENCRYPTED, *_PLACED, "InterContainerTrafficEncryption"}
GUARDS = {
    "sagemaker:CreateTrainingJob": _JOB,
    "sagemaker:CreateHyperParameterTuningJob": _JOB,
    "sagemaker:CreateProcessingJob": _JOB,
    "sagemaker:CreateTransformJob": _ENCRYPTED,
    "sagemaker:CreateModel": _PLACED,
    "sagemaker:CreateEndpointConfig": {"VolumeKmsKey"},
}
"""The condition keys that an action knows, by the service authorization reference."""

Template = Mapping[str, Any]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def roles(template: Template) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Each role with the statements of the policies that are attached to it."""
    policies = {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    }
    for role, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        attached = [arn.get("Ref") for arn in resource["Properties"].get("ManagedPolicyArns", ())]
        yield (
            role,
            [
                statement
                for name, policy in policies.items()
                if name in attached or {"Ref": role} in policy.get("Roles", ())
                for statement in policy["PolicyDocument"]["Statement"]
            ],
        )


def unguarded(statements: list[Mapping[str, Any]]) -> set[str]:
    """Condition keys of what a role may start that no statement denies anything by."""
    missing = set()
    for action, keys in GUARDS.items():
        said = [one for one in statements if action in listed(one["Action"])]
        if any(one["Effect"] == "Allow" for one in said):
            denied = str([one["Condition"] for one in said if one["Effect"] == "Deny"])
            missing |= {key for key in keys if f"'sagemaker:{key}'" not in denied}
    return missing


def unguarded_roles(template: Template) -> dict[str, set[str]]:
    """The roles that may start something, with the condition keys by which nothing is denied."""
    return {
        role: missing for role, statements in roles(template) if (missing := unguarded(statements))
    }
