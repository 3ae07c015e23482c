"""Split of rows into parts."""

import numpy as np
import pytest

from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.split import Part, split, split_by_group, split_by_time
from mlops_jobs.table.target import Target


def parts(counts: list[int], validation: float = 0.2, test: float = 0.2) -> list[list[int]]:
    """Returns the number of rows of each class in each part."""
    values: list[float | None] = [
        float(code) for code, count in enumerate(counts) for _ in range(count)
    ]
    labels = tuple(str(code) for code in range(len(counts)))
    target = Target(problem_type=ProblemType.MULTICLASS, labels=labels, values=[*values, None])
    drawn = split(target, validation=validation, test=test, seed=1)
    assert drawn[-1] == Part.UNUSED
    codes = np.array(values)
    return [
        [int(np.sum((codes == code) & (drawn[:-1] == part))) for part in list(Part)[:3]]
        for code in range(len(counts))
    ]


def test_every_class_keeps_its_shares() -> None:
    assert parts([100, 10]) == [[60, 20, 20], [6, 2, 2]]


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])]
)
def test_small_classes_are_in_training_first(count: int, expected: list[int]) -> None:
    assert parts([50, count])[1] == expected


def test_large_shares_leave_rows_for_training() -> None:
    assert all(counts[0] > 0 for counts in parts([4, 5, 6, 7], validation=0.49, test=0.49))


@pytest.mark.parametrize("sizes", [[5] * 20, [1] * 50 + [50], [90, 1, 1, 1], [30, 40, 30]])
def test_the_rows_of_a_group_are_in_one_part_and_every_part_has_rows(sizes: list[int]) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    target = Target(problem_type=ProblemType.REGRESSION, labels=(), values=[1.5] * len(groups))
    drawn = split(target, validation=0.2, test=0.2, seed=1, groups=groups)
    for group in range(len(sizes)):
        assert len(set(drawn[groups == group].tolist())) == 1
    assert set(drawn.tolist()) == {Part.TRAIN, Part.VALIDATION, Part.TEST}
    assert np.sum(drawn == Part.TEST) <= 0.2 * len(groups) + max(sizes) / 2


def test_a_regression_is_drawn_from_all_rows() -> None:
    target = Target(
        problem_type=ProblemType.REGRESSION, labels=(), values=[None, *map(float, range(99))]
    )
    drawn = split(target, validation=0.3, test=0.1, seed=1)
    assert np.bincount(drawn).tolist() == [59, 30, 10, 1]
    assert (drawn == split(target, validation=0.3, test=0.1, seed=1)).all()
    assert (drawn != split(target, validation=0.3, test=0.1, seed=2)).any()


def numbers(count: int, *, unknown: int = 0) -> Target:
    """Returns a regression with some rows without a target at the end."""
    values: list[float | None] = [float(at) for at in range(count)]
    return Target(
        problem_type=ProblemType.REGRESSION, labels=(), values=[*values, *[None] * unknown]
    )


def test_the_newest_rows_are_held_out() -> None:
    times = np.random.default_rng(3).permutation(100).astype(float)
    found = split_by_time(numbers(100), times, validation=0.2, test=0.3)
    assert sorted(times[found == Part.TEST]) == list(range(70, 100))
    assert sorted(times[found == Part.VALIDATION]) == list(range(50, 70))


def test_rows_of_one_time_are_in_one_part() -> None:
    times = np.repeat(np.arange(10.0), 10)
    found = split_by_time(numbers(100), times, validation=0.25, test=0.25)
    assert all(len(set(found[times == time])) == 1 for time in range(10))
    assert times[found == Part.TRAIN].max() < times[found == Part.VALIDATION].min()
    assert times[found == Part.VALIDATION].max() < times[found == Part.TEST].min()


def test_rows_without_a_time_are_for_training_and_without_a_target_are_unused() -> None:
    times = np.array([np.nan, *range(10), 99.0])
    found = split_by_time(numbers(11, unknown=1), times, validation=0.2, test=0.2)
    assert (found[0], found[-1]) == (Part.TRAIN, Part.UNUSED)
    assert found[10] == Part.TEST


def test_rows_of_one_group_are_in_one_part() -> None:
    groups = np.repeat(np.arange(50), 4)
    found = split_by_group(numbers(200), groups, validation=0.2, test=0.2, seed=1)
    assert all(len(set(found[groups == group])) == 1 for group in range(50))
    assert [int(np.sum(found == part)) for part in list(Part)[:3]] == [120, 40, 40]
    again = split_by_group(numbers(200), groups, validation=0.2, test=0.2, seed=1)
    assert again.tolist() == found.tolist()


def test_rows_keep_their_part_when_the_table_grows() -> None:
    keys = np.random.default_rng(2).integers(0, 2**63, 2000).astype(np.uint64)
    before = split(numbers(1000), validation=0.2, test=0.2, seed=7, keys=keys[:1000])
    after = split(numbers(2000), validation=0.2, test=0.2, seed=7, keys=keys)
    held_out = after[:1000] == Part.TEST
    learned = before == Part.TRAIN
    assert np.sum(held_out & learned) == 0
    assert np.mean(before == after[:1000]) > 0.95


def test_the_seed_changes_the_parts() -> None:
    keys = np.arange(500, dtype=np.uint64)
    one, other = (
        split(numbers(500), validation=0.2, test=0.2, seed=seed, keys=keys) for seed in (1, 2)
    )
    assert 0.3 < np.mean(one != other) < 0.8
