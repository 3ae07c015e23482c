"""Statements of a template that let somebody register or change model packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ACTIONS = {"sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"}
_TYPES = {
    "AWS::IAM::Group",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::User",
    "AWS::SageMaker::ModelPackageGroup",
}
_STATUS = "sagemaker:ModelApprovalStatus"
_PENDING = {_STATUS: "PendingManualApproval"}
_DECIDED = {_STATUS: ["Approved", "Rejected"]}


def approving_statements(template: Mapping[str, Any]) -> dict[str, str]:
    """By logical id, the policies with which a package can be approved, and how.

    "decides" is a reviewer's: nothing but a decision. "anything" is a statement that lets its
    principal set the status with whatever else it does.
    """
    found = {}
    for logical_id, resource in template["Resources"].items():
        for statement in _statements(resource):
            conditions = statement.get("Condition", {})
            if conditions.get("StringEqualsIfExists") == _PENDING:
                continue
            decides = conditions.get("StringEquals") == _DECIDED
            found[logical_id] = "decides" if decides else "anything"
    return found


def boundaries(template: Mapping[str, Any]) -> set[str]:
    """Logical ids of the policies that limit roles, here or where they are imported."""
    given = (
        one.get("Properties", {}).get("PermissionsBoundary")
        for one in template["Resources"].values()
    )
    named = {str(one) for one in given}
    return {
        logical_id
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
        if str({"Ref": logical_id}) in named or "Boundary" in logical_id
    }


def _statements(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The statements about packages in whatever a resource says, resource policies included."""
    if resource["Type"] not in _TYPES:
        return
    for document in _documents(resource.get("Properties", {})):
        for statement in document["Statement"]:
            actions = statement["Action"]
            named = {actions} if isinstance(actions, str) else set(actions)
            if statement["Effect"] == "Allow" and (named & _ACTIONS or _wide(named)):
                yield statement


def _wide(actions: set[str]) -> bool:
    return any(action in ("*", "sagemaker:*") for action in actions)


def _documents(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if isinstance(value.get("Statement"), list):
            yield value
        for member in value.values():
            yield from _documents(member)
    elif isinstance(value, list):
        for member in value:
            yield from _documents(member)
