"""Small images of bars, and a model that was fitted on them as in SageMaker."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.images import preprocess, training
from mlops_jobs.images.model import ImageModel
from PIL import Image

from vision import model

from .training_jobs import lay_out_training, pack

SIDE = 8


def pictures(count: int = 180) -> Iterator[tuple[str, bytes]]:
    """Yields labels and PNG files: a horizontal bar, a vertical one, or neither."""
    random = np.random.default_rng(5)
    for number in range(count):
        label = ("flat", "none", "upright")[number % 3]
        pixels = random.integers(0, 80, (SIDE, SIDE))
        place = int(random.integers(SIDE))
        if label == "flat":
            pixels[place, :] = 220
        if label == "upright":
            pixels[:, place] = 220
        file = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
        yield label, file.getvalue()


def write_archive(folder: Path) -> Path:
    """Writes the images as a zip archive in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "bars.zip", "w") as archive:
        for number, (label, content) in enumerate(pictures()):
            archive.writestr(f"bars/{label}/{number}.png", content)
    return folder


def run_preprocess(folder: Path) -> Path:
    """Runs the processing job on the files in `folder/raw`; returns the folder of its outputs."""
    options = [
        f"--height={SIDE}",
        f"--width={SIDE}",
        "--channels=1",
        f"--input={folder / 'raw'}",
        f"--output={folder / 'output'}",
    ]
    preprocess.preprocess(preprocess.parser().parse_args(options))
    return folder / "output"


def train(opt_ml: Path) -> ImageModel:
    """Runs the training job of the project."""
    return training.train(model.fit, model.load, model.HYPERPARAMETERS, opt_ml)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Results of the jobs."""

    outputs: Path
    model: Path
    archive: Path
    report: dict[str, Any]
    classifier: ImageModel

    def holdout(self) -> list[dict[str, str]]:
        """Returns the held-out rows, by column."""
        with (self.outputs / "test/holdout.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """A model of the images, fitted once."""
    pytest.importorskip("keras", reason="only the image has Keras")
    folder = tmp_path_factory.mktemp("images")
    write_archive(folder / "raw")
    outputs = run_preprocess(folder)
    opt_ml = lay_out_training(folder / "ml", outputs, epochs=25, learning_rate=0.01)
    train(opt_ml)
    archive = pack(opt_ml / "model", folder / "archive")
    report = evaluate(model.load, archive, outputs / "test", folder / "evaluation")
    return Fitted(
        outputs=outputs,
        model=opt_ml / "model",
        archive=archive,
        report=report,
        classifier=model.load(opt_ml / "model"),
    )
