"""Distribution of statements over managed policies, within IAM's quotas."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from .permission import Permission

MAX_POLICY_LENGTH = 6_144
"""Characters of a managed policy without white space: "IAM and AWS STS quotas"."""

MAX_POLICIES = 10
"""Managed policies of a role, the default quota."""

_ROOM = MAX_POLICY_LENGTH - len('{"Version":"2012-10-17","Statement":[]}')
_PSEUDO_PARAMETERS = {"AWS::Partition": 10, "AWS::Region": 14, "AWS::AccountId": 12}
_LONG_NAME, _LONG_ARN = 64, 128  # estimates of values that are unknown before deployment


class ManagedPolicies:
    """Adds statements to managed policies, and creates the next one when one is full.

    Args:
        stack: stack that resolves tokens.
        create: creates the policy of a number, 1 for the first, with its initial document.
    """

    def __init__(
        self, stack: cdk.Stack, create: Callable[[int, iam.PolicyDocument], iam.ManagedPolicy]
    ) -> None:
        self._stack = stack
        self._create = create
        self._left = 0
        self.policies: list[iam.ManagedPolicy] = []

    def add(self, statement: iam.PolicyStatement) -> iam.ManagedPolicy:
        """Adds a statement, and returns the policy that holds it.

        Raises:
            ValueError: no policy can hold the statement.
        """
        size = _size_in_policy(self._stack.resolve(statement.to_json()))
        if size > self._left:
            self.policies.append(self._create(len(self.policies) + 1, iam.PolicyDocument()))
            self._left = _ROOM
        self._left -= size
        self.policies[-1].add_statements(statement)
        return self.policies[-1]

    def add_all(self, permissions: Sequence[Permission]) -> list[dict[str, Any]]:
        """Adds permissions in their order, in new policies.

        It resolves all tokens in one call, and creates each policy in one call: a call to the CDK
        costs about a millisecond, and an app has hundreds of permissions.

        Returns:
            The resolved statements.

        Raises:
            ValueError: no policy can hold a permission.
        """
        documents = [permission.document() for permission in permissions]
        policies: list[list[dict[str, Any]]] = []
        left = 0
        resolved: list[dict[str, Any]] = self._stack.resolve(documents)
        for document, size in zip(documents, map(_size_in_policy, resolved), strict=True):
            if size > left:
                policies.append([])
                left = _ROOM
            left -= size
            policies[-1].append(document)
        for statements in policies:
            full = iam.PolicyDocument.from_json({"Statement": statements})
            self.policies.append(self._create(len(self.policies) + 1, full))
        return resolved


def _size_in_policy(statement: dict[str, Any]) -> int:
    size = policy_size(statement) + len(",")
    if size > _ROOM:
        actions = statement.get("Action", [])
        first = actions if isinstance(actions, str) else actions[0]
        raise ValueError(
            f"Permission {first!r}: got a statement of about {size} characters; a managed policy "
            f"holds {_ROOM}; divide its actions or resources"
        )
    return size


def policy_size(value: Any) -> int:
    """Returns an upper estimate of the number of characters of a resolved value in a policy."""
    if isinstance(value, dict):
        if len(value) == 1:
            function, argument = next(iter(value.items()))
            if function == "Ref":
                return _PSEUDO_PARAMETERS.get(argument, _LONG_NAME) + len('""')
            if function == "Fn::Join":
                separators = len(argument[0]) * (len(argument[1]) - 1)
                return sum(_unquoted(part) for part in argument[1]) + separators + len('""')
            if function.startswith("Fn::"):
                return _LONG_ARN + len('""')
        members = [
            len(json.dumps(key)) + len(":,") + policy_size(one) for key, one in value.items()
        ]
        return sum(members) + len("{}")
    if isinstance(value, list):
        return sum(policy_size(one) + len(",") for one in value) + len("[]")
    return len(json.dumps(value))


def _unquoted(part: Any) -> int:
    return policy_size(part) - len('""')
