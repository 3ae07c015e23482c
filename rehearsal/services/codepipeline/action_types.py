"""The types of actions that pipelines can have.

Source: ListActionTypes and GetActionType in the CodePipeline API reference.
"""

from __future__ import annotations

from typing import Any

from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.codepipeline.actions.action import ActionProvider
from rehearsal.services.codepipeline.actions.providers import PROVIDERS

_OWNER, _VERSION = "AWS", "1"
_PAGE = 50


class ActionTypeOperations:
    """ListActionTypes, of the actions that the rehearsal runs, and GetActionType."""

    def list_action_types(self, request: Request, context: Context) -> Response:
        owned = request.get("actionOwnerFilter", _OWNER) == _OWNER
        providers = sorted(PROVIDERS.values(), key=lambda one: one.identifier) if owned else []
        kept, more = page(
            [_described(one) for one in providers],
            request,
            size=_PAGE,
            token_member="nextToken",  # noqa: S106  # the name of a member
            error="InvalidNextTokenException",
        )
        return {"actionTypes": kept, **more}

    def get_action_type(self, request: Request, context: Context) -> Response:
        """Finds no type: the operation describes those of external providers alone."""
        names = "/".join(request[name] for name in ("category", "owner", "provider", "version"))
        raise AwsError(
            "ActionTypeNotFoundException",
            f"No action type {names} of an external provider exists; ListActionTypes lists the "
            "action types of AWS.",
        )


def _described(provider: ActionProvider) -> dict[str, Any]:
    names = [*sorted(provider.required), *sorted(provider.optional)]
    return {
        "id": {
            "category": provider.category,
            "owner": _OWNER,
            "provider": provider.provider,
            "version": _VERSION,
        },
        "actionConfigurationProperties": [
            {
                "name": name,
                "required": name in provider.required,
                "key": name in provider.required,
                "secret": False,
                "queryable": False,
            }
            for name in names
        ],
        "inputArtifactDetails": _counts(provider.inputs),
        "outputArtifactDetails": _counts(provider.outputs),
    }


def _counts(counts: tuple[int, int]) -> dict[str, int]:
    return {"minimumCount": counts[0], "maximumCount": counts[1]}
