"""Removes the temporary folders of fixtures as soon as their fixtures end.

pytest keeps the folders of `tmp_path_factory` until the run ends. A rehearsal holds the file
systems of its images in its folder, so those of a whole run fill a disk.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

Setup = Generator[None, object, object]


class FixtureFolders:
    """Remembers which fixture made a folder. Folders of a failed test stay for its reader.

    Args:
        factory: the factory of the run, whose `mktemp` is observed.
    """

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._folders: defaultdict[object, list[Path]] = defaultdict(list)
        self._starting: list[
            pytest.FixtureDef[Any]
        ] = []  # fixtures, each needed by the one before it
        self._failed: set[str] = set()
        self._observe(factory, factory.mktemp)

    def _observe(self, factory: pytest.TempPathFactory, make: Callable[..., Path]) -> None:
        def mktemp(basename: str, numbered: bool = True) -> Path:
            folder = make(basename, numbered)
            # A fixture without the factory calls a function of another one, which keeps the folder.
            if self._starting and "tmp_path_factory" in self._starting[-1].argnames:
                self._folders[self._starting[-1]].append(folder)
            return folder

        factory.mktemp = mktemp  # type: ignore[method-assign]

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Setup:
        self._starting.append(fixturedef)
        try:
            return (yield)
        finally:
            self._starting.pop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            self._failed.add(item.nodeid)
        return report

    def pytest_fixture_post_finalizer(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> None:
        folders = self._folders.pop(fixturedef, [])
        if any(nodeid.startswith(request.node.nodeid) for nodeid in self._failed):
            return
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
