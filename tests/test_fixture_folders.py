"""Temporary folders of fixtures end with their fixtures, unless a test failed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FIRST = """
import pytest

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("first")

def test_it(folder, tmp_path):
    (folder / "large").write_text("content")
    assert {outcome}
"""
SECOND = """
def test_the_folders_of_the_file_before(tmp_path):
    folders = [each for each in tmp_path.parent.iterdir() if not each.is_symlink()]
    assert {{each.name for each in folders}} - {{tmp_path.name}} == {left}
"""


@pytest.mark.parametrize(
    ("outcome", "left"),
    [(True, set()), (False, {"first0", "test_it0"})],
    ids=["passed", "failed"],
)
def test_the_next_file_finds_the_folders_of_a_failed_one_only(
    tmp_path: Path, outcome: bool, left: set[str]
) -> None:
    shutil.copy(TESTS / "fixture_folders.py", tmp_path)
    (tmp_path / "conftest.py").write_text(
        "from fixture_folders import FixtureFolders\n"
        "def pytest_sessionstart(session):\n"
        "    factory = session.config._tmp_path_factory\n"
        "    session.config.pluginmanager.register(FixtureFolders(factory))\n"
    )
    (tmp_path / "test_1.py").write_text(FIRST.format(outcome=outcome))
    (tmp_path / "test_2.py").write_text(SECOND.format(left=left))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "--basetemp", str(tmp_path / "base")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("2 passed" if outcome else "1 failed, 1 passed") in run.stdout, run.stdout
