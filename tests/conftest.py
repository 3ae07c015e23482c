"""How tests are spread over processes: what shares something slow to start stays together."""

from pathlib import Path

import pytest

END_TO_END = Path(__file__).parent / "end_to_end"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write anew what tests compare with, after a change that is meant",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file share a server, those of the loop share the loop, which begins first."""
    for item in items:
        together = END_TO_END if END_TO_END in item.path.parents else item.path
        item.add_marker(pytest.mark.xdist_group(str(together)))
    items.sort(key=lambda item: END_TO_END not in item.path.parents)
