"""Entry point of the image: the commands of `mlops_jobs` with the model of this project.

README.md, "Work without pushing", describes those for a machine of yours. The modules of a command
are imported when it runs.
"""

from typing import TYPE_CHECKING

from mlops_jobs.commands import start
from mlops_jobs.training.commands import table_commands

if TYPE_CHECKING:
    from mlops_jobs.training.project import Project


def project() -> "Project":
    """Returns the parts of this project that the commands use."""
    from mlops_jobs.training.project import Project

    from tabular import model
    from tabular.features import FEATURES

    return Project(
        fit=model.fit,
        load=model.load,
        hyperparameters=model.HYPERPARAMETERS,
        features=FEATURES,
        connect=getattr(model, "connect", None),
    )


if __name__ == "__main__":
    start(table_commands(project))
