"""Records of scalable targets, and pages of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rehearsal.framework.platform import AwsError, Scope

Record = dict[str, Any]
_LARGEST_PAGE = 50


class TargetKey(NamedTuple):
    """What identifies a scalable target."""

    scope: Scope
    namespace: str
    resource: str
    dimension: str


def key_of(scope: Scope, request: Mapping[str, Any]) -> TargetKey:
    """The target of a request."""
    namespace, resource = request["ServiceNamespace"], request["ResourceId"]
    return TargetKey(scope, namespace, resource, request["ScalableDimension"])


def moment() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def selected(
    record: Mapping[str, Any], request: Mapping[str, Any], identifiers: Sequence[str] | None
) -> bool:
    """Whether a Describe request asks for a record."""
    return (
        record["ServiceNamespace"] == request["ServiceNamespace"]
        and (not identifiers or record["ResourceId"] in identifiers)
        and request.get("ScalableDimension") in (None, record["ScalableDimension"])
    )


def page(found: list[Record], request: Mapping[str, Any]) -> tuple[list[Record], str | None]:
    """A page of records, and the token of the next."""
    try:
        start = int(request.get("NextToken", 0))
    except ValueError:
        raise AwsError("InvalidNextTokenException", "The next token is not valid") from None
    end = start + request.get("MaxResults", _LARGEST_PAGE)
    return found[start:end], str(end) if end < len(found) else None
