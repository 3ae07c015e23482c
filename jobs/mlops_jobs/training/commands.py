"""The commands of an image for tables."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlops_jobs.commands import Command, model_commands

if TYPE_CHECKING:
    from mlops_jobs.training.project import Project


def table_commands(project: "Callable[[], Project]") -> dict[str, Command]:
    """Returns the commands of a project for tables.

    Args:
        project: imports and returns the parts of the project.
    """

    def preprocess(arguments: list[str]) -> None:
        from mlops_jobs.table import preprocess as job

        job.main(arguments, project().features)

    def train(_: list[str]) -> None:
        from mlops_jobs.training import job

        parts = project()
        job.main(parts.fit, parts.load, parts.hyperparameters, parts.connect)

    def evaluate(arguments: list[str]) -> None:
        from mlops_jobs.evaluation import job

        job.main(project().load, arguments)

    def ingest(arguments: list[str]) -> None:
        from mlops_jobs.ingestion import job

        job.main(arguments)

    def features(arguments: list[str]) -> None:
        from mlops_jobs.features import job

        job.main(arguments)

    def batch(arguments: list[str]) -> None:
        from mlops_jobs.batch import job

        job.main(arguments)

    def run(arguments: list[str]) -> None:
        from mlops_jobs.training import local

        local.main("run", project(), arguments)

    def check(arguments: list[str]) -> None:
        from mlops_jobs.training import local

        local.main("check", project(), arguments)

    return {
        "preprocess": preprocess,
        "train": train,
        "evaluate": evaluate,
        **model_commands(project),
        "ingest": ingest,
        "features": features,
        "batch": batch,
        "run": run,
        "check": check,
    }
