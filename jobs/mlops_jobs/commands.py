"""The commands of a project's image.

SageMaker starts an image with `train` or `serve`, the pipeline starts it with `preprocess`,
`evaluate` or `baseline`, and monitoring jobs start it with `monitor`. `run` and `check` are for a
machine of yours. A command imports its modules when it runs, so that containers start fast.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlops_jobs import model
    from mlops_jobs.monitoring import model as monitored

    class Model(model.Model, monitored.Model, Protocol):
        """A model that an image serves and monitors."""


Command = Callable[[list[str]], None]
"""Runs a command with its arguments."""


class Project(Protocol):
    """The parts of a project that the commands of every kind of model use."""

    @property
    def load(self) -> "Callable[[Path], Model]":
        """Loads the model of a folder; a function of an importable module."""


def start(commands: Mapping[str, Command]) -> None:
    """Runs the command that the first argument of the process names.

    Model Monitor starts an image for bias and explainability without arguments: that is `monitor`.

    Args:
        commands: the commands by name.
    """
    match sys.argv[1:2]:
        case [name] if name in commands:
            commands[name](sys.argv[2:])
        case [] if "sagemaker_monitoring_schedule_name" in os.environ:
            commands["monitor"]([])
        case _:
            sys.exit(f"got {sys.argv[1:]}; allowed: {', '.join(commands)}")


def model_commands(project: Callable[[], Project]) -> dict[str, Command]:
    """Returns the commands that only need a model: baseline, serve and monitor.

    Args:
        project: imports and returns the parts of a project.
    """

    def load(archive: Path) -> "Model":
        from mlops_jobs.archive import load_archive

        return load_archive(archive, project().load)

    def baseline(arguments: list[str]) -> None:
        from mlops_jobs.monitoring import model_baselines

        model_baselines.main(load, arguments)

    def serve(_: list[str]) -> None:
        from mlops_jobs.serving import server

        server.main(project().load)

    def monitor(arguments: list[str]) -> None:
        from mlops_jobs.monitoring import job

        job.main(load, arguments)

    return {"baseline": baseline, "serve": serve, "monitor": monitor}
