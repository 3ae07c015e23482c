"""Predictions as CSV, JSON or JSON lines."""

import numpy as np
import orjson

from mlops_jobs.model import Model, QuantileModel, Values, decision_of, predicted_labels
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.serving.requests import csv_row

# numpy writes smaller and larger numbers with an exponent, orjson only some of them.
MIN_PLAIN, MAX_PLAIN = 2e-4, 1e6


class ResponseWriter:
    """Writes the predictions of a model, with the fewest digits that read back as the same number.

    Args:
        model: the model.
    """

    def __init__(self, model: Model) -> None:
        self._regression = model.problem_type is ProblemType.REGRESSION
        self._binary = model.problem_type is ProblemType.BINARY
        self._problem_type, self._decision = model.problem_type, decision_of(model)
        quantiles = model.quantiles if isinstance(model, QuantileModel) else ()
        self._middle = quantiles.index(0.5) if quantiles else 0
        self._quantile_names = [b'"%s":' % str(each).encode() for each in quantiles]
        self._names = [orjson.dumps(label) + b":" for label in model.labels]
        self._label_cells = [csv_row([label]).encode() + b"," for label in model.labels]
        self._label_values = [orjson.dumps(_json_value(label)) for label in model.labels]

    def csv(self, predictions: Values) -> bytes:
        """Returns one CSV line for each row.

        A line has the value of a regression, followed by its quantiles if the model has them; or
        the label, followed by the probability of the second of two labels or the probabilities of
        all of more labels, in the order of the model.

        Args:
            predictions: result of `Model.predict`, or of `predict_quantiles` if the model has it.
        """
        if self._quantile_names:
            lines = [
                b",".join([row[self._middle], *row]) for row in self._rows_of_quantiles(predictions)
            ]
        elif self._regression:
            lines = _texts(predictions, nan=b"nan", infinity=b"inf")
        else:
            shown = predictions[:, 1] if self._binary else predictions
            texts = _texts(shown, nan=b"nan", infinity=b"inf")
            width = 1 if self._binary else len(self._names)
            cells = self._label_cells
            if width == 1:
                lines = [
                    cells[label] + text
                    for label, text in zip(self._chosen(predictions), texts, strict=True)
                ]
            else:
                lines = [
                    cells[label] + b",".join(texts[at * width : (at + 1) * width])
                    for at, label in enumerate(self._chosen(predictions))
                ]
        return b"\n".join(lines) + b"\n"

    def json(self, predictions: Values) -> bytes:
        """Returns `{"predictions": [...]}` with a value, or label and probabilities, for each row.

        Args:
            predictions: result of `Model.predict`.
        """
        return b'{"predictions":[' + b",".join(self._objects(predictions)) + b"]}"

    def json_lines(self, predictions: Values) -> bytes:
        """Returns the predictions of `json`, with one line for each row.

        Args:
            predictions: result of `Model.predict`.
        """
        return b"\n".join(self._objects(predictions)) + b"\n"

    def _objects(self, predictions: Values) -> list[bytes]:
        if self._quantile_names:
            return [
                b'{"value":'
                + row[self._middle]
                + b',"quantiles":{'
                + b",".join(map(bytes.__add__, self._quantile_names, row))
                + b"}}"
                for row in self._rows_of_quantiles(predictions)
            ]
        texts = _texts(predictions, nan=b"NaN", infinity=b"Infinity")
        if self._regression:
            return [b'{"value":' + text + b"}" for text in texts]
        width, names, values = len(self._names), self._names, self._label_values
        return [
            b'{"label":'
            + values[label]
            + b',"probabilities":{'
            + b",".join(map(bytes.__add__, names, texts[at * width : (at + 1) * width]))
            + b"}}"
            for at, label in enumerate(self._chosen(predictions))
        ]

    def _rows_of_quantiles(self, predictions: Values) -> list[list[bytes]]:
        texts = _texts(predictions, nan=b"NaN", infinity=b"Infinity")
        width = len(self._quantile_names)
        return [texts[at : at + width] for at in range(0, len(texts), width)]

    def _chosen(self, predictions: Values) -> list[int]:
        found = predicted_labels(self._problem_type, self._decision, predictions)
        chosen: list[int] = found.tolist()
        return chosen


def _texts(numbers: Values, *, nan: bytes, infinity: bytes) -> list[bytes]:
    """Returns the shortest texts of numbers, row by row, as `str` writes them."""
    flat = np.ascontiguousarray(numbers).reshape(-1)
    texts = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    size = np.abs(flat)
    # The comparison is also false for NaN.
    plain = (size >= MIN_PLAIN) & (size < MAX_PLAIN) | (size == 0)
    if not plain.all():
        special = {"nan": nan, "inf": infinity, "-inf": b"-" + infinity}
        for at in np.flatnonzero(~plain).tolist():
            text = str(flat[at])
            texts[at] = special.get(text) or text.encode()
    return texts


def _json_value(label: str) -> int | str:
    """Returns an integer for a label that is a whole number."""
    try:
        number = int(label)
    except ValueError:
        return label
    return number if str(number) == label and abs(number) < 2**63 else label
