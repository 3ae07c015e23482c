"""Intervals of the area under the ROC curve, and of the difference of two models."""

import numpy as np
import pytest

from rehearsal.story import comparison

DRAW = np.random.default_rng(3)
LABELS = DRAW.random(2000) < 0.3
GOOD = LABELS * 0.8 + DRAW.normal(0, 0.6, 2000)
POOR = LABELS * 0.3 + DRAW.normal(0, 0.6, 2000)


def test_the_area_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="only the tests have scikit-learn")
    rounded = np.round(GOOD, 1)  # many equal scores
    for scores in (GOOD, rounded):
        assert comparison.area(LABELS, scores) == pytest.approx(
            metrics.roc_auc_score(LABELS, scores), abs=1e-12
        )


def test_an_interval_holds_its_value_and_narrows_with_the_rows() -> None:
    few = comparison.estimate(LABELS[:200].tolist(), GOOD[:200].tolist())
    many = comparison.estimate(LABELS.tolist(), GOOD.tolist())
    assert many.low < many.value < many.high
    assert many.high - many.low < few.high - few.low


def test_a_better_model_is_better_in_the_whole_interval() -> None:
    found = comparison.difference(LABELS.tolist(), POOR.tolist(), GOOD.tolist())
    assert 0 < found.low < found.value < found.high


def test_a_model_is_not_better_than_itself() -> None:
    found = comparison.difference(LABELS.tolist(), GOOD.tolist(), GOOD.tolist())
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_labels_of_one_kind_have_no_order() -> None:
    assert comparison.area(np.ones(5, dtype=bool), np.arange(5.0)) == 0.5
