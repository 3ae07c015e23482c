"""The parts of an evaluation, against values that are known."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlops_jobs.decision import Costs, Decision
from mlops_jobs.evaluation.analysis_config import BiasConfig, Facet
from mlops_jobs.evaluation.calibration import calibration
from mlops_jobs.evaluation.classes import classes, thresholds
from mlops_jobs.evaluation.groups import bias
from mlops_jobs.evaluation.interval import MAX_DRAWN_ROWS, Interval, intervals, share_interval
from mlops_jobs.evaluation.quality import METRICS
from mlops_jobs.evaluation.report import finite
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.evaluation.slices import MIN_ROWS, slices
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from seed_code.model_build.tests.conftest import Fitted

AUC = METRICS[ProblemType.BINARY][0]
ACCURACY = METRICS[ProblemType.BINARY][2]


def binary(actual: Any, positive: Any) -> Scored:
    positive = np.asarray(positive, dtype=float)
    return Scored(
        problem_type=ProblemType.BINARY,
        labels=("no", "yes"),
        actual=np.asarray(actual, dtype=float),
        predictions=np.column_stack([1 - positive, positive]),
    )


def test_each_kind_of_model_has_intervals_around_its_metrics(fitted: Fitted) -> None:
    group = fitted.report[ProblemType(fitted.kind).report]
    found = fitted.report["intervals"]["metrics"]
    metric = METRICS[ProblemType(fitted.kind)][0]
    assert metric.key in found
    for name, ends in found.items():
        assert ends["low"] <= group[name]["value"] <= ends["high"], name
    again = json.loads((fitted.outputs.parent / "evaluation/evaluation.json").read_bytes())
    assert again["intervals"] == fitted.report["intervals"]


def interval_of_mean(sample: Any) -> Interval:
    values = {"mean": float(sample.mean())}
    return intervals(lambda draw: {"mean": float(sample[draw].mean())}, values, len(sample))["mean"]


def test_an_interval_contains_the_true_value_as_often_as_it_claims() -> None:
    random = np.random.default_rng(5)
    inside = 0
    for _ in range(100):
        found = interval_of_mean(random.normal(3, 1, 80))
        inside += found.low <= 3 <= found.high
    assert 87 <= inside <= 100


def test_intervals_of_many_rows_are_as_narrow_as_their_number_makes_them() -> None:
    rows = 16 * MAX_DRAWN_ROWS
    found = interval_of_mean(np.random.default_rng(5).normal(0, 1, rows))
    assert found.high - found.low == pytest.approx(2 * 1.96 / math.sqrt(rows), rel=0.2)


def test_a_metric_that_most_samples_do_not_have_has_no_interval() -> None:
    found = intervals(lambda draw: {"x": math.nan, "y": float(len(draw))}, {"x": 1, "y": 3}, 3)
    assert set(found) == {"y"}


def test_an_interval_of_a_share_is_that_of_wilson() -> None:
    ends = share_interval(9, 10)
    assert ends.low == pytest.approx(0.5958, abs=1e-4)
    assert ends.high == pytest.approx(0.9821, abs=1e-4)
    assert share_interval(0, 5).low == pytest.approx(0)
    assert share_interval(5, 5).high == pytest.approx(1)


def test_calibration_of_a_model_that_is_right_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    share = random.random(20_000)
    found = calibration(binary(random.random(20_000) < share, share))
    assert found["expected_calibration_error"] < 0.02
    assert found["brier_score"] == pytest.approx(1 / 6, abs=0.01)
    assert sum(one["rows"] for one in found["bins"]) == 20_000
    assert all(one["low"] <= one["observed"] <= one["high"] for one in found["bins"])


def test_calibration_of_a_model_that_is_too_sure() -> None:
    found = calibration(binary([0, 1] * 50, [0.9] * 100))
    assert found["expected_calibration_error"] == pytest.approx(0.4)
    assert found["brier_score"] == pytest.approx(0.41)


def test_figures_of_each_label() -> None:
    scored = binary([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.1, 0.7, 0.2, 0.1])
    found = {one["label"]: one for one in classes(scored)}
    assert found["yes"]["rows"] == 3
    assert found["yes"]["precision"] == pytest.approx(2 / 3)
    assert found["yes"]["recall"] == pytest.approx(2 / 3)
    assert found["no"]["predicted"] == 3


def test_the_threshold_with_the_largest_f1() -> None:
    scored = binary([1, 1, 1, 0, 0, 0], [0.4, 0.35, 0.3, 0.2, 0.1, 0.1])
    found = {one["choice"]: one for one in thresholds(scored)["choices"]}
    assert found["largest F1"]["threshold"] == pytest.approx(0.3)
    assert found["largest F1"]["f1"] == 1
    assert found["largest F1"]["predicted_share"] == 0.5
    assert "of the model" not in found  # no row is that probable


def held_out(**columns: list[str]) -> HeldOut:
    return HeldOut(columns=columns, name="holdout.csv")


def test_slices_are_values_and_quartiles_the_worst_first() -> None:
    rows = 400
    actual = np.tile([0, 1], rows // 2)
    town = ["Oslo" if at < rows // 2 else "Rome" for at in range(rows)]
    wrong = np.array([name == "Rome" and at % 4 == 0 for at, name in enumerate(town)])
    scored = binary(actual, np.where(wrong, 1 - actual, actual) * 0.8 + 0.1)
    age = [str(at) for at in range(rows)]
    found = slices(scored, held_out(town=town, age=age), ["town", "age"], ACCURACY)
    named = {(one["column"], one["value"]): one for one in found}
    assert named["town", "Oslo"]["metric"] == 1
    assert named["town", "Rome"]["metric"] == 0.75
    assert named["town", "Rome"]["low"] < 0.75 < named["town", "Rome"]["high"]
    assert sum(one["rows"] for (column, _), one in named.items() if column == "age") == rows
    assert [one["metric"] for one in found] == sorted(one["metric"] for one in found)


def test_values_of_few_rows_are_no_slice() -> None:
    names = [f"customer-{at}" for at in range(100)] + ["x"] * MIN_ROWS + ["NA"] * MIN_ROWS
    scored = binary([0, 1] * (len(names) // 2), np.linspace(0, 1, len(names)))
    found = slices(scored, held_out(name=names), ["name"], AUC)
    assert {one["value"] for one in found} == {"x", "missing"}


def test_a_slice_of_an_unknown_column_is_rejected() -> None:
    with pytest.raises(InputError, match=r"evaluation.slices: got 'town'; allowed: age"):
        slices(binary([0, 1], [0.1, 0.9]), held_out(age=["1", "2"]), ["town"], AUC)


def test_bias_has_the_names_of_clarify() -> None:
    config = BiasConfig(
        label="y", favorable=("yes",), facets=(Facet(name="gender", values=("f",)),)
    )
    scored = binary([1, 0, 1, 1], [0.9, 0.1, 0.9, 0.2])
    found = bias(scored, held_out(gender=["f", "f", "m", "m"]), config)
    (entry,) = found["post_training_bias_metrics"]["facets"]["gender"]
    values = {one["name"]: one["value"] for one in entry["metrics"]}
    assert values["DPPL"] == 0
    assert values["RD"] == pytest.approx(-0.5)
    (entry,) = found["pre_training_bias_metrics"]["facets"]["gender"]
    assert {one["name"]: one["value"] for one in entry["metrics"]}["DPL"] == 0.5


def test_importance_names_each_feature_and_the_useful_ones_first(binary: Fitted) -> None:
    found = binary.report["importance"]
    assert set(found["features"]) == set(binary.predictor.features)
    assert next(iter(found["features"])) in ("age", "city")
    assert found["method"] == "mean absolute exact SHAP values, in log-odds"
    assert found["of"] == f"all {len(binary.holdout())} held-out rows"


def test_reports_are_json_even_if_a_value_is_undefined() -> None:
    assert finite({"a": [math.nan, math.inf], "b": (-math.inf,)}) == {
        "a": ["NaN", "Infinity"],
        "b": ["-Infinity"],
    }


def test_a_metric_alone_is_that_of_the_report(fitted: Fitted) -> None:
    rows = fitted.holdout()
    held_out_rows = held_out(**{name: [row[name] for row in rows] for name in rows[0]})
    count = len(fitted.predictor.labels)
    matrix = tuple(tuple(abs(row - at) * 2.0 for at in range(count)) for row in range(count))
    decision = Decision(
        costs=Costs(false_positive=1, false_negative=3),
        thresholds=tuple(0.5 / (at + 1) for at in range(count)),
        cost_matrix=matrix,
    )
    scored = replace(Scored.of(fitted.predictor, held_out_rows), decision=decision)
    report = scored.report()
    for metric in METRICS[ProblemType(fitted.kind)]:
        assert scored.measure(metric) == pytest.approx(report[metric.key]["value"], abs=1e-12)
