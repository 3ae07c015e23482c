"""Validation of an endpoint's predictions, and comparison with known targets."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .held_out_rows import is_number
from .smoke_test_error import SmokeTestError

_PROBABILITY_TOLERANCE = 1e-3
_VALUE_TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """One prediction for each row.

    Args:
        values: labels, or the values of a regression, as strings.
    """

    values: list[str]

    @classmethod
    def from_csv(cls, body: bytes, *, rows: int, regression: bool) -> "Predictions":
        """Reads lines of a label and its probabilities, or of a value.

        Args:
            body: body of the response.
            rows: number of rows that were sent.
            regression: True for a regression.

        Raises:
            SmokeTestError: the response has another format, or numbers that are not finite.
        """
        lines = [line for line in csv.reader(io.StringIO(body.decode())) if line]
        _require_count(len(lines), rows, "text/csv")
        for line in lines:
            _require_finite(line if regression else line[1:], "text/csv")
        return cls(values=[line[0] for line in lines])

    @classmethod
    def from_json(cls, body: bytes, *, rows: int, regression: bool) -> "Predictions":
        """Reads `{"predictions": [{"label": …, "probabilities": {…}} or {"value": …}, …]}`.

        Args:
            body: body of the response.
            rows: number of rows that were sent.
            regression: True for a regression.

        Raises:
            SmokeTestError: the response has another format, numbers that are not finite, or
                probabilities whose sum is not 1.
        """
        try:
            predictions = json.loads(body)["predictions"]
        except (ValueError, KeyError, TypeError):
            raise SmokeTestError(
                f"the response in application/json is {body[:200]!r}; allowed: an object with "
                "predictions"
            ) from None
        _require_count(len(predictions), rows, "application/json")
        read = _value_of if regression else _label_of
        return cls(values=[read(prediction) for prediction in predictions])

    def require_equal(self, other: "Predictions") -> None:
        """Checks that the same rows have the same predictions in another format.

        Args:
            other: predictions of the other format.

        Raises:
            SmokeTestError: two predictions differ; the message has the first such row.
        """
        for number, (one, another) in enumerate(
            zip(self.values, other.values, strict=True), start=1
        ):
            if not is_same_prediction(one, another):
                raise SmokeTestError(
                    f"row {number} got {one} for text/csv and {another} for application/json"
                )


def accuracy(values: Sequence[str], targets: Sequence[str]) -> float:
    """Returns the share of rows, 0 to 1, whose label is the known one.

    Args:
        values: the predictions.
        targets: the known targets.
    """
    right = sum(is_same_prediction(one, known) for one, known in zip(values, targets, strict=True))
    return right / len(targets)


def r_squared(values: Sequence[str], targets: Sequence[str]) -> float:
    """Returns the share of the targets' variance that the predictions explain.

    Args:
        values: the predictions.
        targets: the known targets.

    Raises:
        SmokeTestError: a known target is not a number.
    """
    unreadable = [text for text in targets if not is_number(text)]
    if unreadable:
        raise SmokeTestError(f"the held-out target {unreadable[0]!r} is not a number")
    known = [float(text) for text in targets]
    mean = math.fsum(known) / len(known)
    residual = math.fsum((one - float(text)) ** 2 for one, text in zip(known, values, strict=True))
    total = math.fsum((one - mean) ** 2 for one in known)
    return 1 - residual / total if total else float(residual == 0)


def is_same_prediction(one: str, another: str) -> bool:
    """Returns True if two strings have the same meaning: `1` and `1.0`, or values within rounding.

    Args:
        one: a prediction or target.
        another: another one.
    """
    if one.strip() == another.strip():
        return True
    if not (is_number(one) and is_number(another)):
        return False
    return math.isclose(float(one), float(another), rel_tol=_VALUE_TOLERANCE)


def _value_of(prediction: Any) -> str:
    if not isinstance(prediction, dict) or "value" not in prediction:
        raise SmokeTestError(f"a prediction is {prediction!r}; allowed: an object with a value")
    _require_finite([prediction["value"]], "application/json")
    return repr(float(prediction["value"]))


def _label_of(prediction: Any) -> str:
    probabilities = prediction.get("probabilities") if isinstance(prediction, dict) else None
    if not isinstance(probabilities, dict) or "label" not in prediction:
        raise SmokeTestError(
            f"a prediction is {prediction!r}; allowed: an object with a label and probabilities"
        )
    label = str(prediction["label"])
    _require_finite(list(probabilities.values()), "application/json")
    if label not in probabilities:
        raise SmokeTestError(
            f"a prediction has the label {label!r}; allowed: {', '.join(probabilities)}"
        )
    total = math.fsum(probabilities.values())
    if abs(total - 1) > _PROBABILITY_TOLERANCE or min(probabilities.values()) < 0:
        raise SmokeTestError(f"the probabilities of a row are {probabilities}; allowed: a sum of 1")
    return label


def _require_count(got: int, expected: int, content_type: str) -> None:
    if got != expected:
        raise SmokeTestError(f"{expected} rows of {content_type} got {got} predictions")


def _require_finite(numbers: Sequence[Any], content_type: str) -> None:
    for number in numbers:
        if not is_number(str(number)):
            raise SmokeTestError(
                f"a prediction in {content_type} has {number!r}; allowed: finite numbers"
            )
