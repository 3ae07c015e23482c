"""The training job."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xgboost
from tabular import model

from mlops_jobs.failure import InputError
from mlops_jobs.training import job
from mlops_jobs.training.container import metric_line
from mlops_jobs.training.training import Training
from seed_code.model_build.tests.conftest import Fitted, raw_rows, run_preprocess, train, write_csv
from seed_code.model_build.tests.training_jobs import lay_out_training

Fit = Callable[[str], Fitted]


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
    monkeypatch.setattr(job, "OPT_ML", opt_ml)

    def broken(*_: object, **__: object) -> None:
        raise KeyError("a bug in model.py")

    monkeypatch.setattr(job, "train", broken)
    with pytest.raises(SystemExit, match="1"):
        job.main(model.fit, model.load, model.HYPERPARAMETERS)
    assert "a bug in model.py" in (opt_ml / "output/failure").read_text()


def test_what_sagemaker_adds_to_the_hyperparameters_of_a_trial_is_left_alone(
    tmp_path: Path, binary: Fitted
) -> None:
    train(lay_out_training(tmp_path, binary.outputs, _tuning_objective_metric="validation:auc"))
    assert (tmp_path / "model/model.ubj").is_file()


def test_a_missing_channel_is_named(tmp_path: Path, binary: Fitted) -> None:
    opt_ml = lay_out_training(tmp_path, binary.outputs)
    (opt_ml / "input/data/train").unlink()
    with pytest.raises(
        InputError, match=r"schema\.json: no such file; the Preprocess step writes it"
    ):
        train(opt_ml)


def test_the_tuner_reads_all_digits_and_no_exponent() -> None:
    assert metric_line("auc", 0.123456789012345) == "validation:auc=0.123456789012345"
    assert metric_line("logloss", 1.5e-9) == "validation:logloss=0.0000000015"
    assert metric_line("rmse", 2.5e20) == "validation:rmse=250000000000000000000.0"


def test_a_regression_is_fitted_on_a_standardized_target(tmp_path: Path, fit: Fit) -> None:
    outputs = fit("regression").outputs
    seen = {}

    def fit_nothing(training: Training) -> None:
        seen["training"] = training
        model.fit(training)

    job.train(fit_nothing, model.load, model.HYPERPARAMETERS, lay_out_training(tmp_path, outputs))

    target = seen["training"].train.target
    assert abs(target.mean()) < 1e-9
    assert target.std() == pytest.approx(1)


@pytest.mark.parametrize("shift", [0, 1e6, 1.7e9])
def test_an_offset_of_the_target_does_not_change_the_errors(tmp_path: Path, shift: float) -> None:
    rows = raw_rows("regression")
    for row in rows:
        row[-1] = repr(float(row[-1]) + shift)
    write_csv(tmp_path / "raw", rows)
    outputs = run_preprocess(tmp_path)
    found = train(lay_out_training(tmp_path / "ml", outputs))
    with np.load(outputs / "validation/validation.npz") as held_out:
        error = found.predict_matrix(held_out["features"]) - held_out["target"]
    assert 1 < np.abs(error).mean() < 40


def test_a_model_that_is_fitted_again_has_the_trees_that_validation_determined(
    tmp_path: Path, binary: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"num_round": 400, "eta": 0.3, "early_stopping_rounds": 5}
    once = lay_out_training(tmp_path / "once", binary.outputs, **given)
    again = lay_out_training(tmp_path / "again", binary.outputs, refit=1, **given)
    train(once)
    printed = capsys.readouterr().out.splitlines()[-1]
    train(again)
    lines = capsys.readouterr().out.splitlines()
    # The tuner reads the metric of rows that the model had not learned from.
    assert printed in lines
    (note,) = [line for line in lines if "fitting again" in line]
    trees, known = (
        xgboost.Booster(model_file=folder / "model/model.ubj") for folder in (again, once)
    )
    assert trees.num_boosted_rounds() == known.num_boosted_rounds() < 400
    assert f"num_round {known.num_boosted_rounds()}" in note
    rows = sum(
        len(np.load(binary.outputs / f"{name}/{name}.npz")["target"])
        for name in ("train", "validation")
    )
    assert f"on {rows:,} training and validation rows" in note
    assert trees.save_raw() != known.save_raw()


def test_a_model_that_is_fitted_again_keeps_its_threshold(tmp_path: Path, binary: Fitted) -> None:
    found = []
    for refit in (0, 1):
        opt_ml = lay_out_training(
            tmp_path / str(refit),
            binary.outputs,
            num_round=20,
            refit=refit,
            decision_threshold="f1",
        )
        found.append(train(opt_ml).decision)
    assert found[0] == found[1]


def test_a_fit_without_hyperparameters_of_validation_is_repeated_with_the_given_ones(
    tmp_path: Path, binary: Fitted
) -> None:
    opt_ml = lay_out_training(tmp_path, binary.outputs, num_round=3, refit=1)
    seen: list[Training] = []

    def fit(training: Training) -> None:
        seen.append(training)
        model.fit(training)

    job.train(fit, model.load, model.HYPERPARAMETERS, opt_ml)
    first, second = seen
    assert first.validation is not None
    assert second.validation is None
    assert second.hyperparameters == first.hyperparameters
    assert len(second.train.target) == len(first.train.target) + len(first.validation.target)
