"""The condition key `aws:ViaAWSService`: true if a service makes a request on behalf of a caller.

A request that arrives is made directly, by a user or by a service with a role. A service that acts
on behalf of its caller sets the key in the context of the request.

Source: "AWS global condition context keys" in IAM's guide, aws:ViaAWSService.
"""

from collections.abc import Callable
from typing import Any

from rehearsal.ministack.registry import patch

_KEY = "aws:viaawsservice"


@patch(
    "ministack.core.iam_evaluator:_resolve_condition_key",
    why='aws:ViaAWSService has no value, so a condition on "false" never matches.',
    until="ministack resolves aws:ViaAWSService.",
    after="corrections.principal_arn",
)
def resolve(previous: Callable[..., Any], key: str, ctx: Any) -> Any:
    if key.lower() == _KEY:
        return ctx.service_context.get(_KEY, "false")
    return previous(key, ctx)
