"""The trust policies of roles, evaluated for AWS services."""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam


def role_of(role_arn: str) -> Mapping[str, Any] | None:
    """Returns the role of an ARN with its path, or None if there is no such role."""
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        return None
    name = role_arn.rsplit("/", 1)[-1]
    role: Mapping[str, Any] | None = iam._roles.get_scoped(parts[4], None, name)
    return role if role is not None and role.get("Arn") == role_arn else None


def trusts_service(
    role: Mapping[str, Any],
    role_arn: str,
    service_principal: str,
    source_arn: str | None,
    *,
    source_known: bool = True,
    action: str = "sts:AssumeRole",
) -> bool:
    """Returns True if the trust policy of a role allows a service to assume it.

    ministack's own evaluation supports principals of accounts only.

    Args:
        role: the record of the role.
        role_arn: the ARN of the role.
        service_principal: the service, such as `codebuild.amazonaws.com`.
        source_arn: the resource for which the service acts, for `aws:SourceArn`, or None.
        source_known: False to ignore conditions on `aws:SourceArn` in statements that allow.
            Defaults to True.
        action: the action. Defaults to `sts:AssumeRole`.
    """
    account = role_arn.split(":")[4]
    keys = {"aws:sourceaccount": account} | ({"aws:sourcearn": source_arn} if source_arn else {})
    context = iam_evaluator.EvalContext(
        principal_arn=service_principal,
        principal_type="Service",
        principal_account=account,
        action=action,
        resource_arn=role_arn,
        region="",
        service_context=keys,
        principal_keys={},
    )
    trust = role.get("AssumeRolePolicyDocument") or {}
    document = json.loads(trust) if isinstance(trust, str) else trust
    statements = document.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    named = [
        {**(statement if source_known else _of_any_source(statement)), "Resource": "*"}
        for statement in statements
        if iam_evaluator._service_principal_matches(statement.get("Principal"), service_principal)
    ]
    parsed = iam_evaluator.parse_policy_document({"Statement": named})
    return bool(iam_evaluator.evaluate(context, [parsed]).decision == "Allow")


def _of_any_source(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a statement without its conditions on `aws:SourceArn`, if it allows."""
    if statement.get("Effect") != "Allow":
        return dict(statement)
    left = {
        operator: {key: value for key, value in asked.items() if key.lower() != "aws:sourcearn"}
        for operator, asked in (statement.get("Condition") or {}).items()
    }
    conditions = {operator: asked for operator, asked in left.items() if asked}
    return {**statement, "Condition": conditions}
