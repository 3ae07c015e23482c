"""Entry point of the image: the commands of `mlops_jobs` with the model of this project.

README.md, "Work without pushing", describes those for a machine of yours. The modules of a command
are imported when it runs.
"""

from typing import TYPE_CHECKING

from mlops_jobs.commands import start
from mlops_jobs.images.commands import image_commands

if TYPE_CHECKING:
    from mlops_jobs.images.project import ImageProject


def project() -> "ImageProject":
    """Returns the parts of this project that the commands use."""
    from mlops_jobs.images.project import ImageProject

    from vision import model

    return ImageProject(fit=model.fit, load=model.load, hyperparameters=model.HYPERPARAMETERS)


if __name__ == "__main__":
    start(image_commands(project))
