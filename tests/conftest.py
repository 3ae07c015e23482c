"""How tests are spread over processes, and where they may write."""

import gc
import inspect
import linecache
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator
from functools import cache
from inspect import ismodule
from types import CodeType

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import run_guard
from tests.fixture_folders import FixtureFolders
from tests.time_table import TimeTable

# Threads of OpenMP that wait occupy a core, which the other processes of the tests need.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

END_TO_END = "tests/end_to_end/"
EXAMPLES = "tests/docs/"
PERSONAS = "tests/personas/"
SHARING = (END_TO_END, EXAMPLES, PERSONAS)
# Files in those folders that share nothing, because they start a rehearsal or a command themselves.
SEPARATE = (
    f"{END_TO_END}test_accounts.py",
    f"{END_TO_END}test_batch_project.py",
    f"{END_TO_END}test_features.py",
    f"{END_TO_END}test_seeds.py",
    f"{END_TO_END}test_tutorial.py",
    f"{EXAMPLES}test_deletion_guide.py",
    f"{EXAMPLES}test_every_example.py",
    f"{EXAMPLES}test_extension_guide.py",
    f"{EXAMPLES}test_operations.py",
    f"{EXAMPLES}test_platform_guide.py",
    f"{EXAMPLES}test_site.py",
)
# Their builds reuse what those of the file before have installed, so they follow in one process.
AFTER = {f"{END_TO_END}test_tutorial.py": f"{END_TO_END}test_accounts.py"}
# What takes minutes in one process begins first, so that no process works on alone at the end.
LONGEST = (
    END_TO_END,
    EXAMPLES,
    PERSONAS,
    "tests/seed_code/model_build/test_seed_repository.py",
    "tests/seed_code/model_deploy/test_fresh_copy.py",
    "tests/constructs/projects/test_projects_at_a_provider.py",
    "tests/constructs/projects/test_removal_on_the_rehearsal.py",
    "tests/constructs/projects/test_targets_on_the_rehearsal.py",
    "tests/rehearsal/delivery/",
    "tests/rehearsal/sdk/",
    "tests/stacks/",
    "tests/test_similarity.py",
    "tests/rehearsal/client/test_another_repository.py",
)
# Files whose tests start no process but take seconds: they synthesise whole apps, or try every
# request of a model and every second of a rollout.
SLOW = (
    "tests/constructs/projects/test_grant_create_project.py",
    "tests/constructs/projects/test_launch_role.py",
    "tests/constructs/projects/test_launch_role_handlers.py",
    "tests/constructs/projects/test_permissions_boundary.py",
    "tests/constructs/projects/test_project_calls.py",
    "tests/constructs/projects/test_project_product.py",
    "tests/constructs/projects/test_project_template.py",
    "tests/jobs/tracking/test_tracking.py",
    "tests/rehearsal/containers/aws_images/test_catalogue.py",
    "tests/rehearsal/ministack/test_existing_resources.py",
    "tests/rehearsal/ministack/test_unknown_conditions.py",
    "tests/rehearsal/ministack/test_unsandboxed_programs.py",
    "tests/rehearsal/ministack/test_unsupported_services.py",
    "tests/rehearsal/services/sagemaker/hosting/test_rollout_time.py",
    "tests/rehearsal/services/sagemaker/pipelines/test_pipeline_definition.py",
    "tests/rehearsal/services/test_no_request_crashes.py",
    "tests/rehearsal/services/test_tags_at_creation.py",
    "tests/seed_code/model_build/test_local_run.py",
    "tests/stacks/bootstrap/test_execution_policy.py",
    "tests/stacks/plan/test_page.py",
    "tests/stacks/test_app.py",
    "tests/stacks/test_code_hosts.py",
    "tests/stacks/test_defaults.py",
    "tests/stacks/test_every_section.py",
    "tests/stacks/test_examples_of_settings.py",
    "tests/stacks/test_platform_pipeline.py",
    "tests/stacks/test_project_accounts.py",
    "tests/stacks/test_project_regions.py",
    "tests/stacks/test_project_templates_stack.py",
    "tests/stacks/test_stateful_resources.py",
    "tests/stacks/validation/",
    "tests/test_files_of_people.py",
)
LOOPS = (END_TO_END, PERSONAS, "tests/attacks/")
STARTS = re.compile(
    r"server_process\.start\(|running_server\(|start_server\(|Popen\(|subprocess\.run\("
    r"|BuildRun\(|ControlPlane\("
)
SCANS = re.compile(r"lint_file\(|lint\(|lint_findings\(|open_findings\(")


class SharedStarts(LoadScopeScheduling):  # type: ignore[misc]
    """Assigns tests that share something to one process.

    Tests of a file share a server, those of the loop the loop, those of examples the syntheses,
    those of personas the company in which they work.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in SEPARATE:
            return AFTER.get(file, file)
        return next((folder for folder in SHARING if file.startswith(folder)), file)


# Both hooks belong to a plugin that a run may switch off (`-p no:xdist`).
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStarts:
    return SharedStarts(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes more than cores, since many tests wait for a server half of their time."""
    return (os.cpu_count() or 1) + 2


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names a test by the length of binary content, which may have the time of its creation.

    Processes of a run collect the same tests only if ids do not depend on the clock.
    """
    if isinstance(val, bytes) and not val.isascii():
        return f"{argname}-of-{len(val)}-bytes"
    return None


def pytest_configure(config: pytest.Config) -> None:
    """What tests, and processes that they start, leave among temporary files goes with the run.

    pytest's own folders stay where it keeps those of the last run that failed.
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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collects tests without garbage collection, which would visit all of them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_sessionstart(session: pytest.Session) -> None:
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    session.config.pluginmanager.register(FixtureFolders(factory))


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
    items.sort(key=lambda item: [not item.nodeid.startswith(begins) for begins in LONGEST])


def _kind(item: pytest.Item) -> str:
    if item.nodeid.startswith(LOOPS):
        return "loop"
    if item.nodeid.startswith(EXAMPLES):
        return "example"
    functions = [getattr(item, "obj", None), *_fixtures(item)]
    if any(_needs_process(each) for each in functions):
        return "process"
    return "slow" if item.nodeid.startswith(SLOW) else "unit"


def _fixtures(item: pytest.Item) -> Iterator[object]:
    """The functions of all fixtures that a test needs, those of fixtures included."""
    for definitions in item._fixtureinfo.name2fixturedefs.values():  # type: ignore[attr-defined]
        for definition in definitions:
            yield definition.func


@cache
def _needs_process(function: object) -> bool:
    """True if a function starts a server, a container, a command or a scan of whole templates.

    Its text says so, or that of a function of the tests that it names, however far away.
    """
    reached: set[object] = set()
    following = [inspect.unwrap(function)] if callable(function) else []
    while following:
        each = following.pop()
        if each in reached:
            continue
        reached.add(each)
        if _starts_a_process(each):
            return True
        following += _named(each)
    return False


def _named(function: object) -> list[Callable[..., object]]:
    """The functions and classes of the tests that a function or a class names."""
    if inspect.isclass(function):
        methods = (inspect.unwrap(each) for each in vars(function).values() if callable(each))
        return [each for each in methods if inspect.isfunction(each)]
    if not inspect.isfunction(function):
        return []
    names = set(_names(function.__code__))
    found = [function.__globals__.get(name) for name in names]
    ours = [each for each in found if ismodule(each) and each.__name__.startswith("tests.")]
    found += [getattr(each, name, None) for each in ours for name in names]
    return [
        inspect.unwrap(each)
        for each in found
        if callable(each) and str(getattr(each, "__module__", "")).startswith("tests.")
    ]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


@cache
def _starts_a_process(function: object) -> bool:
    """True if the text of a function starts a process or a scan that takes seconds."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return False  # a class, whose methods are followed
    first, last = _lines(code)
    text = "".join(linecache.getlines(code.co_filename)[first - 1 : last])
    return bool(STARTS.search(text) or SCANS.search(text))


def _lines(code: CodeType) -> tuple[int, int]:
    """The first and the last line of a function; `inspect` would divide its file into tokens."""
    inner = [_lines(each)[1] for each in code.co_consts if isinstance(each, CodeType)]
    ends = (end for _, end, _, _ in code.co_positions() if end is not None)
    return code.co_firstlineno, max([code.co_firstlineno, *ends, *inner])
