"""The seed code of this repository, ready for projects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_constructs.projects import Seed
from stacks.library_wheel import ROOT, build_library_wheel


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Defines the first commits of a project's two repositories."""

    model_build: Seed
    model_deploy: Seed


def seed_code(folder: Path = ROOT / "seed_code") -> Seeds:
    """The seeds below `folder`; the one that deploys carries the library's wheel."""
    wheel = build_library_wheel()
    return Seeds(
        model_build=Seed(folder=folder / "model_build"),
        model_deploy=Seed(
            folder=folder / "model_deploy", extra_files={f"wheels/{wheel.name}": wheel}
        ),
    )
