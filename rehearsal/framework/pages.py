"""Pages of List and Describe operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError


def page(
    entries: Sequence[Any],
    request: Mapping[str, Any],
    *,
    size: int,
    size_member: str = "MaxResults",
    token_member: str = "NextToken",  # noqa: S107  # the name of a member
    error: str = "ValidationException",
) -> tuple[list[Any], dict[str, str]]:
    """Returns the entries of a page, and the token's member when more entries follow.

    Args:
        entries: all entries, in their order.
        request: the request, with the page size and token if the caller specifies them.
        size: the number of entries of a page if the request does not specify it.
        size_member: the request's member for the page size. Defaults to `MaxResults`.
        token_member: the member of request and response for the token. Defaults to `NextToken`.
        error: the error code for a malformed token. Defaults to `ValidationException`.

    Raises:
        AwsError: the token was not issued by this service.
    """
    token = request.get(token_member)
    if token is not None and not str(token).isdecimal():
        raise AwsError(error, f"The {token_member} {token} is not valid: use one of a response.")
    start = int(token or 0)
    end = start + int(request.get(size_member) or size)
    more = {token_member: str(end)} if end < len(entries) else {}
    return list(entries[start:end]), more
