"""Simulations: reports without drift have no violations, and real drift is seen.

`tests/bench/monitoring.py` has the large ones.
"""

import numpy as np
import pytest

from mlops_jobs.evaluation.analysis_config import BiasConfig, Facet
from mlops_jobs.monitoring import model_bias, model_quality
from mlops_jobs.monitoring.columns.chance import (
    distribution_probability,
    excess_probability,
    independence_probability,
)
from mlops_jobs.monitoring.labeled_groups import LabeledGroups
from mlops_jobs.problem_type import ProblemType
from tests.bench.drift_simulation import (
    BIAS,
    baseline_of_columns,
    bias_baseline,
    classified,
    labeled_rows,
    quality_baseline,
    regressed,
    violations_of_columns,
)

SHIFTS = {
    "spread x 1.5": lambda values, _: values * 1.5,
    "10 % at +8 deviations": lambda values, dice: values + 8 * (dice.random(len(values)) < 0.1),
    "20 % stuck at 0": lambda values, dice: values * (dice.random(len(values)) >= 0.2),
}


@pytest.mark.parametrize("rows", [10, 100, 1000])
def test_twenty_features_without_drift_raise_nothing(rows: int) -> None:
    dice = np.random.default_rng(rows)
    baseline = baseline_of_columns(dice, 2000)

    found = [violations_of_columns(dice, baseline, rows) for _ in range(25)]

    assert sum(map(bool, found)) == 0


@pytest.mark.parametrize("name", SHIFTS)
def test_a_changed_spread_remote_values_and_stuck_sensors_are_seen(name: str) -> None:
    dice = np.random.default_rng(5)
    baseline = baseline_of_columns(dice, 5000)

    seen = 0
    for _ in range(10):
        found = violations_of_columns(dice, baseline, 1500, SHIFTS[name])
        assert {one["feature_name"] for one in found} <= {"n0"}
        seen += bool(found)

    assert seen >= 9


def test_quality_without_change_raises_nothing() -> None:
    dice = np.random.default_rng(6)
    baseline = quality_baseline(dice, 1000)

    hits = 0
    for rows in (10, 50, 200, 500):
        for _ in range(8):
            found = model_quality.compare(
                classified(dice, rows), ProblemType.BINARY, ["0", "1"], baseline
            )
            hits += bool(found.violations)

    assert hits == 0


def test_a_worse_model_is_seen() -> None:
    dice = np.random.default_rng(7)
    baseline = quality_baseline(dice, 1000)
    rows = classified(dice, 500)
    wrong = labeled_rows(
        ["0" if one == "1" else "1" for one in rows.actual], rows.predictions, rows.rows
    )

    found = model_quality.compare(wrong, ProblemType.BINARY, ["0", "1"], baseline)

    assert {"accuracy", "auc", "recall"} <= {one["metric_name"] for one in found.violations}


def test_a_regression_without_change_raises_nothing() -> None:
    dice = np.random.default_rng(8)
    before = model_quality.describe(regressed(dice, 1000), ProblemType.REGRESSION, [])
    limits = before.constraints["regression_constraints"]

    found = [
        model_quality.compare(regressed(dice, rows), ProblemType.REGRESSION, [], limits)
        for rows in (10, 40, 200, 800)
    ]

    assert [one.violations for one in found] == [[], [], [], []]


def test_a_perfect_hour_of_one_class_is_no_violation() -> None:
    dice = np.random.default_rng(9)
    baseline = quality_baseline(dice, 1000)
    rows = classified(dice, 400)
    right = [at for at, label in enumerate(rows.actual) if label == "0"][:50]
    hour = labeled_rows(["0"] * len(right), [rows.predictions[at] for at in right], [])
    hour = labeled_rows(
        hour.actual, [type(one)(label="0", scores=(0.1,)) for one in hour.predictions], []
    )

    found = model_quality.compare(hour, ProblemType.BINARY, ["0", "1"], baseline)

    metrics = found.statistics["binary_classification_metrics"]
    assert found.violations == []
    assert str(metrics["recall"]["value"]) == str(metrics["precision"]["value"]) == "nan"
    assert metrics["accuracy"]["value"] == 1


def test_few_labels_have_no_verdict() -> None:
    dice = np.random.default_rng(10)
    baseline = quality_baseline(dice, 1000)

    found = model_quality.compare(classified(dice, 9), ProblemType.BINARY, ["0", "1"], baseline)

    assert found.violations == []
    assert "too few labels: no verdict on 9 rows; a verdict needs 30" in found.notes


def test_bias_without_change_raises_nothing_and_a_change_is_seen() -> None:
    dice = np.random.default_rng(12)
    baseline = bias_baseline(dice, 2000)

    hits = sum(
        bool(
            model_bias.compare(LabeledGroups.of(BIAS, classified(dice, rows)), baseline).violations
        )
        for rows in (10, 50, 200, 500)
        for _ in range(4)
    )
    rows = classified(dice, 800)
    rejected = [
        type(one)(label="0") if row["group"] == "d" else one
        for one, row in zip(rows.predictions, rows.rows, strict=True)
    ]
    changed = model_bias.compare(
        LabeledGroups.of(BIAS, labeled_rows(rows.actual, rejected, rows.rows)), baseline
    )

    assert hits == 0
    assert {"DPPL", "DI", "RD"} <= {one["metric_name"] for one in changed.violations}


def test_a_facet_may_be_a_number() -> None:
    dice = np.random.default_rng(13)
    config = BiasConfig(label="y", favorable=("1",), facets=(Facet(name="score", values=0.5),))

    found = model_bias.describe(LabeledGroups.of(config, classified(dice, 200)))

    assert found.constraints["pre_training_bias_metrics"]["facets"]["score"]


def test_probabilities_are_those_of_the_tests() -> None:
    stats = pytest.importorskip("scipy.stats", reason="the image has no scipy")
    table = [[12, 88], [20, 480]]
    assert excess_probability(12, 100, 20, 500) == pytest.approx(
        stats.fisher_exact(table, alternative="greater").pvalue, rel=1e-6
    )
    counts = np.array([40.0, 35.0, 25.0]), np.array([60.0, 20.0, 20.0])
    assert independence_probability(*counts) == pytest.approx(
        stats.chi2_contingency(np.stack(counts), correction=False).pvalue, rel=0.02
    )
    # Twice the smaller of two tests.
    one, other = np.random.default_rng(1).normal(size=(2, 400))
    exact = stats.ks_2samp(one, other + 0.3)
    assert distribution_probability(exact.statistic, 0.0, 400, 400) == pytest.approx(
        2 * exact.pvalue, rel=0.2
    )


def test_nothing_observed_is_no_evidence() -> None:
    assert excess_probability(0, 100, 20, 500) == 1
    assert excess_probability(5, 0, 20, 500) == 1
    assert independence_probability(np.zeros(2), np.ones(2)) == 1
    assert distribution_probability(0.5, 0.0, 0, 100) == 1
