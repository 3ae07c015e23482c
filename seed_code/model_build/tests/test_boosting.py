"""Training of XGBoost. Remove this file with `boosting.py` if the project uses another library."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.failure import InputError

from tests.conftest import Fitted, run_preprocess, train, write_csv
from tests.test_commands import run
from tests.training_jobs import lay_out_training, pack

PATIENCE = 120  # seconds, for a machine that is busy with other work


def booster_of(opt_ml: Path) -> xgboost.Booster:
    """Runs the training job; returns its trees."""
    train(opt_ml)
    return xgboost.Booster({"nthread": 1}, model_file=opt_ml / "model/model.ubj")


def test_the_artifact_is_a_schema_and_trees_and_no_pickle(fitted: Fitted) -> None:
    assert sorted(file.name for file in fitted.model.iterdir()) == ["model.ubj", "schema.json"]
    json.loads((fitted.model / "schema.json").read_text())
    content = (fitted.model / "model.ubj").read_bytes()
    assert content.startswith(b"{L")  # an object of Universal Binary JSON
    assert not content.startswith(b"\x80")  # as a pickle would


def test_the_same_input_gives_the_same_model(tmp_path: Path, binary: Fitted) -> None:
    for name in ("one", "two"):
        train(lay_out_training(tmp_path / name, binary.outputs, num_round=20, subsample=0.7))
    one, two = ((tmp_path / name / "model/model.ubj").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("metric", "low", "high"),
    [
        ("auc", 0.9, 1),
        ("f1", 0.8, 1),
        ("accuracy", 0.8, 1),
        ("average_precision", 0.8, 1),
    ],
)
def test_the_last_line_is_the_metric_of_the_best_round(
    tmp_path: Path,
    binary: Fitted,
    capsys: pytest.CaptureFixture[str],
    metric: str,
    low: float,
    high: float,
) -> None:
    train(lay_out_training(tmp_path, binary.outputs, num_round=40, metric=metric))
    lines = capsys.readouterr().out.splitlines()
    values = [re.findall(rf"validation:{metric}=(-?[0-9\.]+)", line) for line in lines]
    assert low <= float(values[-1][0]) <= high
    assert lines[-1].startswith("result: ")
    rounds = [int(re.findall(r"round (\d+)", line)[0]) for line in lines[:-1]]
    assert rounds[-1] <= 40


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        ("multiclass", "accuracy"),
        ("multiclass", "f1"),
        ("multiclass", "macro_f1"),
        ("multiclass", "logloss"),
        ("regression", "rmse"),
        ("regression", "mae"),
        ("regression", "r2"),
        ("binary", "logloss"),
    ],
)
def test_every_metric_is_printed(
    tmp_path: Path,
    fit: Callable[[str], Fitted],
    capsys: pytest.CaptureFixture[str],
    kind: str,
    metric: str,
) -> None:
    train(lay_out_training(tmp_path, fit(kind).outputs, num_round=12, eta=0.3, metric=metric))
    value = float(re.findall(rf"validation:{metric}=(-?[0-9\.]+)", capsys.readouterr().out)[-1])
    assert np.isfinite(value)
    if metric in ("accuracy", "f1", "macro_f1", "r2"):
        assert 0.6 < value <= 1


def test_training_stops_when_nothing_improves(tmp_path: Path, binary: Fitted) -> None:
    booster = booster_of(
        lay_out_training(tmp_path, binary.outputs, num_round=5000, eta=0.5, early_stopping_rounds=5)
    )
    assert booster.num_boosted_rounds() < 200


def test_an_interrupted_job_resumes_from_its_checkpoint(
    tmp_path: Path, binary: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"num_round": 60, "eta": 0.05, "early_stopping_rounds": 60}
    whole = booster_of(lay_out_training(tmp_path / "whole", binary.outputs, **settings))

    first = lay_out_training(tmp_path / "first", binary.outputs, **settings)
    (first / "checkpoints").mkdir()
    train(first)
    (checkpoint,) = (first / "checkpoints").iterdir()
    assert checkpoint.name.endswith("-000050.ubj")

    again = lay_out_training(tmp_path / "again", binary.outputs, **settings)
    (again / "checkpoints").symlink_to(first / "checkpoints")
    capsys.readouterr()
    resumed = booster_of(again)
    assert "resuming after round 50" in capsys.readouterr().out
    assert resumed.get_dump(with_stats=True) == whole.get_dump(with_stats=True)


TRAIN = """
import sys
from pathlib import Path
from tests.conftest import train
train(Path(sys.argv[1]))
"""


def test_a_spot_job_that_is_killed_resumes_from_its_checkpoint(
    tmp_path: Path, binary: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"num_round": 2000, "eta": 0.001, "early_stopping_rounds": 2000}
    killed = lay_out_training(tmp_path / "killed", binary.outputs, **settings)
    checkpoints = killed / "checkpoints"
    checkpoints.mkdir()
    root = Path(__file__).parents[1]
    path = os.pathsep.join(["src", ".", os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(killed)], cwd=root, env=os.environ | {"PYTHONPATH": path}
    )
    deadline = time.monotonic() + PATIENCE
    # A checkpoint that is not complete has a name that begins with a dot.
    while not list(checkpoints.glob("[!.]*.ubj")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()  # as SageMaker does two minutes after an interruption
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "model/model.ubj").exists()

    shorter = settings | {"num_round": 400}  # the fingerprint does not have the number of rounds
    again = lay_out_training(tmp_path / "again", binary.outputs, **shorter)
    (again / "checkpoints").symlink_to(checkpoints)
    capsys.readouterr()
    train(again)
    assert re.search(r"resuming after round \d+", capsys.readouterr().out)
    assert (again / "model/model.ubj").exists()


def test_a_checkpoint_of_other_hyperparameters_is_not_taken(
    tmp_path: Path, binary: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    first = lay_out_training(tmp_path / "first", binary.outputs, num_round=30, eta=0.05)
    (first / "checkpoints").mkdir()
    train(first)
    other = lay_out_training(tmp_path / "other", binary.outputs, num_round=30, eta=0.06)
    (other / "checkpoints").symlink_to(first / "checkpoints")
    train(other)
    assert "resuming" not in capsys.readouterr().out


def test_monitor_loads_the_model_of_the_project(tmp_path: Path, fitted: Fitted) -> None:
    archive = pack(fitted.model, tmp_path / "model") / "model.tar.gz"
    baseline = {"analysis_type": "MODEL_EXPLAINABILITY", "model_source": str(archive)}
    run(
        "monitor",
        "--baseline",
        dataset_source=str(fitted.outputs / "test"),
        output_path=str(tmp_path / "baseline"),
        **baseline,
    )

    found: dict[str, Any] = json.loads((tmp_path / "baseline/constraints.json").read_bytes())
    labels = fitted.predictor.schema.labels if fitted.kind == "multiclass" else ("label0",)
    assert tuple(found["explanations"]["kernel_shap"]) == labels


def test_attributions_of_a_row_sum_to_its_prediction(fitted: Fitted) -> None:
    model = fitted.predictor
    rows = fitted.holdout()
    cells = [[row[name] for row in rows] for name in model.features]

    values = model.attributions(cells)
    assert values is not None
    margins = values.sum(axis=2)

    predicted = model.predict(cells)
    if fitted.kind == "multiclass":
        exponents = np.exp(margins - margins.max(axis=1, keepdims=True))
        expected = exponents / exponents.sum(axis=1, keepdims=True)
    elif fitted.kind == "binary":
        positive = 1 / (1 + np.exp(-margins[:, 0]))
        expected = np.column_stack([1 - positive, positive])
    else:
        expected = margins[:, 0]
    np.testing.assert_allclose(predicted, expected, rtol=1e-3, atol=1e-4)


def rare_classes(folder: Path) -> Path:
    """Writes and preprocesses a table with few rows of a class that overlaps another one."""
    dice = np.random.default_rng(3)
    rows = [
        [f"{dice.normal(1.5 * (label == 'rare')):.3f}", f"{dice.normal():.3f}", label]
        for label in ["often"] * 900 + ["rare"] * 60
    ]
    write_csv(folder / "raw", rows, ["a", "b", "answer"])
    return run_preprocess(folder)


def recall_of_rare_class(folder: Path, outputs: Path, **hyperparameters: int) -> float:
    """Trains a model; returns the share of the rare held-out rows that it finds."""
    predictor = train(lay_out_training(folder, outputs, max_depth=2, **hyperparameters))
    archive = pack(folder / "model", folder / "archive")
    report = evaluate(lambda _: predictor, archive, outputs / "test", folder / "evaluation")
    matrix = report["binary_classification_metrics"]["confusion_matrix"]["rare"]
    return float(matrix["rare"] / sum(matrix.values()))


def test_balanced_classes_find_more_rows_of_a_rare_one(tmp_path: Path) -> None:
    outputs = rare_classes(tmp_path)
    without = recall_of_rare_class(tmp_path / "without", outputs)
    balanced = recall_of_rare_class(tmp_path / "balanced", outputs, balance_classes=1)
    assert balanced > without + 0.2


def test_classes_of_a_number_cannot_be_balanced(
    tmp_path: Path, fit: Callable[[str], Fitted]
) -> None:
    opt_ml = lay_out_training(tmp_path, fit("regression").outputs, balance_classes=1)
    with pytest.raises(InputError, match=r"training.balance_classes: got 1 for a regression"):
        train(opt_ml)
