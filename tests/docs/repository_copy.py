"""A copy of what a platform engineer has of this repository, in which commands can write."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.docs.synthesis import ROOT

_FILES = ("app.py", "cdk.json", "package.json", "pyproject.toml", "LICENSE")
_FOLDERS = ("config", "constructs", "jobs", "seed_code", "stacks")


def copy_repository(folder: Path) -> Path:
    """Copies the app, its sources and the link to the CDK CLI; returns the folder of the copy."""
    repository = folder / "repository"
    repository.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv", "build", "cdk.out")
    for name in _FILES:
        shutil.copy(ROOT / name, repository / name)
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, repository / name, ignore=unwanted)
    (repository / "node_modules").symlink_to(ROOT / "node_modules")
    return repository
