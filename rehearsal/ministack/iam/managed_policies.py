"""Customer managed policies as IAM keeps them: their size, their number, and who still uses them.

Sources: "IAM and AWS STS quotas"; the errors of CreatePolicy, AttachRolePolicy and DeletePolicy in
the IAM API reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import iam

from rehearsal.ministack.stacks.stack_rows import wrap_row

_LONGEST_POLICY = 6_144
_MOST_POLICIES = 10

Row = Callable[..., Any]


def install() -> None:
    """Lets stacks fail where IAM would refuse what ministack's rows accept."""
    wrap_row(
        "AWS::IAM::ManagedPolicy",
        create=_sized(properties_at=1),
        update=_sized(properties_at=2),
        delete=_unused,
    )
    wrap_row(
        "AWS::IAM::Role", create=_attachable(properties_at=1), update=_attachable(properties_at=2)
    )


def _sized(*, properties_at: int) -> Callable[[Row], Row]:
    def wrap(stock: Row) -> Row:
        def handle(*arguments: Any, **named: Any) -> Any:
            document = arguments[properties_at].get("PolicyDocument", {})
            text = document if isinstance(document, str) else json.dumps(document)
            if len("".join(text.split())) > _LONGEST_POLICY:
                raise _refused(
                    "LimitExceeded", f"Cannot exceed quota for PolicySize: {_LONGEST_POLICY}"
                )
            return stock(*arguments, **named)

        return handle

    return wrap


def _attachable(*, properties_at: int) -> Callable[[Row], Row]:
    def wrap(stock: Row) -> Row:
        def handle(*arguments: Any, **named: Any) -> Any:
            attached = arguments[properties_at].get("ManagedPolicyArns") or []
            for arn in attached:
                # AWS's own policies are more than ministack knows; an unknown one allows nothing.
                if ":iam::aws:" not in arn and not iam.policy_known(arn):
                    raise _refused(
                        "NoSuchEntity", f"Policy {arn} does not exist or is not attachable."
                    )
            if len(set(attached)) > _MOST_POLICIES:
                raise _refused(
                    "LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {_MOST_POLICIES}"
                )
            return stock(*arguments, **named)

        return handle

    return wrap


def _unused(stock: Row) -> Row:
    """A policy is deleted when nobody has it but those to whom its own resource attached it."""

    def delete(arn: str, properties: Mapping[str, Any], *rest: Any) -> Any:
        own = {kind: set(properties.get(kind) or []) for kind in ("Roles", "Users", "Groups")}
        stores = {"Roles": iam._roles, "Users": iam._users, "Groups": iam._groups}
        others = [
            name
            for kind, store in stores.items()
            for name, entity in store.items()
            if (arn in entity.get("AttachedPolicies", ()) and name not in own[kind])
            or entity.get("PermissionsBoundary") == arn
        ]
        if others:
            raise _refused("DeleteConflict", "Cannot delete a policy attached to entities.")
        return stock(arn, properties, *rest)

    return delete


def _refused(code: str, message: str) -> ValueError:
    status = 404 if code == "NoSuchEntity" else 409
    return ValueError(
        f'Resource handler returned message: "{message} (Service: Iam, Status Code: {status}, '
        f'Error Code: {code})"'
    )
