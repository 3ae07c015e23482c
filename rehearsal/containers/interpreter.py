"""The Python interpreters of this machine, which stand in for `python:3.x` base images."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_QUESTION = """
import json, os, sys, sysconfig
executable = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
prefixes = sorted({os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)})
version = "%d.%d.%d" % sys.version_info[:3]
print(json.dumps([executable, prefixes, version]))
"""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter of the host: its executable, the folders it lives in, and `3.11.7`."""

    executable: Path
    prefixes: tuple[Path, ...]
    version: str

    @property
    def minor_version(self) -> str:
        return ".".join(self.version.split(".")[:2])

    def exists(self) -> bool:
        return self.executable.exists()


@functools.cache
def find_interpreter(minor_version: str) -> Interpreter | None:
    """The interpreter for `3.11`, say, outside of any virtual environment; None without one.

    The running interpreter wins when it fits; then `python3.11` on the PATH, whose answer is
    checked, because a version manager's shim may exist for a version that is not active; then what
    a version manager (pyenv, uv) installed beside the running one.
    """
    running = running_interpreter()
    if running.minor_version == minor_version:
        return running
    name = f"python{minor_version}"
    on_path = [shutil.which(name, path=folder) for folder in os.get_exec_path()]
    beside = [path for prefix in running.prefixes for path in prefix.parent.glob(f"*/bin/{name}")]
    for program in [*filter(None, on_path), *sorted(map(str, beside))]:
        found = _ask(program)
        if found and found.minor_version == minor_version:
            return found
    return None


@functools.cache
def running_interpreter() -> Interpreter:
    found = _ask(sys.executable)
    if found is None:
        raise RuntimeError(f"The running interpreter {sys.executable} does not answer.")
    return found


def _ask(program: str) -> Interpreter | None:
    try:
        answer = subprocess.run(
            [program, "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None  # a shim without an active version, or no interpreter at all
    executable, prefixes, version = json.loads(answer.stdout)
    return Interpreter(Path(executable), tuple(Path(prefix) for prefix in prefixes), version)
