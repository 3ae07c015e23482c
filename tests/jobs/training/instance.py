"""Runs training jobs of the seed, one after another, as one of several instances.

python instance.py '{"runs": [["FOLDER", PORT]], "fails": false}'
"""

import json
import sys
from functools import partial
from pathlib import Path

from tabular import model

from mlops_jobs.boosting.workers import connected
from mlops_jobs.failure import exit_with_message
from mlops_jobs.training import job
from mlops_jobs.training.training import Training


def failing(training: Training) -> None:
    """Fits a model, and then fails."""
    model.fit(training)
    raise MemoryError("the disk is full")


def main() -> None:
    """Runs the jobs, each of which has a folder in the layout of SageMaker."""
    given = json.loads(sys.argv[1])
    for folder, port in given["runs"]:
        opt_ml = Path(folder)
        print(f"# {opt_ml.parent.name}", flush=True)  # noqa: T201  # read by the test
        with exit_with_message(opt_ml / "output/failure"):
            job.train(
                failing if given["fails"] else model.fit,
                model.load,
                model.HYPERPARAMETERS,
                opt_ml,
                partial(connected, port=port),
            )


if __name__ == "__main__":
    main()
