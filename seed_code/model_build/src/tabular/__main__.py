"""Entry point of the image.

SageMaker starts the image with `train` or `serve`, the pipeline starts it with `preprocess`,
`evaluate` or `baseline`, monitoring jobs start it with `monitor`, and feature ingestion starts it
with `ingest`. `run` and `check` are for a machine of yours: README.md, "Work without pushing".
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_jobs.table.model import TabularModel
    from mlops_jobs.training.local import Project


def main() -> None:
    """Runs the command of the first argument; each command imports only its own modules."""
    match sys.argv[1:2]:
        case ["preprocess"]:
            from mlops_jobs.table import preprocess

            from tabular.features import FEATURES

            preprocess.main(sys.argv[2:], FEATURES)
        case ["train"]:
            from mlops_jobs.training import job as training

            from tabular import model

            training.main(model.fit, model.load, model.HYPERPARAMETERS)
        case ["evaluate"]:
            from mlops_jobs.evaluation import job as evaluation

            from tabular import model

            evaluation.main(model.load, sys.argv[2:])
        case ["baseline"]:
            from mlops_jobs.monitoring import model_baselines

            model_baselines.main(load_model, sys.argv[2:])
        case ["serve"]:
            from mlops_jobs.serving import server

            from tabular import model

            server.main(model.load)
        case ["monitor"]:
            _monitor(sys.argv[2:])
        case ["ingest"]:
            from mlops_jobs.ingestion import job as ingestion

            ingestion.main(sys.argv[2:])
        case ["run" | "check" as command]:
            from mlops_jobs.training import local

            local.main(command, _project(), sys.argv[2:])
        # Model Monitor starts the image for bias and explainability without arguments.
        case [] if "sagemaker_monitoring_schedule_name" in os.environ:
            _monitor([])
        case _:
            allowed = "preprocess, train, evaluate, baseline, serve, monitor, ingest, run, check"
            sys.exit(f"got {sys.argv[1:]}; allowed: {allowed}")


def _project() -> "Project":
    from mlops_jobs.training.local import Project

    from tabular import model
    from tabular.features import FEATURES

    return Project(
        fit=model.fit,
        load=model.load,
        hyperparameters=model.HYPERPARAMETERS,
        features=FEATURES,
    )


def _monitor(arguments: list[str]) -> None:
    from mlops_jobs.monitoring import job

    job.main(load_model, arguments)


def load_model(archive: Path) -> "TabularModel":
    """Loads the model that monitoring reads.

    Args:
        archive: path of `model.tar.gz`.

    Raises:
        InputError: the file is not an archive with a model.
    """
    # Only some of the monitors load the model, and XGBoost takes a second to import.
    from mlops_jobs.archive import load_archive

    from tabular import model

    return load_archive(archive, model.load)


if __name__ == "__main__":
    main()
