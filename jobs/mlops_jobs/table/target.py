"""The target column: its problem type, and its labels as class numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType, in_order
from mlops_jobs.table.spellings import spellings_warning

# Fewer spellings than for features: a label may be called "none" or "-".
NO_TARGET = ("", "na", "n/a", "nan", "null", "#n/a", "<na>")

MAX_NUMERIC_LABELS = 20
MAX_LABELS = 100  # beyond, a multiclass target is reported
MAX_SHOWN = 3
MIN_ROWS = 10
MIN_ROWS_PER_BINARY_LABEL = 3  # one each for training, validation and test


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target column as numbers.

    Args:
        problem_type: kind of target.
        labels: labels in the order of their classes; empty for a regression.
        values: for each row, the value or the class number; None if the target is missing.
    """

    problem_type: ProblemType
    labels: tuple[str, ...]
    values: list[float | None]


def detect_problem_type(texts: Sequence[str]) -> ProblemType:
    """Detects the problem type of a target column.

    Two different values are binary; other strings and up to 20 different whole numbers are
    multiclass; other numbers are a regression.

    Args:
        texts: target of each row, without surrounding white space.

    Raises:
        InputError: all rows have the same target, or none has a target.
    """
    labels = {text for text in texts if text.lower() not in NO_TARGET}
    if len(labels) < 2:
        raise InputError(
            f"data.target: got a column with the values {sorted(labels)}; use one "
            "with at least two values"
        )
    if len(labels) == 2:
        return ProblemType.BINARY
    numbers = [_number(label) for label in labels]
    if any(number is None for number in numbers):
        return ProblemType.MULTICLASS
    whole = all(number is not None and number.is_integer() for number in numbers)
    few = len(labels) <= MAX_NUMERIC_LABELS
    return ProblemType.MULTICLASS if whole and few else ProblemType.REGRESSION


def read_target(
    texts: Sequence[str],
    problem_type: ProblemType | None = None,
    positive_label: str | None = None,
) -> Target:
    """Reads a target column.

    Args:
        texts: target of each row, without surrounding white space.
        problem_type: kind of target. Defaults to None: detected from the values.
        positive_label: label of a binary target whose probability is predicted. Defaults to None:
            the last label in numeric or alphabetical order.

    Raises:
        InputError: the column does not match the problem type.
    """
    found = Counter(text for text in texts if text.lower() not in NO_TARGET)
    rows = found.total()
    if rows < MIN_ROWS:
        raise InputError(
            f"data.target: got {rows} rows with a target; allowed: at least {MIN_ROWS}. Add rows"
        )
    problem_type = problem_type or detect_problem_type(texts)
    if problem_type is ProblemType.REGRESSION:
        return Target(problem_type=problem_type, labels=(), values=_numbers(texts))
    labels = in_order(list(found))
    if len(labels) < 2:
        raise InputError(
            f"data.target: got one label, {labels[0]!r}; allowed: at least two. "
            "Add rows of another label"
        )
    if problem_type is ProblemType.BINARY:
        labels = _binary(labels, found, positive_label)
    elif len(labels) > rows // 2:
        raise InputError(
            f"data.target: got {len(labels)} different labels in {rows} rows, as of an identifier; "
            "choose another column, or set data.problem_type to regression for a number"
        )
    codes = {label: float(code) for code, label in enumerate(labels)}
    values = [codes.get(text) for text in texts]
    return Target(problem_type=problem_type, labels=tuple(labels), values=values)


def _binary(labels: list[str], found: Counter[str], positive: str | None) -> list[str]:
    if len(labels) > 2:
        shown = ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")
        raise InputError(
            f"data.target: got {len(labels)} labels ({shown}); allowed: two for a binary target. "
            "Set data.problem_type to multiclass or regression"
        )
    for label in labels:
        if found[label] < MIN_ROWS_PER_BINARY_LABEL:
            raise InputError(
                f"data.target: got {found[label]} rows of label {label!r}; allowed: at least "
                f"{MIN_ROWS_PER_BINARY_LABEL}, one each for training, validation and test. Add "
                "rows of it"
            )
    if positive is None:
        return labels
    if positive not in labels:
        raise InputError(f"data.positive_label: got {positive!r}; allowed: {' or '.join(labels)}")
    return [label for label in labels if label != positive] + [positive]


def target_warnings(target: Target) -> list[str]:
    """Returns what is unusual about the labels of a target.

    Args:
        target: the target column.
    """
    if not target.labels:
        return []
    found = spellings_warning(target.labels)
    counts = Counter(value for value in target.values if value is not None)
    rare = [
        f"{label!r} ({counts[code]})"
        for code, label in enumerate(target.labels)
        if counts[code] < MIN_ROWS_PER_BINARY_LABEL
    ]
    if rare:
        shown = ", ".join(rare[:MAX_SHOWN]) + (", ..." if len(rare) > MAX_SHOWN else "")
        found.append(
            f"has {len(rare)} labels with fewer than {MIN_ROWS_PER_BINARY_LABEL} rows, which "
            f"only training reads: {shown}; add rows of them, or merge or remove them"
        )
    if len(target.labels) > MAX_LABELS:
        found.append(
            f"has {len(target.labels)} labels; more than {MAX_LABELS} are rarely learned well. "
            "Merge labels, or set data.problem_type to regression for a number"
        )
    return found


def _numbers(texts: Sequence[str]) -> list[float | None]:
    values: list[float | None] = []
    for row, text in enumerate(texts, start=1):
        missing = text.lower() in NO_TARGET
        value = None if missing else _number(text)
        if value is None and not missing:
            raise InputError(
                f"row {row}: got the target {text!r}; allowed: numbers for a regression. Set "
                "data.problem_type to binary or multiclass for labels"
            )
        values.append(value)
    if len(set(values) - {None}) < 2:
        raise InputError("data.target: got the same value in every row; choose another column")
    return values


def _number(text: str) -> float | None:
    """Returns the finite number of a string; None if it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    finite = value - value == 0
    return value if finite and "_" not in text else None
