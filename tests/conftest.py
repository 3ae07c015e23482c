"""How tests are spread over processes, and where they may write."""

import inspect
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import run_guard
from tests.time_table import TimeTable

END_TO_END = "tests/end_to_end/"
WITH_THEIR_REHEARSAL = (f"{END_TO_END}test_tables.py", f"{END_TO_END}test_tutorial.py")
EXAMPLES = "tests/docs/"
PERSONAS = "tests/personas/"
SHARING = (END_TO_END, EXAMPLES, PERSONAS)
LOOPS = (END_TO_END, PERSONAS, "tests/attacks/")
STARTS = re.compile(
    r"server_process\.start\(|running_server\(|start_server\(|Popen\(|subprocess\.run\("
)


class SharedStarts(LoadScopeScheduling):  # type: ignore[misc]
    """Assigns tests that share something to one process.

    Tests of a file share a server, those of the loop the loop, those of examples the syntheses,
    those of personas the company in which they work.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in WITH_THEIR_REHEARSAL:
            return file
        return next((folder for folder in SHARING if file.startswith(folder)), file)


# Both hooks belong to a plugin that a run may switch off (`-p no:xdist`).
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStarts:
    return SharedStarts(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes more than cores, since many tests wait for a server half of their time."""
    return (os.cpu_count() or 1) + 2


def pytest_configure(config: pytest.Config) -> None:
    """What tests, and processes that they start, leave among temporary files goes with the run.

    pytest's own folders stay where it keeps those of the last runs.
    """
    if hasattr(config, "workerinput"):
        return  # the environment of the run's first process is this one's too
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder = tempfile.TemporaryDirectory(prefix="tests-", ignore_cleanup_errors=True)
    if config.getoption("--time-table"):
        config.pluginmanager.register(TimeTable())
    held = run_guard.begin(uuid.uuid4().hex, folder.name)
    config.add_cleanup(lambda: os.close(held))
    config.add_cleanup(folder.cleanup)
    os.environ["TMPDIR"] = folder.name
    tempfile.tempdir = None  # so that it is asked for anew


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write anew what tests compare with, after a change that is meant",
    )
    parser.addoption(
        "--time-table", action="store_true", help="print the seconds of the run by folder"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they need, and begins with what takes longest."""
    for item in items:
        item.add_marker(_kind(item))
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in SHARING])


def _kind(item: pytest.Item) -> str:
    if item.nodeid.startswith(LOOPS):
        return "loop"
    if item.nodeid.startswith(EXAMPLES):
        return "example"
    needs_process = any(map(_starts_a_process, _fixtures(item)))
    return "process" if needs_process or _starts_a_process(getattr(item, "obj", None)) else "unit"


def _fixtures(item: pytest.Item) -> Iterator[object]:
    """The functions of all fixtures that a test needs, those of fixtures included."""
    for definitions in item._fixtureinfo.name2fixturedefs.values():  # type: ignore[attr-defined]
        for definition in definitions:
            yield definition.func


@cache
def _starts_a_process(function: object) -> bool:
    """True if a function starts a server, a command or a synthesis of whole stacks by its text."""
    try:
        text = inspect.getsource(function)  # type: ignore[arg-type]
    except (TypeError, OSError):
        return False
    return STARTS.search(text) is not None
