"""The commands of an image for series."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlops_jobs.commands import Command, model_commands

if TYPE_CHECKING:
    from mlops_jobs.series.project import SeriesProject


def series_commands(project: "Callable[[], SeriesProject]") -> dict[str, Command]:
    """Returns the commands of a project for series.

    Args:
        project: imports and returns the parts of the project.
    """

    def preprocess(arguments: list[str]) -> None:
        from mlops_jobs.series import preprocess as job

        job.main(arguments)

    def train(_: list[str]) -> None:
        from mlops_jobs.series import training

        parts = project()
        training.main(parts.fit, parts.load_predictor, parts.hyperparameters)

    def evaluate(arguments: list[str]) -> None:
        from mlops_jobs.series import evaluation

        evaluation.main(project().load_predictor, arguments)

    def run(arguments: list[str]) -> None:
        from mlops_jobs.series import local

        local.main("run", project(), arguments)

    def check(arguments: list[str]) -> None:
        from mlops_jobs.series import local

        local.main("check", project(), arguments)

    return {
        "preprocess": preprocess,
        "train": train,
        "evaluate": evaluate,
        **model_commands(project),
        "run": run,
        "check": check,
    }
