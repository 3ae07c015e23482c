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


_SHARED = (
    ".dockerignore",
    ".gitignore",
    "buildspecs/packages.sh",
    "buildspecs/test.yml",
    "buildspecs/train.yml",
    "pipeline/__init__.py",
    "pipeline/champion.py",
    "pipeline/configuration_file.py",
    "pipeline/definition.py",
    "pipeline/job_shapes.py",
    "pipeline/jobs.py",
    "pipeline/offline_session.py",
    "pipeline/overrides.txt",
    "pipeline/placement.py",
    "pipeline/project.py",
    "pipeline/registration.py",
    "pipeline/run.py",
    "pipeline/sections.py",
    "pipeline/tracking.py",
    "pipeline/warm_start.py",
    "pyproject.toml",
    "tests/__init__.py",
    "tests/fakes.py",
    "tests/requirements.in",
    "tests/requirements.txt",
    "tests/test_champion.py",
    "tests/test_project.py",
    "tests/training_jobs.py",
    "tests/test_warm_start.py",
)
"""Files of model_build that do not depend on the kind of model; each repository has a copy."""

_TRAIN_BUILD = ("pipeline/requirements.in", "pipeline/requirements.txt")

_SHARED_BY_KIND = {
    SeedName.FORECASTING: (
        *_SHARED,
        *_TRAIN_BUILD,
        "requirements.in",
        "requirements.txt",
    ),
    SeedName.VISION: _SHARED,
}


def seed_code(folder: Path = ROOT / "seed_code") -> dict[SeedName, Seeds]:
    """Returns the seeds below `folder` by name, each with the wheel that its code imports.

    A seed of another kind of model than tables is a folder with the files that differ; the others
    are those of `model_build`. The seed of batch projects has other settings of `model_deploy`.
    Their version is that of this repository's wheels.
    """
    jobs, library = build_jobs_wheel(), build_library_wheel()

    def seeds(
        name: SeedName,
        build: str = "model_build",
        shared: tuple[str, ...] = (),
        deploy: str = "model_deploy",
    ) -> Seeds:
        inherited = Seed(folder=folder / "model_deploy").files() if deploy != "model_deploy" else {}
        return Seeds(
            model_build=Seed(
                folder=folder / build,
                extra_files={
                    **{path: folder / "model_build" / path for path in shared},
                    f"wheels/{jobs.name}": jobs,
                },
                version=_version(name, "model_build"),
            ),
            model_deploy=Seed(
                folder=folder / deploy,
                extra_files={
                    **{
                        path: file
                        for path, file in inherited.items()
                        if not (folder / deploy / path).exists()
                    },
                    f"wheels/{library.name}": library,
                },
                version=_version(name, "model_deploy"),
            ),
        )

    return {
        SeedName.TABULAR: seeds(SeedName.TABULAR),
        **{name: seeds(name, name.value, shared) for name, shared in _SHARED_BY_KIND.items()},
        SeedName.BATCH: seeds(SeedName.BATCH, deploy="batch"),
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
