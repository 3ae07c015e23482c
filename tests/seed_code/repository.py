"""Repositories of projects, as their seeds make them, and their environments."""

import os
import shutil
import subprocess
import sys
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
    """Creates an environment from lock files as the buildspecs do; returns its Python."""
    folder = repository / f".venv-{len(locks)}"
    python = folder / "bin/python"
    run(repository, UV, "venv", "--quiet", "--python", sys.executable, folder)
    run(repository, UV, "pip", "sync", "--quiet", "--python", python, "--require-hashes", *locks)
    wheels = sorted((repository / "wheels").glob("mlops_jobs-*.whl"))
    options = ("--quiet", "--python", python, "--no-deps", "--no-index")
    run(repository, UV, "pip", "install", *options, *wheels)
    return python
