"""The condition key `aws:ViaAWSService`: whether a service passes somebody's request on.

ministack does not know the key, so that a policy with `"Bool": {"aws:ViaAWSService": "false"}`
never applied. Every request that arrives is made directly, by people or by a service with a role of
its own; a service that acts in the caller's name says `VIA_SERVICE`.

Source: "AWS global condition context keys" in IAM's guide, aws:ViaAWSService.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator

_KEY = "aws:viaawsservice"


def install() -> None:
    """Gives the key its value where conditions are compared with a request."""
    stock = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        if key.lower() == _KEY:
            return context.service_context.get(_KEY, "false")
        return stock(key, context)

    iam_evaluator._resolve_condition_key = resolve
