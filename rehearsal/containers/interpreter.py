"""Python interpreters of this machine, which replace `python:3.x` base images."""

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_DESCRIBE = """
import json, os, sys, sysconfig
executable = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
prefixes = sorted({os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)})
version = "%d.%d.%d" % sys.version_info[:3]
print(json.dumps([executable, prefixes, version]))
"""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter of the host: its executable, its folders, and its version, as `3.11.7`."""

    executable: Path
    prefixes: tuple[Path, ...]
    version: str

    @property
    def minor_version(self) -> str:
        """The version without the patch level, as `3.11`."""
        return ".".join(self.version.split(".")[:2])

    def exists(self) -> bool:
        """Returns True if the executable still exists."""
        return self.executable.exists()


@functools.cache
def find_interpreter(minor_version: str) -> Interpreter | None:
    """Returns the interpreter of a minor version, as `3.11`, outside of virtual environments.

    The order is: the running interpreter, `python3.11` on the PATH, and interpreters of a version
    manager (pyenv, uv) beside the running one. Each is executed, because a shim of a version
    manager may exist for a version that is not active. Returns None if no interpreter was found.
    """
    running = running_interpreter()
    if running.minor_version == minor_version:
        return running
    name = f"python{minor_version}"
    on_path = [shutil.which(name, path=folder) for folder in os.get_exec_path()]
    beside = [path for prefix in running.prefixes for path in prefix.parent.glob(f"*/bin/{name}")]
    for program in [*filter(None, on_path), *sorted(map(str, beside))]:
        found = _describe(program)
        if found and found.minor_version == minor_version:
            return found
    return None


@functools.cache
def running_interpreter() -> Interpreter:
    """Returns the interpreter of this process, outside of its virtual environment."""
    found = _describe(sys.executable)
    if found is None:
        raise RuntimeError(f"The running interpreter {sys.executable} could not be executed.")
    return found


def _describe(program: str) -> Interpreter | None:
    try:
        result = subprocess.run(
            [program, "-I", "-c", _DESCRIBE],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None  # a shim without an active version, or no interpreter
    executable, prefixes, version = json.loads(result.stdout)
    return Interpreter(Path(executable), tuple(Path(prefix) for prefix in prefixes), version)
