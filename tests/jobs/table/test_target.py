"""The target column."""

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.target import detect_problem_type, read_target


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["yes", "no", "", "yes"], ProblemType.BINARY),
        (["0", "1"], ProblemType.BINARY),
        (["1.5", "7.25"], ProblemType.BINARY),
        (["a", "b", "c"], ProblemType.MULTICLASS),
        (["3", "7", "20"], ProblemType.MULTICLASS),
        (["0.5", "1", "2"], ProblemType.REGRESSION),
        ([str(number) for number in range(50)], ProblemType.REGRESSION),
    ],
)
def test_the_problem_is_detected(texts: list[str], expected: ProblemType) -> None:
    assert detect_problem_type(texts) is expected


def test_labels_become_classes_in_the_order_of_numbers() -> None:
    target = read_target(["20", "3", "7"] * 4, ProblemType.MULTICLASS)
    assert target.labels == ("3", "7", "20")
    assert target.values[:3] == [2, 0, 1]


def test_rows_without_a_target_have_no_value() -> None:
    target = read_target(["a", "b"] * 5 + ["", "NaN"])
    assert target.values[-2:] == [None, None]


def test_the_positive_label_is_the_last_or_the_one_that_is_named() -> None:
    texts = ["good", "bad"] * 5
    assert read_target(texts).labels == ("bad", "good")
    assert read_target(texts, positive_label="bad").labels == ("good", "bad")


def test_a_label_may_be_called_none() -> None:
    assert read_target(["none", "mild"] * 5).labels == ("mild", "none")


@pytest.mark.parametrize(
    ("texts", "problem_type", "positive", "message"),
    [
        (["a"] * 20, None, None, "got a column with the values ['a']"),
        (["a"] * 20, ProblemType.BINARY, None, "one label, 'a'"),
        (["1"] * 20, ProblemType.REGRESSION, None, "same value in every row"),
        (["", "a"], None, None, "got 1 rows with a target; allowed: at least 10"),
        (["a", "b", "c"] * 5, ProblemType.BINARY, None, "got 3 labels (a, b, c)"),
        (["a"] * 10 + ["b"] * 2, ProblemType.BINARY, None, "got 2 rows of label 'b'"),
        (["a", "b"] * 5, ProblemType.BINARY, "c", "got 'c'; allowed: a or b"),
        (["1"] * 10 + ["high"], ProblemType.REGRESSION, None, "row 11: got the target 'high'"),
        (["1"] * 10 + ["inf"], ProblemType.REGRESSION, None, "row 11: got the target 'inf'"),
        ([f"id{n}" for n in range(30)], None, None, "30 different labels in 30 rows"),
    ],
)
def test_a_target_that_does_not_fit_is_rejected(
    texts: list[str], problem_type: ProblemType | None, positive: str | None, message: str
) -> None:
    with pytest.raises(InputError) as error:
        read_target(texts, problem_type, positive)
    assert message in str(error.value)
