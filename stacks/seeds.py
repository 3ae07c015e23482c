"""Seed code of this repository for projects."""

from dataclasses import dataclass
from pathlib import Path

from mlops_constructs.projects import Seed
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


def seed_code(folder: Path = ROOT / "seed_code") -> Seeds:
    """Returns the seeds below `folder`, each with the wheel that its code imports."""
    jobs, library = build_jobs_wheel(), build_library_wheel()
    return Seeds(
        model_build=Seed(folder=folder / "model_build", extra_files={f"wheels/{jobs.name}": jobs}),
        model_deploy=Seed(
            folder=folder / "model_deploy", extra_files={f"wheels/{library.name}": library}
        ),
    )
