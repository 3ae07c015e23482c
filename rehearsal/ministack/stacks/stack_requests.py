"""Condition keys of CloudFormation's requests, which ministack does not know.

A key is in the request only if the request has the parameter: a policy that asks for
`cloudformation:RoleArn` denies a call that leaves the role to the stack. Source: "Actions,
resources, and condition keys for AWS CloudFormation" in the Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions

_PARAMETERS = {
    "ChangeSetName": "cloudformation:ChangeSetName",
    "RoleARN": "cloudformation:RoleArn",
    "StackPolicyURL": "cloudformation:StackPolicyUrl",
    "TemplateURL": "cloudformation:TemplateUrl",
}


def install() -> None:
    """Adds the keys to those of the tags, which ministack finds in each request."""
    stock = iam_actions.request_tag_context

    def context(
        service: str, iam_action: str, body: bytes, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        found: dict[str, Any] = stock(service, iam_action, body, parameters)
        return found | condition_keys(parameters) if service == "cloudformation" else found

    iam_actions.request_tag_context = context


def condition_keys(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The condition keys of a request with the given parameters."""
    given = {key: iam_actions._query_param(parameters, name) for name, key in _PARAMETERS.items()}
    return {key: value for key, value in given.items() if value}
