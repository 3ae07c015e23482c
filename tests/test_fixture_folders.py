"""Temporary folders of fixtures end with their fixtures, unless a test failed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CONFTEST = """
from fixture_folders import FixtureFolders

def pytest_sessionstart(session):
    factory = session.config._tmp_path_factory
    session.config.pluginmanager.register(FixtureFolders(factory))
"""
KEPT = """
import pytest

@pytest.fixture(scope="session")
def once(tmp_path_factory):
    made = []

    def make():
        if not made:
            made.append(tmp_path_factory.mktemp("kept"))
        return made[0]

    return make

@pytest.fixture
def folder(once):
    return once()

@pytest.mark.parametrize("number", [1, 2])
def test_it(folder, number):
    assert folder.is_dir()
"""
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
    (tmp_path / "conftest.py").write_text(CONFTEST)
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


def test_a_folder_that_another_fixture_keeps_outlives_the_fixture_that_asked_for_it(
    tmp_path: Path,
) -> None:
    shutil.copy(TESTS / "fixture_folders.py", tmp_path)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_kept.py").write_text(KEPT)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "--basetemp", str(tmp_path / "base")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in run.stdout, run.stdout
