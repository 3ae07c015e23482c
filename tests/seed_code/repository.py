"""Repositories of projects, as their seeds make them, and their environments."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stacks.seeds import seed_code
from stacks.settings.names import Seed

UV = Path(sys.executable).with_name("uv")


def write_model_build(name: Seed, folder: Path) -> None:
    """Writes the model-build repository as a project gets it."""
    for path, file in seed_code()[name].model_build.files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def run(folder: Path, *command: str | Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def environment(repository: Path, *locks: str) -> Path:
    """Creates an environment from lock files as the buildspecs do; returns its Python.

    As there, the environment belongs to the content of the locks and of the wheel: the tests of a
    run that need the same one share it.
    """
    wheels = sorted((repository / "wheels").glob("mlops_jobs-*.whl"))
    files = [*(repository / lock for lock in locks), *wheels]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), "environments", key)
    folder.parent.mkdir(exist_ok=True)
    python, complete = folder / "bin/python", folder / "complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            run(repository, UV, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
            sync = ("pip", "sync", "--quiet", "--python", python, "--require-hashes")
            run(repository, UV, *sync, *locks)
            options = ("--quiet", "--python", python, "--no-deps", "--no-index")
            run(repository, UV, "pip", "install", *options, *wheels)
            complete.touch()
    return python


def check_types(repository: Path) -> None:
    """Runs mypy with a cache of the run, which has the types of the packages."""
    cache = str(Path(tempfile.gettempdir(), "mypy-of-seeds"))
    run(repository, sys.executable, "-m", "mypy", environment={"MYPY_CACHE_DIR": cache})
