"""Small raw tables of each kind, and models that were fitted on them as in SageMaker."""

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.table import preprocess
from mlops_jobs.table.model import TabularModel
from mlops_jobs.training import job

from tabular import model
from tabular.features import FEATURES

from .training_jobs import lay_out_training, pack

Rows = list[list[str]]

HEADING = ["age", "city", "member", "joined", "balance", "empty", "always", "number", "answer"]


def raw_rows(kind: str, count: int = 300) -> Rows:
    """Returns a table with all kinds of columns, some of them useless.

    The labels are words for a binary target, and 3, 7 and 20 for a multiclass one.
    """
    dice = random.Random(4)  # noqa: S311  reproducible, not secret
    rows = []
    for number in range(count):
        age = dice.uniform(18, 80)
        city = dice.choice(["Łódź", "Zürich, CH", 'the "old" town'])
        member = dice.random() < 0.4
        score = age / 20 + (city == "Łódź") * 2 + member + dice.gauss(0, 0.2)
        targets = {
            "binary": "churned" if score > 4 else "stays",
            "multiclass": "3" if score < 3 else "7" if score < 4.5 else "20",
            "regression": f"{score * 100:.2f}",
        }
        row = [
            dice.choice(["NA", "", "?"]) if dice.random() < 0.1 else f"{age:.3f}",
            "" if dice.random() < 0.05 else city,
            str(member),
            f"2026-{dice.randint(1, 12):02d}-01",
            f"{dice.gauss(0, 1e4):.2e}",
            "",
            "same",
            f"customer-{number}",
            targets[kind],
        ]
        rows.append(row)
    return rows


def write_csv(
    folder: Path, rows: Iterable[Sequence[str]], heading: Sequence[str] | None = HEADING
) -> Path:
    """Writes a table as the only file of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        if heading is not None:
            writer.writerow(heading)
        writer.writerows(rows)
    return folder


def run_preprocess(folder: Path, *arguments: str, target: str = "name:answer") -> Path:
    """Runs the processing job on the table in `folder/raw`; returns the folder of its outputs."""
    options = preprocess.parser().parse_args(
        [
            f"--target={target}",
            f"--input={folder / 'raw'}",
            f"--output={folder / 'output'}",
            *arguments,
        ]
    )
    preprocess.preprocess(options, FEATURES)
    return folder / "output"


def train(opt_ml: Path) -> TabularModel:
    """Runs the training job of the project."""
    return job.train(model.fit, model.load, model.HYPERPARAMETERS, opt_ml)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Results of the jobs."""

    kind: str
    raw: Rows
    outputs: Path
    model: Path
    report: dict[str, Any]
    predictor: TabularModel

    def holdout(self) -> list[dict[str, str]]:
        """Returns the held-out rows, by column."""
        with (self.outputs / "test/holdout.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fitted]:
    """Fits a model on a kind of table, once."""
    fitted: dict[str, Fitted] = {}
    models = tmp_path_factory.mktemp("models")

    def fit_once(kind: str) -> Fitted:
        if kind not in fitted:
            folder = models / kind
            raw = raw_rows(kind)
            write_csv(folder / "raw", raw)
            outputs = run_preprocess(folder, f"--problem-type={kind}")
            opt_ml = lay_out_training(folder / "ml", outputs)
            train(opt_ml)
            archive = pack(opt_ml / "model", folder / "archive")
            report = evaluate(model.load, archive, outputs / "test", folder / "evaluation")
            predictor = model.load(opt_ml / "model")
            fitted[kind] = Fitted(
                kind=kind,
                raw=raw,
                outputs=outputs,
                model=opt_ml / "model",
                report=report,
                predictor=predictor,
            )
        return fitted[kind]

    return fit_once


@pytest.fixture(params=["binary", "multiclass", "regression"])
def fitted(request: pytest.FixtureRequest, fit: Callable[[str], Fitted]) -> Fitted:
    """A fitted model of each kind of problem."""
    return fit(request.param)


@pytest.fixture
def binary(fit: Callable[[str], Fitted]) -> Fitted:
    """A fitted binary classifier."""
    return fit("binary")
