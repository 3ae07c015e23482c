"""The model of the project, whatever library it uses."""

from pathlib import Path

import numpy as np

from forecasting import model
from pipeline.configuration import read_configuration
from tests.conftest import Fitted, train
from tests.training_jobs import lay_out_training


def cells(rows: list[dict[str, str]]) -> list[list[str]]:
    return [[row[name] for row in rows] for name in ("shop", "time", "offer")]


def test_it_is_better_than_the_seasonal_naive_forecast(fitted: Fitted) -> None:
    naive = fitted.report["baseline"]["seasonal_naive"]["mase"]["value"]
    assert fitted.report["forecast_metrics"]["mase"]["value"] < 0.5 * naive


def test_intervals_have_about_their_nominal_coverage(fitted: Fitted) -> None:
    assert 0.65 < fitted.report["forecast_metrics"]["coverage"]["value"] < 0.95


def test_it_uses_what_is_known_in_advance(fitted: Fitted) -> None:
    rows = fitted.holdout()[:24]
    without = fitted.forecaster.predict(cells([row | {"offer": "0"} for row in rows]))
    offered = fitted.forecaster.predict(cells([row | {"offer": "1"} for row in rows]))
    assert offered.sum() > 1.2 * without.sum()


def test_a_model_that_is_loaded_again_predicts_the_same(fitted: Fitted) -> None:
    rows = cells(fitted.holdout())
    again = model.load(fitted.model).predict_quantiles(rows)
    assert again.tobytes() == fitted.forecaster.predict_quantiles(rows).tobytes()


def test_the_same_input_gives_the_same_model(tmp_path: Path, fitted: Fitted) -> None:
    one, two = (
        train(lay_out_training(tmp_path / name, fitted.outputs, num_round=20))
        for name in ("one", "two")
    )
    rows = cells(fitted.holdout())
    assert one.predict(rows).tobytes() == two.predict(rows).tobytes()


def test_an_interrupted_job_resumes_from_its_checkpoint(tmp_path: Path, fitted: Fitted) -> None:
    whole = lay_out_training(tmp_path / "whole", fitted.outputs, num_round=60, eta=0.01)
    expected = train(whole)
    opt_ml = lay_out_training(tmp_path / "spot", fitted.outputs, num_round=50, eta=0.01)
    (opt_ml / "checkpoints").mkdir()
    train(opt_ml)
    (checkpoint,) = (opt_ml / "checkpoints").iterdir()
    assert checkpoint.name.endswith("-000050.ubj")
    config = opt_ml / "input/config/hyperparameters.json"
    config.write_text('{"num_round": "60", "eta": "0.01"}')
    resumed = train(opt_ml)
    rows = cells(fitted.holdout())
    assert np.allclose(resumed.predict(rows), expected.predict(rows), rtol=1e-4)


def test_the_file_of_the_project_is_valid() -> None:
    read_configuration(Path(__file__).parents[1] / "config.yaml")
