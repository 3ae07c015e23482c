"""Pages of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError


def page(
    entries: Sequence[Any], request: Mapping[str, Any], size_member: str, size: int
) -> tuple[list[Any], dict[str, str]]:
    """The entries of a page, and NextToken when more follow."""
    token = request.get("NextToken")
    if token is not None and not token.isdigit():
        raise AwsError("InvalidNextToken", f"NextToken {token} was not given by this service")
    start = int(token or 0)
    end = start + int(request.get(size_member) or size)
    more = {"NextToken": str(end)} if end < len(entries) else {}
    return list(entries[start:end]), more
