"""Samples of traffic, and groups of labeled rows."""

import numpy as np
import pytest

from mlops_jobs.evaluation.bias import Group
from mlops_jobs.monitoring.labeled_groups import ENOUGH_ROWS, LabeledGroups
from mlops_jobs.monitoring.traffic.labeled import Labeled
from mlops_jobs.monitoring.traffic.sample import Sample
from tests.bench.drift_simulation import BIAS, classified


@pytest.mark.parametrize(("seen", "kept", "step"), [(10, 10, 1), (11, 6, 2), (1000, 8, 128)])
def test_a_sample_has_evenly_spaced_items_of_any_number(seen: int, kept: int, step: int) -> None:
    sample = Sample[int](5)
    for number in range(seen):
        sample.extend([number])

    assert sample.items == list(range(0, seen, step))
    assert len(sample.items) == kept


def parts(found: Labeled, size: int) -> list[Labeled]:
    return [
        Labeled(
            actual=found.actual[start : start + size],
            predictions=found.predictions[start : start + size],
            rows=found.rows[start : start + size],
        )
        for start in range(0, len(found.actual), size)
    ]


def measured(groups: LabeledGroups) -> list[dict[str, dict[str, float]]]:
    return [group.measures() for _, group in groups.groups()]


def test_rows_in_batches_are_the_groups_of_all_rows() -> None:
    found = classified(np.random.default_rng(3), 500)
    groups = LabeledGroups(BIAS)
    for part in parts(found, 7):
        groups.add(part)

    assert groups.rows == 500
    assert measured(groups) == measured(LabeledGroups.of(BIAS, found))


def test_counts_are_of_all_rows_and_the_flip_test_is_of_a_sample() -> None:
    found = classified(np.random.default_rng(4), 2 * ENOUGH_ROWS + 1)

    ((_, group), *_) = LabeledGroups.of(BIAS, found).groups()

    assert len(group.member) == 2 * ENOUGH_ROWS + 1
    assert group.compared is not None
    assert len(group.compared.features) == ENOUGH_ROWS + 1
    assert list(group.compared.member) == list(group.member[::2])
    assert list(group.compared.predicted) == list(group.predicted[::2])
    assert without_flips(group)["post_training_bias_metrics"].keys() | {"FT"} == (
        group.measures()["post_training_bias_metrics"].keys()
    )


def without_flips(group: Group) -> dict[str, dict[str, float]]:
    return Group(
        member=group.member, actual=group.actual, predicted=group.predicted, strata=group.strata
    ).measures()
