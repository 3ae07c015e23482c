"""The identity of scalable targets, and what Describe requests select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rehearsal.framework.platform import Scope

Record = dict[str, Any]
PAGE_SIZE = 50
INVALID_TOKEN = "InvalidNextTokenException"  # noqa: S105  # an error code


class TargetKey(NamedTuple):
    """The identity of a scalable target."""

    scope: Scope
    namespace: str
    resource: str
    dimension: str


Targets = dict[TargetKey, Record]
"""The scalable targets of every account and region."""


def key_of(scope: Scope, request: Mapping[str, Any]) -> TargetKey:
    """Returns the target of a request."""
    namespace, resource = request["ServiceNamespace"], request["ResourceId"]
    return TargetKey(scope, namespace, resource, request["ScalableDimension"])


def selected(
    record: Mapping[str, Any], request: Mapping[str, Any], identifiers: Sequence[str] | None
) -> bool:
    """Returns True if a Describe request selects a record."""
    return (
        record["ServiceNamespace"] == request["ServiceNamespace"]
        and (not identifiers or record["ResourceId"] in identifiers)
        and request.get("ScalableDimension") in (None, record["ScalableDimension"])
    )
