"""What an endpoint answers, checked and compared with what is known."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .held_out_rows import is_number
from .smoke_failure import SmokeTestFailed

_PROBABILITY_TOLERANCE = 1e-3
_VALUE_TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """One answer for each row: labels, or for a regression values as text."""

    answers: list[str]

    @classmethod
    def from_csv(cls, body: bytes, *, rows: int, regression: bool) -> "Predictions":
        """Reads lines of a label and its probabilities, or of a value.

        Raises:
            SmokeTestFailed: when the answer has another shape, or numbers that are not finite.
        """
        lines = [line for line in csv.reader(io.StringIO(body.decode())) if line]
        _require_count(len(lines), rows, "text/csv")
        for line in lines:
            _require_finite(line if regression else line[1:], "text/csv")
        return cls(answers=[line[0] for line in lines])

    @classmethod
    def from_json(cls, body: bytes, *, rows: int, regression: bool) -> "Predictions":
        """Reads `{"predictions": [{"label": …, "probabilities": {…}} or {"value": …}, …]}`.

        Raises:
            SmokeTestFailed: when the answer has another shape, numbers that are not finite, or
                probabilities that do not add up to 1.
        """
        try:
            predictions = json.loads(body)["predictions"]
        except (ValueError, KeyError, TypeError):
            raise SmokeTestFailed(
                f"to application/json it answered {body[:200]!r}, which is no object with "
                "predictions"
            ) from None
        _require_count(len(predictions), rows, "application/json")
        read = _value_of if regression else _label_of
        return cls(answers=[read(prediction) for prediction in predictions])

    def require_equal(self, other: "Predictions") -> None:
        """Requires that the same rows got the same answers in the other format.

        Raises:
            SmokeTestFailed: naming the first row with different answers.
        """
        for number, (one, another) in enumerate(
            zip(self.answers, other.answers, strict=True), start=1
        ):
            if not same_answer(one, another):
                raise SmokeTestFailed(
                    f"row {number} got {one} to text/csv and {another} to application/json"
                )


def accuracy(answers: Sequence[str], targets: Sequence[str]) -> float:
    """The share of rows whose label is the known one."""
    right = sum(same_answer(one, known) for one, known in zip(answers, targets, strict=True))
    return right / len(targets)


def r_squared(answers: Sequence[str], targets: Sequence[str]) -> float:
    """The share of the targets' variance that the answers explain.

    Raises:
        SmokeTestFailed: when a known target is not a number.
    """
    unreadable = [text for text in targets if not is_number(text)]
    if unreadable:
        raise SmokeTestFailed(f"the held-out target {unreadable[0]!r} is not a number")
    known = [float(text) for text in targets]
    mean = math.fsum(known) / len(known)
    residual = math.fsum((one - float(text)) ** 2 for one, text in zip(known, answers, strict=True))
    total = math.fsum((one - mean) ** 2 for one in known)
    return 1 - residual / total if total else float(residual == 0)


def same_answer(one: str, another: str) -> bool:
    """Whether two texts mean the same: `1` and `1.0` do, and values within rounding."""
    if one.strip() == another.strip():
        return True
    if not (is_number(one) and is_number(another)):
        return False
    return math.isclose(float(one), float(another), rel_tol=_VALUE_TOLERANCE)


def _value_of(prediction: Any) -> str:
    if not isinstance(prediction, dict) or "value" not in prediction:
        raise SmokeTestFailed(f"it answered {prediction!r}, where a regression has a value")
    _require_finite([prediction["value"]], "application/json")
    return repr(float(prediction["value"]))


def _label_of(prediction: Any) -> str:
    probabilities = prediction.get("probabilities") if isinstance(prediction, dict) else None
    if not isinstance(probabilities, dict) or "label" not in prediction:
        raise SmokeTestFailed(
            f"it answered {prediction!r}, where a classification has a label and probabilities"
        )
    label = str(prediction["label"])
    _require_finite(list(probabilities.values()), "application/json")
    if label not in probabilities:
        raise SmokeTestFailed(
            f"it answered the label {label!r}, which is none of {', '.join(probabilities)}"
        )
    total = math.fsum(probabilities.values())
    if abs(total - 1) > _PROBABILITY_TOLERANCE or min(probabilities.values()) < 0:
        raise SmokeTestFailed(f"the probabilities of a row are {probabilities}, not parts of 1")
    return label


def _require_count(got: int, expected: int, content_type: str) -> None:
    if got != expected:
        raise SmokeTestFailed(
            f"to {expected} rows of {content_type} it gave {got} answers instead of {expected}"
        )


def _require_finite(numbers: Sequence[Any], content_type: str) -> None:
    for number in numbers:
        if not is_number(str(number)):
            raise SmokeTestFailed(f"to {content_type} it answered {number!r}, no finite number")
