"""Metrics of model quality, compared with values by hand or by scikit-learn."""

import numpy as np
import pytest

from mlops_jobs.evaluation.metrics import (
    area,
    binary_report,
    multiclass_report,
    regression_report,
    roc_curve,
    thinned,
)

ACTUAL = np.array([0, 0, 0, 1, 1, 1, 1, 0])
SCORE = np.array([0.1, 0.4, 0.6, 0.4, 0.8, 0.9, 0.3, 0.2])


def test_binary_measures() -> None:
    report = binary_report(ACTUAL, SCORE, ("no", "yes"))
    assert report["confusion_matrix"] == {"no": {"no": 3, "yes": 1}, "yes": {"no": 2, "yes": 2}}
    assert report["accuracy"]["value"] == pytest.approx(5 / 8)
    assert report["precision"]["value"] == pytest.approx(2 / 3)
    assert report["recall"]["value"] == pytest.approx(1 / 2)
    assert report["f1"]["value"] == pytest.approx(4 / 7)
    # Of the 16 pairs of a yes and a no, 12 are in order and one is a tie.
    assert report["auc"]["value"] == pytest.approx(12.5 / 16)
    curve = report["receiver_operating_characteristic_curve"]
    assert (curve["false_positive_rates"][0], curve["true_positive_rates"][0]) == (0, 0)
    assert (curve["false_positive_rates"][-1], curve["true_positive_rates"][-1]) == (1, 1)


def test_measures_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="the image has no scikit-learn")
    generator = np.random.default_rng(1)
    actual = generator.integers(0, 3, 500)
    probabilities = generator.dirichlet([1, 1, 1], 500)
    predicted = probabilities.argmax(axis=1)
    report = multiclass_report(actual, probabilities, ("a", "b", "c"))
    assert report["weighted_f1"]["value"] == pytest.approx(
        metrics.f1_score(actual, predicted, average="weighted")
    )
    assert report["logloss"]["value"] == pytest.approx(metrics.log_loss(actual, probabilities))
    two = binary_report(np.minimum(actual, 1), probabilities[:, 1].round(2), ("a", "b"))
    assert two["auc"]["value"] == pytest.approx(
        metrics.roc_auc_score(np.minimum(actual, 1), probabilities[:, 1].round(2))
    )


def test_a_class_that_is_never_seen_or_predicted_counts_as_zero() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]])
    report = multiclass_report(np.array([0, 1]), probabilities, ("a", "b", "c"))
    assert report["accuracy"]["value"] == pytest.approx(0.5)
    assert report["weighted_precision"]["value"] == pytest.approx(0.25)
    assert report["confusion_matrix"]["c"] == {"a": 0, "b": 0, "c": 0}


def test_regression_measures() -> None:
    report = regression_report(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 6]))
    assert report["mae"]["value"] == pytest.approx(0.5)
    assert report["rmse"]["value"] == pytest.approx(1)
    assert report["r2"]["value"] == pytest.approx(1 - 4 / 5)
    assert report["residuals"][-1] == {"actual": 4, "predicted": 6}


def test_curves_are_thinned_but_keep_their_ends() -> None:
    score = np.linspace(0, 1, 5000)
    false_rate, true_rate = roc_curve(score > 0.5, score)
    xs, ys = thinned(false_rate, true_rate)
    assert len(xs) == 200
    assert (xs[0], ys[0], xs[-1], ys[-1]) == (0, 0, 1, 1)
    assert area(false_rate, true_rate) == pytest.approx(1)
