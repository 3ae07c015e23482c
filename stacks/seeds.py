"""Seed code of this repository for projects."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_constructs.projects import Seed, SeedVersion
from stacks.settings.names import Seed as SeedName
from stacks.wheels import ROOT, build_jobs_wheel, build_library_wheel


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Defines the first commits of a project's two repositories.

    Args:
        model_build: seed of the model-build repository.
        model_deploy: seed of the model-deploy repository.
    """

    model_build: Seed
    model_deploy: Seed


def seed_code(folder: Path = ROOT / "seed_code") -> dict[SeedName, Seeds]:
    """Returns the seeds below `folder` by name, each with the wheel that its code imports.

    Their version is that of this repository's wheels.
    """
    jobs, library = build_jobs_wheel(), build_library_wheel()
    return {
        SeedName.TABULAR: Seeds(
            model_build=Seed(
                folder=folder / "model_build",
                extra_files={f"wheels/{jobs.name}": jobs},
                version=_version(SeedName.TABULAR, "model_build"),
            ),
            model_deploy=Seed(
                folder=folder / "model_deploy",
                extra_files={f"wheels/{library.name}": library},
                version=_version(SeedName.TABULAR, "model_deploy"),
            ),
        )
    }


def seeds_by_record(seeds: Mapping[SeedName, Seeds]) -> dict[str, Seed]:
    """Returns all seeds by the names that repositories record.

    Args:
        seeds: seeds by the names in settings.
    """
    each = [one for two in seeds.values() for one in (two.model_build, two.model_deploy)]
    return {one.version.name: one for one in each if one.version is not None}


def _version(name: SeedName, kind: str) -> SeedVersion:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return SeedVersion(name=f"{name.value}/{kind}", version=project["version"])
