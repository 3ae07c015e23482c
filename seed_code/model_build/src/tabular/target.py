"""The target column: which problem it poses, and its labels as the numbers of classes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tabular.failure import InputError
from tabular.problem import ProblemType
from tabular.schema import in_order

# Narrower than for features: a label may well be called "none" or "-".
NO_TARGET = ("", "na", "n/a", "nan", "null", "#n/a", "<na>")

MOST_NUMERIC_LABELS = 20
FEWEST_ROWS = 10
FEWEST_ROWS_PER_BINARY_LABEL = 3  # one each for training, validation and test


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target column as numbers.

    Args:
        problem_type: the kind of target.
        labels: the labels in the order of their classes; empty for a regression.
        values: for each row the value or the number of its class, None where it is missing.
    """

    problem_type: ProblemType
    labels: tuple[str, ...]
    values: list[float | None]


def detect_problem_type(texts: Sequence[str]) -> ProblemType:
    """The problem that a target column poses: two different texts are a binary one, other texts
    and up to 20 different whole numbers a multiclass one, other numbers a regression.

    Raises:
        InputError: if all rows have the same target, or none has one.
    """
    labels = {text for text in texts if text.lower() not in NO_TARGET}
    if len(labels) < 2:
        raise InputError(f"the target holds {sorted(labels)} only; expected two different values")
    if len(labels) == 2:
        return ProblemType.BINARY
    numbers = [_number(label) for label in labels]
    if any(number is None for number in numbers):
        return ProblemType.MULTICLASS
    whole = all(number is not None and number.is_integer() for number in numbers)
    few = len(labels) <= MOST_NUMERIC_LABELS
    return ProblemType.MULTICLASS if whole and few else ProblemType.REGRESSION


def read_target(
    texts: Sequence[str],
    problem_type: ProblemType | None = None,
    positive_label: str | None = None,
) -> Target:
    """Reads a target column.

    Args:
        texts: the text of each row, without surrounding blanks.
        problem_type: the kind of target; detected when it is left out.
        positive_label: the label of a binary target whose probability is reported; the last one
            in the order of numbers or letters when it is left out.

    Raises:
        InputError: if the column does not fit the problem.
    """
    found = Counter(text for text in texts if text.lower() not in NO_TARGET)
    rows = found.total()
    if rows < FEWEST_ROWS:
        raise InputError(f"got {rows} rows with a target; expected at least {FEWEST_ROWS}")
    problem_type = problem_type or detect_problem_type(texts)
    if problem_type is ProblemType.REGRESSION:
        return Target(problem_type=problem_type, labels=(), values=_numbers(texts))
    labels = in_order(list(found))
    if len(labels) < 2:
        raise InputError(f"the target has one label, {labels[0]!r}; expected at least two")
    if problem_type is ProblemType.BINARY:
        labels = _binary(labels, found, positive_label)
    elif len(labels) > rows // 2:
        raise InputError(
            f"the target has {len(labels)} different labels in {rows} rows: is it an identifier? "
            "For a number set data.problem_type to regression"
        )
    codes = {label: float(code) for code, label in enumerate(labels)}
    values = [codes.get(text) for text in texts]
    return Target(problem_type=problem_type, labels=tuple(labels), values=values)


def _binary(labels: list[str], found: Counter[str], positive: str | None) -> list[str]:
    if len(labels) > 2:
        shown = ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")
        raise InputError(
            f"the target has {len(labels)} labels ({shown}); a binary one has two. Set "
            "data.problem_type to multiclass or regression"
        )
    for label in labels:
        if found[label] < FEWEST_ROWS_PER_BINARY_LABEL:
            raise InputError(
                f"label {label!r} has {found[label]} rows; expected at least "
                f"{FEWEST_ROWS_PER_BINARY_LABEL}, one each for training, validation and test"
            )
    if positive is None:
        return labels
    if positive not in labels:
        raise InputError(f"data.positive_label: got {positive!r}; allowed: {' or '.join(labels)}")
    return [label for label in labels if label != positive] + [positive]


def _numbers(texts: Sequence[str]) -> list[float | None]:
    values: list[float | None] = []
    for row, text in enumerate(texts, start=1):
        missing = text.lower() in NO_TARGET
        value = None if missing else _number(text)
        if value is None and not missing:
            raise InputError(
                f"row {row}: the target is {text!r}; a regression needs numbers. Set "
                "data.problem_type to binary or multiclass for labels"
            )
        values.append(value)
    if len(set(values) - {None}) < 2:
        raise InputError("the target has the same value in every row; there is nothing to learn")
    return values


def _number(text: str) -> float | None:
    """The finite number that a text is, None if it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    finite = value - value == 0
    return value if finite and "_" not in text else None
