"""The training job."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.failure import InputError

from tabular import model
from tabular import train as train_module
from tabular.train import train
from tests.conftest import Fitted, lay_out_training, pack, run_preprocess, write_csv


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
    ("metric", "low", "high"), [("auc", 0.9, 1), ("f1", 0.8, 1), ("accuracy", 0.8, 1)]
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
    rounds = [int(re.findall(r"round (\d+)", line)[0]) for line in lines]
    assert rounds[-1] <= 40


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        ("multiclass", "accuracy"),
        ("multiclass", "f1"),
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
    if metric in ("accuracy", "f1", "r2"):
        assert 0.6 < value <= 1


def test_training_stops_when_nothing_improves(tmp_path: Path, binary: Fitted) -> None:
    booster = train(
        lay_out_training(tmp_path, binary.outputs, num_round=5000, eta=0.5, early_stopping_rounds=5)
    )
    assert booster.num_boosted_rounds() < 200


def test_an_interrupted_job_resumes_from_its_checkpoint(
    tmp_path: Path, binary: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"num_round": 60, "eta": 0.05, "early_stopping_rounds": 60}
    whole = train(lay_out_training(tmp_path / "whole", binary.outputs, **settings))

    first = lay_out_training(tmp_path / "first", binary.outputs, **settings)
    (first / "checkpoints").mkdir()
    train(first)
    (checkpoint,) = (first / "checkpoints").iterdir()
    assert checkpoint.name.endswith("-000050.ubj")

    again = lay_out_training(tmp_path / "again", binary.outputs, **settings)
    (again / "checkpoints").symlink_to(first / "checkpoints")
    capsys.readouterr()
    resumed = train(again)
    assert "resuming after round 50" in capsys.readouterr().out
    assert resumed.get_dump(with_stats=True) == whole.get_dump(with_stats=True)


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


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"depth": 3}, "got hyperparameter 'depth'; allowed: num_round"),
        ({"max_depth": 2.5}, "max_depth: got '2.5'; allowed: a whole number from 1 to 30"),
        ({"eta": "fast"}, "eta: got 'fast'; allowed: a number from 0.0001 to 1"),
        ({"metric": "rmse"}, "objective.metric: got 'rmse'; allowed: auc, f1, accuracy, logloss"),
    ],
)
def test_wrong_hyperparameters_are_rejected(
    tmp_path: Path, binary: Fitted, given: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as error:
        train(lay_out_training(tmp_path, binary.outputs, **given))
    assert message in str(error.value)


def test_sagemaker_receives_the_reason_of_a_failure(
    tmp_path: Path, binary: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    opt_ml = lay_out_training(tmp_path, binary.outputs)
    (opt_ml / "output").mkdir()
    monkeypatch.setattr(train_module, "OPT_ML", opt_ml)

    def broken() -> None:
        raise KeyError("a bug in train.py")

    monkeypatch.setattr(train_module, "train", broken)
    with pytest.raises(SystemExit, match="1"):
        train_module.main()
    assert "a bug in train.py" in (opt_ml / "output/failure").read_text()


def test_what_sagemaker_adds_to_the_hyperparameters_of_a_trial_is_left_alone(
    tmp_path: Path, binary: Fitted
) -> None:
    train(lay_out_training(tmp_path, binary.outputs, _tuning_objective_metric="validation:auc"))
    assert (tmp_path / "model/model.ubj").is_file()


def test_the_default_data_is_learnt_well(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the image has no scikit-learn, the train build has")
    from pipeline.data import breast_cancer

    write_csv(tmp_path / "raw", [])
    (tmp_path / "raw/table.csv").write_bytes(breast_cancer())
    outputs = run_preprocess(tmp_path, target="name:diagnosis")
    opt_ml = lay_out_training(tmp_path / "ml", outputs)
    train(opt_ml)
    report = evaluate(
        model.load, pack(opt_ml / "model", tmp_path / "archive"), outputs / "test", tmp_path
    )
    measures = report["binary_classification_metrics"]
    assert measures["auc"]["value"] > 0.97
    assert list(measures["confusion_matrix"]) == ["benign", "malignant"]
