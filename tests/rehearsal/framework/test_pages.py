"""Pages of lists."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError


def test_pages_follow_each_other_by_their_token() -> None:
    seen: list[int] = []
    request: dict[str, Any] = {"MaxResults": 2}
    while True:
        entries, more = page(range(5), request, size=10)
        seen += entries
        if not more:
            break
        request |= more

    assert seen == [0, 1, 2, 3, 4]


def test_the_size_of_a_page_has_a_default_and_its_members_a_name() -> None:
    entries, more = page("abc", {}, size=2, size_member="limit", token_member="nextToken")

    assert (entries, more) == (["a", "b"], {"nextToken": "2"})


@pytest.mark.parametrize("token", ["", "x", "-1", "1.5"])
def test_a_token_that_no_response_had_is_an_error(token: str) -> None:
    with pytest.raises(AwsError) as raised:
        page([1], {"NextToken": token}, size=1, error="InvalidNextToken")

    assert raised.value.code == "InvalidNextToken"
