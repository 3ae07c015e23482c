"""Traffic of each kind of drift."""

from collections import Counter
from pathlib import Path

import pytest

from rehearsal.client.drift import traffic
from rehearsal.client.drift.traffic import Kind
from rehearsal.client.errors import RehearsalError
from rehearsal.client.predictions import HoldOut

SEED = Path(__file__).parents[4] / "seed_code/model_build"
KNOWN = HoldOut(
    problem_type="binary",
    target="late",
    columns=["carrier", "temperature", "seats"],
    rows=[[("AA", "UA")[at % 2], f"{at / 10:g}", str(100 + at % 3)] for at in range(200)],
    actual=[("no", "yes")[at % 4 == 0] for at in range(200)],
)


def column(made: traffic.Traffic, name: str) -> list[str]:
    at = list(made.columns).index(name)
    return [row[at] for row in made.rows]


def test_no_drift_has_the_rows_of_the_training_data_with_their_labels() -> None:
    made = traffic.make(Kind.NONE, KNOWN, 300)
    known = {tuple(row): label for row, label in zip(KNOWN.rows, KNOWN.actual, strict=True)}
    assert len(made.rows) == 300
    for row, label in zip(made.rows, made.labels, strict=True):
        assert known[tuple(row)] == label


def test_the_same_seed_gives_the_same_traffic() -> None:
    for kind in Kind:
        assert traffic.make(kind, KNOWN, 50) == traffic.make(kind, KNOWN, 50)
    assert traffic.make(Kind.NONE, KNOWN, 50, seed=8) != traffic.make(Kind.NONE, KNOWN, 50)


def test_constructed_covariate_drift_leaves_the_range_of_each_number() -> None:
    made = traffic.make(Kind.COVARIATE, KNOWN, 100)
    assert min(map(float, column(made, "temperature"))) >= 19.9
    assert min(map(float, column(made, "seats"))) >= 102
    assert set(column(made, "carrier")) == {"AA", "UA"}
    assert "temperature" in made.description


def test_covariate_drift_takes_rows_that_were_observed_later() -> None:
    later = HoldOut(
        problem_type="binary",
        target="late",
        columns=["scheduled", "seats", "temperature", "carrier"],
        rows=[["2013-07-01", "180", "30", "B6"]],
        actual=["yes"],
    )
    made = traffic.make(Kind.COVARIATE, KNOWN, 5, later=later)
    assert list(made.columns) == list(KNOWN.columns)
    assert made.rows == [["B6", "30", "180"]] * 5
    assert made.labels == ["yes"] * 5


def test_later_rows_without_a_column_are_rejected() -> None:
    later = HoldOut("binary", "late", ["seats"], [["1"]], ["no"])
    with pytest.raises(RehearsalError, match="no column 'carrier'"):
        traffic.make(Kind.COVARIATE, KNOWN, 5, later=later)


def test_label_drift_changes_labels_only() -> None:
    made, same = (traffic.make(kind, KNOWN, 400) for kind in (Kind.LABEL, Kind.NONE))
    assert made.rows == same.rows
    changed = sum(one != other for one, other in zip(made.labels, same.labels, strict=True))
    assert 150 < changed < 250


def test_label_drift_of_a_regression_moves_the_target() -> None:
    known = HoldOut("regression", "price", ["area"], [["1"], ["2"]], ["10", "30"])
    made = traffic.make(Kind.LABEL, known, 20)
    assert set(made.labels) <= {"30", "50"}


def test_a_stuck_sensor_repeats_its_value() -> None:
    made = traffic.make(Kind.STUCK, KNOWN, 100)
    assert len(set(column(made, "temperature"))) == 1
    assert len(set(column(made, "seats"))) == 3
    assert "temperature is stuck at" in made.description


def test_another_schema_has_a_further_column_and_another_type() -> None:
    made = traffic.make(Kind.SCHEMA, KNOWN, 10)
    assert made.columns[-1] == traffic.UNKNOWN_COLUMN
    assert {len(row) for row in made.rows} == {4}
    assert Counter(column(made, "temperature")) == {"unknown": 10}


@pytest.mark.parametrize("kind", [Kind.COVARIATE, Kind.STUCK, Kind.SCHEMA])
def test_data_without_numbers_has_no_such_drift(kind: Kind) -> None:
    known = HoldOut("binary", "late", ["carrier"], [["AA"], ["UA"]], ["no", "yes"])
    with pytest.raises(RehearsalError, match="no column of numbers"):
        traffic.make(kind, known, 5)


def test_months_come_from_the_code_of_the_project() -> None:
    found = traffic.months(SEED, "late", 7, 7)
    assert len(found.rows) == 28_293
    assert "late" not in found.columns
    assert round(sum(label == "yes" for label in found.actual) / len(found.actual), 3) == 0.315


def test_a_month_that_the_code_rejects_is_reported_with_its_reason() -> None:
    with pytest.raises(RehearsalError) as error:
        traffic.months(SEED, "late", 13, 13)
    assert "allowed: numbers from 1 to 12" in error.value.why
    assert "Traceback" not in error.value.why


def test_months_of_another_target_are_rejected() -> None:
    with pytest.raises(RehearsalError, match="no column 'diagnosis'"):
        traffic.months(SEED, "diagnosis", 7, 7)


def test_only_a_project_that_predicts_flights_has_months(tmp_path: Path) -> None:
    assert traffic.has_months(SEED, "late")
    assert not traffic.has_months(SEED, "diagnosis")
    assert not traffic.has_months(tmp_path, "late")
