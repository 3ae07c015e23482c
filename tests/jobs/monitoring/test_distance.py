"""Distances of distributions, and their compressed samples."""

import numpy as np
import pytest

from mlops_jobs.monitoring.columns.distance import (
    categorical_distance,
    numerical_distance,
    scale_distance,
)
from mlops_jobs.monitoring.columns.sketch import MAX_VALUES, compress, distribution, expand

DICE = np.random.default_rng(3)


def whole(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[np.ndarray, np.ndarray]:
    return np.sort(values), np.ones(len(values))


@pytest.mark.parametrize("count", [0, 1, 10, 2048, 2049, 5000, 100_001])
def test_a_sample_stands_for_all_values(count: int) -> None:
    values = DICE.normal(size=count)

    kept, weights = expand(compress(whole(values)))

    assert weights.sum() == count
    assert len(kept) <= MAX_VALUES + 17
    if count > 1:
        # As distributions they are equal, except for the step of the sample.
        assert numerical_distance(whole(values), (kept, weights), "Simple") < 2 / MAX_VALUES


def test_the_layout_is_model_monitors() -> None:
    found = distribution(whole(np.array([1.0, 2.0, 4.0])))["kll"]

    assert [bucket["count"] for bucket in found["buckets"]] == [1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert found["buckets"][0]["lower_bound"] == 1
    assert found["sketch"] == {
        "parameters": {"c": 0.64, "k": 2048.0},
        "data": [[1.0, 2.0, 4.0]],
    }


def test_chance_is_no_distance() -> None:
    seen = [
        numerical_distance(whole(DICE.normal(size=300)), whole(DICE.normal(size=100)))
        for _ in range(100)
    ]

    assert sum(distance > 0 for distance in seen) <= 3
    assert max(seen) < 0.1


@pytest.mark.parametrize("method", ["Simple", "Robust"])
def test_a_shift_is_a_distance(method: str) -> None:
    before, now = DICE.normal(size=500), DICE.normal(loc=1, size=500)

    # Two normal distributions one standard deviation apart differ by 0.38.
    assert 0.2 < numerical_distance(whole(before), whole(now), method) < 0.45


def test_numbers_that_never_meet_are_as_far_apart_as_can_be() -> None:
    before, now = whole(np.arange(10.0)), whole(np.arange(100.0, 110.0))

    assert numerical_distance(before, now, "Simple") == 1


@pytest.mark.parametrize("method", ["LInfinity", "ChiSquared"])
def test_categories_that_change_places_are_apart(method: str) -> None:
    before, now = {"a": 800.0, "b": 200.0}, {"a": 200.0, "b": 800.0}

    assert categorical_distance(before, now, method) > 0.4
    assert categorical_distance(before, {"a": 79.0, "b": 21.0}, method) == 0
    assert categorical_distance(before, {}, method) == 0


def test_one_category_alone_has_no_distance() -> None:
    assert categorical_distance({"a": 5.0}, {"a": 500.0}, "ChiSquared") == 0


def test_a_number_written_in_32_bits_in_another_way_is_the_same_number() -> None:
    """A model with few leaves repeats its probabilities, which CSV and JSON round differently."""
    leaves = DICE.choice(np.array([0.0034019076, 0.25, 0.5, 0.9], dtype=np.float32), size=400)
    before = whole((np.float32(1) - leaves).astype(np.float64))
    now = whole(1 - np.array([float(str(leaf)) for leaf in leaves]))
    assert set(before[0]).isdisjoint(set(now[0]) - {0.5, 0.75})

    assert numerical_distance(before, now, "Simple") == 0
    assert scale_distance(before, now) == 0


def test_small_numbers_that_differ_are_different_numbers() -> None:
    before, now = whole(np.array([1e-9, 2e-9])), whole(np.array([3e-9, 4e-9]))

    assert numerical_distance(before, now, "Simple") == 1
