"""How tests are spread over processes: what shares something slow to start stays together."""

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

END_TO_END = "tests/end_to_end/"


class SharedStarts(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of a file share a server, those of the loop share the loop: one process runs them."""

    def _split_scope(self, nodeid: str) -> str:
        return END_TO_END if nodeid.startswith(END_TO_END) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStarts:
    return SharedStarts(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write anew what tests compare with, after a change that is meant",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The loop takes longest, so it begins first."""
    items.sort(key=lambda item: not item.nodeid.startswith(END_TO_END))
