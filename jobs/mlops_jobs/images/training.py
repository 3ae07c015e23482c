"""Training job: fits the model of a project to images and prints the metric that the tuner reads.

Reads the channels `train` and `validation` of the preprocessing. Writes the files of the model, and
`schema.json` beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.quality import Metric, metric_of
from mlops_jobs.failure import exit_with_message
from mlops_jobs.images.model import ImageModel, Images, scaled
from mlops_jobs.images.schema import FILE, ImageSchema
from mlops_jobs.training.container import OPT_ML, TrainingContainer, print_result
from mlops_jobs.training.hyperparameters import Hyperparameter


@dataclass(frozen=True, kw_only=True)
class LabeledImages:
    """Images and their classes.

    Args:
        images: the images.
        target: number of the class of each image.
    """

    images: Images
    target: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ImageTraining:
    """The input of a training job.

    Args:
        schema: size and labels.
        metric: metric of the project.
        hyperparameters: all hyperparameters of the model.
        train: images to learn from.
        validation: images that decide when training stops, and which trial is best.
        checkpoints: folder that SageMaker synchronizes with S3; without `CheckpointConfig` it does
            not exist.
        folder: existing folder for the files of the model; it already has the schema.
    """

    schema: ImageSchema
    metric: Metric
    hyperparameters: dict[str, int | float]
    train: LabeledImages
    validation: LabeledImages
    checkpoints: Path
    folder: Path


Fit = Callable[[ImageTraining], None]
"""Fits a model and writes its files to `ImageTraining.folder`."""

LoadImages = Callable[[Path], ImageModel]


def train(
    fit: Fit,
    load: LoadImages,
    hyperparameters: Mapping[str, Hyperparameter],
    opt_ml: Path = OPT_ML,
) -> ImageModel:
    """Runs the job.

    Args:
        fit: fits the model.
        load: loads the model of a folder.
        hyperparameters: hyperparameters of the model.
        opt_ml: folder of a training job in the layout of SageMaker. Defaults to `/opt/ml`.

    Returns:
        The model.

    Raises:
        InputError: a hyperparameter is unknown or out of its range, or a channel is missing.
    """
    container = TrainingContainer.read(hyperparameters, opt_ml)
    schema_file = container.input_file("train", FILE)
    schema = ImageSchema.from_json(schema_file.read_bytes())
    metric = metric_of(schema.problem_type, container.metric)
    folder = container.model_folder(schema_file)
    validation = _read(container.input_file("validation", "validation.npz"))
    fit(
        ImageTraining(
            schema=schema,
            metric=metric,
            hyperparameters=container.hyperparameters,
            train=_read(container.input_file("train", "train.npz")),
            validation=validation,
            checkpoints=container.checkpoints,
            folder=folder,
        )
    )
    model = load(folder)
    predicted = model.predict_images(validation.images)
    actual = validation.target.astype(np.float64)
    print_result(metric, metric.measure(schema.labels, actual, predicted))
    return model


def _read(file: Path) -> LabeledImages:
    with np.load(file, allow_pickle=False) as arrays:
        return LabeledImages(
            images=scaled(arrays["images"]), target=arrays["target"].astype(np.int64)
        )


def main(fit: Fit, load: LoadImages, hyperparameters: Mapping[str, Hyperparameter]) -> None:
    """Runs the job as SageMaker starts it.

    Args:
        fit: as for `train`.
        load: as for `train`.
        hyperparameters: as for `train`.
    """
    with exit_with_message(OPT_ML / "output/failure"):
        train(fit, load, hyperparameters)
