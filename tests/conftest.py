"""How tests are spread over processes: what shares something slow to start stays together."""

import os

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

END_TO_END = "tests/end_to_end/"
WITH_ITS_OWN_REHEARSAL = f"{END_TO_END}test_tables.py"


class SharedStarts(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of a file share a server, those of the loop share the loop: one process runs them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        shares_the_loop = file.startswith(END_TO_END) and file != WITH_ITS_OWN_REHEARSAL
        return END_TO_END if shares_the_loop else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStarts:
    return SharedStarts(config, log)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than cores, since many tests wait for a server half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write anew what tests compare with, after a change that is meant",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The loop takes longest, so it begins first."""
    items.sort(key=lambda item: not item.nodeid.startswith(END_TO_END))
