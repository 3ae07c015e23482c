"""Seeds whose builds end at once, for tests that deploy projects and do not await their pipelines.

The pipelines of a project start as soon as it exists: with the builds of the seeds, they would
install packages and train a model while the tests work on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import app
from stacks.seeds import seed_code

_ROOT = Path(__file__).parent.parent
_BUILD = "version: 0.2\nphases: {build: {commands: ['true']}}\n"
# While no model is approved, the pipeline of a project skips its other stages.
_SYNTH = """version: 0.2
env: {exported-variables: [MODEL_PACKAGE_VERSION]}
phases: {build: {commands: [export MODEL_PACKAGE_VERSION=none]}}
artifacts: {files: [README.md]}
"""
_SHORT_BUILDS = {
    "model_build/Dockerfile": "FROM public.ecr.aws/docker/library/python:3.11-slim\n",
    "model_build/buildspecs/test.yml": _BUILD,
    "model_build/buildspecs/train.yml": _BUILD,
    "model_deploy/buildspecs/synth.yml": _SYNTH,
}


def shorten_builds(seeds: Path) -> None:
    """Replaces what the pipelines of new projects run, in a copy of the folder of the seeds."""
    for name, content in _SHORT_BUILDS.items():
        file = seeds / name
        assert file.exists(), file
        file.write_text(content)


@contextmanager
def short_builds(folder: Path) -> Iterator[None]:
    """Syntheses of the app in this process use a copy of the seeds, with builds that end at once.

    Args:
        folder: an existing folder for the copy.
    """
    seeds = folder / "seed_code"
    shutil.copytree(_ROOT / "seed_code", seeds)
    shorten_builds(seeds)
    found = seed_code(seeds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "seeds", lambda: found)
        yield
