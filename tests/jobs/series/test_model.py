"""Requests of forecasts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.series.encoding import Matrix
from mlops_jobs.series.intervals import Intervals
from mlops_jobs.series.model import ForecastModel
from mlops_jobs.series.table import SeriesTable
from mlops_jobs.serving.invocations import Invocations
from tests.jobs.series.tables import schema

START = 20_454  # 2026-01-01


def predictor(_: Path) -> "Predictor":
    return Predictor()


class Predictor:
    """Predicts the level."""

    def __call__(self, features: Matrix) -> npt.NDArray[np.float32]:
        return np.zeros(len(features), dtype=np.float32)


@pytest.fixture
def model() -> ForecastModel:
    """A model of 30 days: series a repeats 10, 11, 12; series b ends three days earlier."""
    values = np.array([np.arange(30) % 3 + 10.0, np.full(30, 5.0)])
    values[1, 27:] = np.nan
    return ForecastModel(
        schema=schema(),
        history=SeriesTable(start=START, values=values, covariates=np.ones((0, 2, 30))),
        scale=np.array([2.0, 1.0]),
        intervals=Intervals(offsets=np.array([[-1.0, 0.0, 1.0]] * 3)),
        predict_encoded=Predictor(),
    )


def served(model: ForecastModel, body: str, kind: str = "text/csv") -> tuple[int, str]:
    response = Invocations(model).handle({"content-type": kind}, body.encode())
    return response.status, response.content.decode()


def test_csv_has_the_value_and_its_quantiles(model: ForecastModel) -> None:
    assert served(model, "a,2026-01-31\nb,2026-01-28") == (
        200,
        "10.0,8.0,10.0,12.0\n5.0,4.0,5.0,6.0\n",
    )


def test_json_names_the_quantiles(model: ForecastModel) -> None:
    body = json.dumps({"instances": [{"shop": "a", "time": "2026-01-31"}]})
    status, content = served(model, body, "application/json")
    assert status == 200
    assert json.loads(content) == {
        "predictions": [{"value": 10, "quantiles": {"0.1": 8, "0.5": 10, "0.9": 12}}]
    }
    _, lines = served(model, '["a", "2026-01-31"]', "application/jsonlines")
    assert json.loads(lines)["quantiles"]["0.9"] == 12


def test_a_value_below_the_lowest_is_the_lowest(model: ForecastModel) -> None:
    positive = replace(model, schema=replace(model.schema, lowest=9.0))
    assert served(positive, "a,2026-01-31") == (200, "10.0,9.0,10.0,12.0\n")


def test_the_past_is_forecast_without_its_values(model: ForecastModel) -> None:
    """Otherwise labels of captured traffic would be compared with forecasts that knew them."""
    later = model.history.values.copy()
    later[0, 20:] = 1000.0
    changed = replace(model, history=replace(model.history, values=later))
    # The origins are 2026-01-30, 28, 26 and so on; the 21st is forecast from the 20th.
    for day in ("2026-01-21", "2026-01-22"):
        assert served(changed, f"a,{day}") == served(model, f"a,{day}")
    assert served(changed, "a,2026-01-25") != served(model, "a,2026-01-25")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "a,2026-02-02",
            "row 1, column 'time': got '2026-02-02'; allowed for series 'a': 2026-01-05 to "
            "2026-02-01. Later timestamps need a model that was trained on newer data",
        ),
        ("b,2026-02-01", "allowed for series 'b': 2026-01-04 to 2026-01-29"),
        ("a,2025-12-31", "allowed for series 'a': 2026-01-05 to 2026-02-01"),
        ("c,2026-01-31", "row 1, column 'shop': got 'c'; allowed: a series of the training data"),
        ("a,31.01.2026", "row 1, column 'time': got '31.01.2026'; allowed: a timestamp"),
        ("a,", "row 1, column 'time': got ''; allowed: a timestamp"),
    ],
)
def test_a_row_that_cannot_be_forecast_is_rejected(
    model: ForecastModel, row: str, message: str
) -> None:
    status, content = served(model, row)
    assert status == 400
    assert message in json.loads(content)["error"]


def test_the_allowed_range_is_the_range_that_is_forecast(model: ForecastModel) -> None:
    for first, last in (("a,2026-01-05", "a,2026-02-01"), ("b,2026-01-04", "b,2026-01-29")):
        assert served(model, f"{first}\n{last}")[0] == 200


def test_a_model_is_loaded_as_it_was_written(model: ForecastModel, tmp_path: Path) -> None:
    model.write(tmp_path)
    again = ForecastModel.load(tmp_path, predictor)
    assert again.schema == model.schema
    assert served(again, "a,2026-01-31") == served(model, "a,2026-01-31")


@pytest.mark.parametrize("file", ["schema.json", "history.npz", "intervals.npz"])
def test_a_malformed_file_of_a_model_is_rejected(
    model: ForecastModel, tmp_path: Path, file: str
) -> None:
    model.write(tmp_path)
    (tmp_path / file).write_bytes(b"{}")
    with pytest.raises(InputError, match=file.replace(".", r"\.")):
        ForecastModel.load(tmp_path, predictor)


def test_a_deployed_model_of_other_series_is_not_compared(model: ForecastModel) -> None:
    other = replace(model, schema=replace(model.schema, names=("a", "c")))
    with pytest.raises(InputError, match="its names are"):
        other.with_history_of(model)
    newer = replace(model, history=model.history.part(0, 20))
    assert newer.with_history_of(model).history is model.history
