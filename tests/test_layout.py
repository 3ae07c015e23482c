"""The layout of DESIGN.md, section 2, and the traps of the folder `constructs/` (section 6)."""

import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import constructs
import grimp
import pytest

import mlops_constructs
import mlops_jobs
from tests import conftest

ROOT = Path(__file__).parent.parent
FOLDERS = {
    ".ci",
    ".github",
    "config",
    "constructs",
    "docs",
    "jobs",
    "rehearsal",
    "seed_code",
    "stacks",
    "tests",
}
PRODUCT = ("constructs", "jobs", "rehearsal", "seed_code", "stacks")
MAX_MODULES = 26
FORBIDDEN_IN_DEPLOYED_CODE = ("rehearsal", "ministack", "127.0.0.1", "localhost")


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in listing.stdout.splitlines() if (ROOT / line).exists()]


def test_the_constructs_that_cdk_imports_are_those_of_pypi() -> None:
    assert ROOT not in Path(constructs.__file__).parents or ".venv" in constructs.__file__


def test_the_folder_constructs_is_a_source_root_and_never_a_package() -> None:
    assert not list((ROOT / "constructs").glob("*.py"))
    assert Path(mlops_constructs.__file__).parent == ROOT / "constructs" / "mlops_constructs"


def test_the_folder_jobs_is_a_source_root_and_never_a_package() -> None:
    assert not list((ROOT / "jobs").glob("*.py"))
    assert Path(mlops_jobs.__file__).parent == ROOT / "jobs" / "mlops_jobs"


def test_the_top_level_holds_the_folders_of_the_design_and_no_other() -> None:
    assert {path.parts[0] for path in tracked_files() if len(path.parts) > 1} == FOLDERS


def test_modules_are_named_for_a_subject() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py", "manager.py"}
    assert not [path for path in tracked_files() if path.name in vague]


def test_no_file_is_empty() -> None:
    """CodeCommit refuses empty files in the first commit of a repository, and so of a project."""
    empty = [path for path in tracked_files() if not (ROOT / path).stat().st_size]
    assert [path for path in empty if path.name != "py.typed"] == []


def test_nothing_that_is_deployed_knows_that_it_may_run_locally() -> None:
    deployed = [
        path
        for path in tracked_files()
        if path.parts[0] in ("stacks", "constructs", "jobs", "seed_code") or path.name == "app.py"
        if path.suffix in (".py", ".yml", ".yaml") and "tests" not in path.parts
    ]
    knowing = [
        f"{path}: {word}"
        for path in deployed
        for word in FORBIDDEN_IN_DEPLOYED_CODE
        if word in (ROOT / path).read_text().lower() and path.name != "loading.py"
    ]
    assert not knowing


def test_types_are_followed_into_every_part_of_the_cdk_that_is_imported() -> None:
    """What mypy does not follow is Any, which would hide mistakes."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (followed,) = (one["module"] for one in settings if one["follow_imports"] == "normal")
    imported = set()
    for path in tracked_files():
        if path.suffix == ".py" and path.parts[:2] != ("seed_code", "model_build"):
            text = (ROOT / path).read_text()
            imported |= set(re.findall(r"^from aws_cdk import ([a-z]\w+)", text, re.M))
            imported |= set(re.findall(r"^(?:from|import) aws_cdk\.(\w+)", text, re.M))

    assert set(followed) == {"aws_cdk", "aws_cdk._jsii.*"} | {
        f"aws_cdk.{one}.*" for one in imported
    }


def test_committed_files_name_no_package_registry() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs", "deb" + ".debian")
    naming = [
        f"{path}: {host}"
        for path in tracked_files()
        if path.suffix in (".txt", ".json", ".toml", ".yml", ".yaml", ".in", ".md", ".py")
        for host in hosts
        if host in (ROOT / path).read_text(errors="ignore")
    ]
    assert not naming


@pytest.mark.parametrize("package", ["rehearsal", "mlops_constructs", "mlops_jobs", "stacks"])
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    graph = grimp.build_graph(package)
    waiting = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # Modules that import nothing that is left go first; what remains imports itself in the end.
    while ready := [module for module, imported in waiting.items() if not imported & set(waiting)]:
        for module in ready:
            del waiting[module]

    assert sorted(waiting) == []


def test_no_folder_has_more_modules_than_a_reader_can_survey() -> None:
    modules = Counter(
        path.parent
        for path in tracked_files()
        if path.suffix == ".py" and path.parts[0] in PRODUCT and not path.stem.startswith("__")
        if "tests" not in path.parts
    )

    assert {str(folder): n for folder, n in modules.items() if n > MAX_MODULES} == {}


def test_each_file_that_the_test_run_places_exists() -> None:
    """A renamed file would otherwise silently lose its place, and unit tests their speed."""
    named = {*conftest.SEPARATE, *conftest.LONGEST, *conftest.SLOW, *conftest.LOOPS}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
