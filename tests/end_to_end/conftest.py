"""One loop from a fresh copy of the checkout, which the tests of this folder share.

It takes minutes, because it really builds, trains and serves; so it runs once.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_COPIED = ("app.py", "cdk.json", "pyproject.toml", "LICENSE", "package.json")
_COPIED_FOLDERS = ("config", "stacks", "constructs", "seed_code")
_LINKED = (".venv", "node_modules")


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout in which `rehearse` runs."""

    folder: Path

    def rehearse(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Runs a command; it may fail."""
        return subprocess.run(
            [sys.executable, "-m", "rehearsal", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def clone(self, repository: str, project: str = "rehearsal") -> Path:
        """The clone of a project's repository: `model-build` or `model-deploy`."""
        return self.folder / "build/rehearsal/projects" / project / repository

    @cached_property
    def environment(self) -> dict[str, str]:
        """What `rehearse env` exports, for ordinary tools; asked once, as it stays up."""
        shell = self.rehearse("env")
        assert shell.returncode == 0, shell.stderr
        printed = subprocess.run(
            ["bash", "-c", f"{shell.stdout}\n env -0"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)

    def aws(self, *arguments: str) -> Any:
        """The answer of the ordinary aws CLI."""
        answer = self._run_aws(arguments, {})
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout or "null")

    def refused(self, access_key: str, secret_key: str, *arguments: str) -> str:
        """What the aws CLI says to a caller who may not do it."""
        keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        answer = self._run_aws(arguments, keys)
        assert answer.returncode != 0
        return answer.stderr

    def _run_aws(
        self, arguments: Sequence[str], variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "aws"), *arguments, "--output", "json"],
            env=self.environment | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@dataclass(frozen=True)
class Loop(Checkout):
    """A checkout whose project `rehearsal` went through the whole story and is still up."""

    summary: dict[str, Any]


def _copy(folder: Path) -> None:
    for name in _COPIED:
        shutil.copy(ROOT / name, folder / name)
    unwanted = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv", "build", "cdk.out")
    for name in _COPIED_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("checkout")
    _copy(folder)
    made = Checkout(folder)
    yield made
    made.rehearse("down")


@pytest.fixture(scope="session")
def loop(checkout: Checkout) -> Loop:
    told = checkout.rehearse("run", "--keep-up", "--config", "config/rehearsal.yaml")
    assert told.returncode == 0, told.stdout[-8000:] + told.stderr[-4000:]
    summary = json.loads((checkout.folder / "build/rehearsal/summary.json").read_text())
    return Loop(checkout.folder, summary)
