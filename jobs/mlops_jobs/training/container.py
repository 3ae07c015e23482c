"""The container contract of training jobs, for every kind of model.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.failure import InputError
from mlops_jobs.instances import Instances
from mlops_jobs.training.hyperparameters import Hyperparameter, read_hyperparameters

OPT_ML = Path("/opt/ml")


@dataclass(frozen=True, kw_only=True)
class TrainingContainer:
    """The folders and settings that SageMaker gives a training job.

    Args:
        opt_ml: folder of the job.
        metric: name of the project's metric, which travels with the hyperparameters. Defaults to
            None: the first metric of the kind of target.
        hyperparameters: all hyperparameters of the model.
        settings: settings of the job, which travel with the hyperparameters too. Defaults to none.
    """

    opt_ml: Path
    metric: str | None = None
    hyperparameters: dict[str, int | float]
    settings: dict[str, object] = field(default_factory=dict)

    @classmethod
    def read(
        cls, known: Mapping[str, Hyperparameter], opt_ml: Path, settings: Sequence[str] = ()
    ) -> "TrainingContainer":
        """Reads the settings of a job.

        Args:
            known: the hyperparameters of the model.
            opt_ml: folder of the job in the layout of SageMaker, such as `/opt/ml`.
            settings: names of settings that are no hyperparameters of the model. Defaults to none.

        Raises:
            InputError: a hyperparameter is unknown or out of its range.
        """
        file = opt_ml / "input/config/hyperparameters.json"
        given = json.loads(file.read_text(encoding="utf-8"))
        metric = given.pop("metric", None)
        found = {name: given.pop(name) for name in settings if name in given}
        return cls(
            opt_ml=opt_ml,
            metric=metric,
            hyperparameters=read_hyperparameters(known, given),
            settings=found,
        )

    @property
    def checkpoints(self) -> Path:
        """Folder that SageMaker synchronizes with S3; it needs `CheckpointConfig` to exist."""
        return self.opt_ml / "checkpoints"

    @property
    def instances(self) -> Instances:
        """The instances of the job."""
        return Instances.of_job(self.opt_ml / "input/config/resourceconfig.json")

    def input_file(self, channel: str, name: str) -> Path:
        """Returns the path of a file of a channel.

        Args:
            channel: name of the channel.
            name: name of the file.

        Raises:
            InputError: the file does not exist.
        """
        file = self.opt_ml / "input/data" / channel / name
        if not file.is_file():
            raise InputError(f"{file}: no such file; the Preprocess step writes it")
        return file

    def model_folder(self, *files: Path, folder: Path | None = None) -> Path:
        """Creates the folder of the model.

        Args:
            files: files that the model needs; they are copied into the folder. Defaults to none.
            folder: path of the folder. Defaults to None: that whose files become the artifact.
        """
        folder = folder or self.opt_ml / "model"
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, folder / file.name)
        return folder


def print_result(metric: Metric, value: float) -> None:
    """Prints the metric of the model; the last line with the metric is its value in SageMaker.

    Args:
        metric: metric of the project.
        value: value of the metric on the validation data.
    """
    print(f"result: {metric_line(metric.name, value)}", flush=True)


def metric_line(name: str, value: float) -> str:
    """Returns a metric of the validation data as the tuner reads it, with all of its digits.

    Args:
        name: name of the metric.
        value: value of the metric; the text has no exponent, which the tuner would not read.
    """
    return f"validation:{name}={np.format_float_positional(value, trim='0')}"
