"""A copy of what a platform engineer has of this repository, in which commands can write."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.run_caches import link_caches

_ROOT = Path(__file__).parent.parent
_FILES = ("app.py", "cdk.json", "package.json", "pyproject.toml", "LICENSE")
_FOLDERS = ("config", "constructs", "jobs", "seed_code", "stacks")
_LINKED = (".venv", "node_modules")
# Compiled modules are copied, so that no copy compiles hundreds of them again. Other processes
# write them now: a name with two suffixes is a file that is about to get its real name.
_UNWANTED = ("*.pyc.*", ".*_cache", ".venv", "build", "cdk.out")


def copy_repository(repository: Path) -> Path:
    """Copies the app and its sources into an existing folder, and links what is installed."""
    for name in _FILES:
        shutil.copy(_ROOT / name, repository / name)
    for name in _FOLDERS:
        unwanted = shutil.ignore_patterns(*_UNWANTED)
        shutil.copytree(_ROOT / name, repository / name, ignore=unwanted)
    # What the validation of templates has found, which does not depend on the copy.
    (_ROOT / "build/validation").mkdir(parents=True, exist_ok=True)
    (repository / "build").mkdir()
    link_caches(repository / "build/rehearsal")
    for name in (*_LINKED, "build/validation"):
        (repository / name).symlink_to(_ROOT / name)
    return repository
