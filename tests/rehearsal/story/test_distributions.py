"""Distributions of features before and after."""

import numpy as np
import pytest

from rehearsal.client.drift import traffic
from rehearsal.client.drift.traffic import Kind
from rehearsal.client.predictions import HoldOut
from rehearsal.story import distributions

KNOWN = HoldOut(
    problem_type="binary",
    target="late",
    columns=["carrier", "temperature", "seats", "gust"],
    rows=[["AA", f"{at % 40}", f"{100 + at % 7}", "" if at % 2 else "3"] for at in range(400)],
    actual=["yes", "no"] * 200,
)


def test_the_column_that_differs_most_comes_first() -> None:
    made = traffic.make(Kind.STUCK, KNOWN, 300)
    first, *others = distributions.worst("summer", KNOWN, made)
    assert first.feature == "temperature"
    assert first.distance > 0.4
    assert all(one.distance < 0.2 for one in others)
    assert (first.rows_before, first.rows_after) == (400, 300)


def test_shares_are_of_all_rows_and_words_are_no_numbers() -> None:
    found = distributions.worst("spring", KNOWN, traffic.make(Kind.NONE, KNOWN, 300))
    assert {one.feature for one in found} == {"temperature", "seats", "gust"}
    for one in found:
        assert sum(one.before) == pytest.approx(1, abs=1e-3)
        assert sum(one.after) == pytest.approx(1, abs=1e-3)
        assert len(one.edges) == len(one.before) + 1


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    stats = pytest.importorskip("scipy.stats", reason="only the tests have scipy")
    draw = np.random.default_rng(5)
    before, after = draw.normal(0, 1, 500), draw.normal(0.4, 1.3, 300).round(1)
    expected = stats.ks_2samp(before, after).statistic
    assert distributions.distance(before, after) == pytest.approx(expected, abs=1e-12)
