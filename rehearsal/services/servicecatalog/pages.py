"""Pages of Service Catalog's lists: requests have PageToken, responses NextPageToken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rehearsal.framework.pages import page
from rehearsal.framework.service import Request, Response

DEFAULT_SIZE = 20


def one_page(member: str, entries: Sequence[Any], request: Request) -> Response:
    """Returns a page of entries under a member."""
    kept, more = page(
        entries,
        request,
        size=DEFAULT_SIZE,
        size_member="PageSize",
        token_member="PageToken",  # noqa: S106  # the name of a member
        error="InvalidParametersException",
    )
    token = {"NextPageToken": more["PageToken"]} if more else {}
    return {member: kept, **token}
