"""Entry point of the image: the commands of `mlops_jobs` with the model of this project.

README.md, "Work without pushing", describes those for a machine of yours. The modules of a command
are imported when it runs.
"""

from typing import TYPE_CHECKING

from mlops_jobs.commands import start
from mlops_jobs.series.commands import series_commands

if TYPE_CHECKING:
    from mlops_jobs.series.project import SeriesProject


def project() -> "SeriesProject":
    """Returns the parts of this project that the commands use."""
    from mlops_jobs.series.project import SeriesProject

    from forecasting import model

    return SeriesProject(
        fit=model.fit,
        load_predictor=model.load_predictor,
        load=model.load,
        hyperparameters=model.HYPERPARAMETERS,
    )


if __name__ == "__main__":
    start(series_commands(project))
