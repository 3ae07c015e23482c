"""The commands of an image for images."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlops_jobs.commands import Command, model_commands

if TYPE_CHECKING:
    from mlops_jobs.images.project import ImageProject


def image_commands(project: "Callable[[], ImageProject]") -> dict[str, Command]:
    """Returns the commands of a project for images.

    Args:
        project: imports and returns the parts of the project.
    """

    def preprocess(arguments: list[str]) -> None:
        from mlops_jobs.images import preprocess as job

        job.main(arguments)

    def train(_: list[str]) -> None:
        from mlops_jobs.images import training

        parts = project()
        training.main(parts.fit, parts.load, parts.hyperparameters)

    def evaluate(arguments: list[str]) -> None:
        from mlops_jobs.evaluation import job

        job.main(project().load, arguments)

    def run(arguments: list[str]) -> None:
        from mlops_jobs.images import local

        local.main("run", project(), arguments)

    def check(arguments: list[str]) -> None:
        from mlops_jobs.images import local

        local.main("check", project(), arguments)

    return {
        "preprocess": preprocess,
        "train": train,
        "evaluate": evaluate,
        **model_commands(project),
        "run": run,
        "check": check,
    }
