"""Series with a daily rhythm, and a model that was fitted on them as in SageMaker."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlops_jobs.series import evaluation, preprocess, training
from mlops_jobs.series.model import ForecastModel

from forecasting import model

from .training_jobs import lay_out_training, pack

HORIZON, SEASON = 12, 24
START = datetime(2026, 1, 1)  # noqa: DTZ001


def raw_rows(days: int = 60) -> Iterator[list[str]]:
    """Yields rows of two shops; sales double while there is an offer, which is known in advance."""
    random = np.random.default_rng(5)
    for shop, level in (("north", 40.0), ("south", 15.0)):
        for hour in range(days * 24):
            offer = int(hour // 24 % 5 == 0)
            rhythm = 1 + 0.6 * np.sin(hour / 24 * 2 * np.pi)
            value = level * rhythm * (1 + offer) + random.normal(0, level / 20)
            time = START + timedelta(hours=hour)
            missing = hour % 97 == 0
            yield [shop, time.isoformat(), str(offer), "" if missing else f"{max(value, 0):.2f}"]


def write_table(folder: Path, days: int = 60) -> Path:
    """Writes the series as a file of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sales.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["shop", "time", "offer", "sales"])
        writer.writerows(raw_rows(days))
    return folder


def run_preprocess(folder: Path, *arguments: str) -> Path:
    """Runs the processing job on the table in `folder/raw`; returns the folder of its outputs."""
    options = [
        "--series=shop",
        "--timestamp=time",
        "--target=sales",
        "--covariate=offer",
        "--frequency=hour",
        f"--horizon={HORIZON}",
        f"--season={SEASON}",
        "--quantile=0.1",
        "--quantile=0.5",
        "--quantile=0.9",
        "--validation=20",
        "--test=10",
        f"--input={folder / 'raw'}",
        f"--output={folder / 'output'}",
        *arguments,
    ]
    preprocess.preprocess(preprocess.parser().parse_args(options))
    return folder / "output"


def train(opt_ml: Path) -> ForecastModel:
    """Runs the training job of the project."""
    return training.train(model.fit, model.load_predictor, model.HYPERPARAMETERS, opt_ml)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Results of the jobs."""

    outputs: Path
    model: Path
    archive: Path
    report: dict[str, Any]
    forecaster: ForecastModel

    def holdout(self) -> list[dict[str, str]]:
        """Returns the held-out rows, by column."""
        with (self.outputs / "test/holdout.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """A model of the series, fitted once."""
    folder = tmp_path_factory.mktemp("series")
    write_table(folder / "raw")
    outputs = run_preprocess(folder)
    opt_ml = lay_out_training(folder / "ml", outputs)
    train(opt_ml)
    archive = pack(opt_ml / "model", folder / "archive")
    report = evaluation.evaluate(
        model.load_predictor, archive, outputs / "test", folder / "evaluation"
    )
    return Fitted(
        outputs=outputs,
        model=opt_ml / "model",
        archive=archive,
        report=report,
        forecaster=model.load(opt_ml / "model"),
    )
