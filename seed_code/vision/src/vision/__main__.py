"""Entry point of the image.

SageMaker starts the image with `train` or `serve`, the pipeline starts it with `preprocess`,
`evaluate` or `baseline`, and monitoring jobs start it with `monitor`.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_jobs.images.model import ImageModel


def main() -> None:
    """Runs the command of the first argument; each command imports only its own modules."""
    match sys.argv[1:2]:
        case ["preprocess"]:
            from mlops_jobs.images import preprocess

            preprocess.main(sys.argv[2:])
        case ["train"]:
            from mlops_jobs.images import training

            from vision import model

            training.main(model.fit, model.load, model.HYPERPARAMETERS)
        case ["evaluate"]:
            from mlops_jobs.evaluation import job as evaluation

            from vision import model

            evaluation.main(model.load, sys.argv[2:])
        case ["baseline"]:
            from mlops_jobs.monitoring import model_baselines

            model_baselines.main(load_model, sys.argv[2:])
        case ["serve"]:
            from mlops_jobs.serving import server

            from vision import model

            server.main(model.load)
        case ["monitor"]:
            _monitor(sys.argv[2:])
        # Model Monitor starts the image for bias and explainability without arguments.
        case [] if "sagemaker_monitoring_schedule_name" in os.environ:
            _monitor([])
        case _:
            allowed = "preprocess, train, evaluate, baseline, serve, monitor"
            sys.exit(f"got {sys.argv[1:]}; allowed: {allowed}")


def _monitor(arguments: list[str]) -> None:
    from mlops_jobs.monitoring import job

    job.main(load_model, arguments)


def load_model(archive: Path) -> "ImageModel":
    """Loads the model that monitoring reads.

    Args:
        archive: path of `model.tar.gz`.

    Raises:
        InputError: the file is not an archive with a model.
    """
    from mlops_jobs.archive import load_archive

    from vision import model

    return load_archive(archive, model.load)


if __name__ == "__main__":
    main()
