"""Condition keys of requests to CloudFormation.

A key is in the request only if the request has the parameter: a policy on `cloudformation:RoleArn`
denies a call without a role.

Source: "Actions, resources, and condition keys for AWS CloudFormation" in the Service Authorization
Reference.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions

from rehearsal.ministack.registry import patch

_PARAMETERS = {
    "ChangeSetName": "cloudformation:ChangeSetName",
    "RoleARN": "cloudformation:RoleArn",
    "StackPolicyURL": "cloudformation:StackPolicyUrl",
    "TemplateURL": "cloudformation:TemplateUrl",
}


@patch(
    "ministack.core.iam_actions:request_tag_context",
    why="The condition keys of CloudFormation have no value.",
    until="ministack resolves the condition keys of CloudFormation.",
)
def context(
    previous: Callable[..., Any],
    service: str,
    iam_action: str,
    body: bytes,
    params: Mapping[str, Any],
) -> dict[str, Any]:
    found: dict[str, Any] = previous(service, iam_action, body, params)
    if service != "cloudformation":
        return found
    given = {key: iam_actions._query_param(params, name) for name, key in _PARAMETERS.items()}
    return found | {key: value for key, value in given.items() if value}
