"""Predictions of the model, row by row."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jmespath
import polars as pl

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import is_position
from mlops_jobs.monitoring.traffic.capture import CSV, Body
from mlops_jobs.monitoring.traffic.rows import load_json

PREDICTION, CONFIDENCE = "prediction", "confidence"


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Places of the parts of a prediction, for servers with another format than the project's.

    Args:
        inference: position in CSV, from 0, or JMESPath in JSON, of the label. Defaults to "": the
            first cell, or the format of the project's server.
        probability: the same of the probability, or of a list with the probability of each label.
            Defaults to "": none, or the format of the project's server.
    """

    inference: str = ""
    probability: str = ""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The prediction for one row.

    Args:
        label: label, or the value of a regression as a string; "" if the response has
            probabilities only.
        scores: probabilities in the order of the labels; only that of the second of two labels.
            Defaults to none.
        by_label: probabilities by label, if the response names them. Defaults to none.
    """

    label: str
    scores: tuple[float, ...] = ()
    by_label: dict[str, float] = field(default_factory=dict)

    def probability(self, label: str, position: int, labels: int) -> float | None:
        """Returns the probability of a label; None if the prediction does not have it.

        Args:
            label: the label.
            position: position among the labels, from 0.
            labels: number of labels.
        """
        if label in self.by_label:
            return self.by_label[label]
        if labels == 2 and len(self.scores) == 1:
            return self.scores[0] if position == 1 else 1 - self.scores[0]
        return self.scores[position] if position < len(self.scores) else None

    @property
    def confidence(self) -> float | None:
        """Probability of the predicted label; None without probabilities."""
        scores = tuple(self.by_label.values()) or self.scores
        if len(scores) == 1:
            return max(scores[0], 1 - scores[0])
        return max(scores) if scores else None


NO_ATTRIBUTES = Attributes()


def read_predictions(body: Body, attributes: Attributes = NO_ATTRIBUTES) -> list[Prediction]:
    """Reads the predictions of one call.

    Args:
        body: body of the response.
        attributes: places of the parts of a prediction. Defaults to the format of the project's
            endpoint.

    Raises:
        InputError: the response has another format.
    """
    try:
        if body.kind == CSV:
            rows = csv.reader(io.StringIO(body.content.decode("utf-8-sig")))
            return [_of_cells(row, attributes) for row in rows if row]
        document = load_json(body.content)
        if any(
            one and not is_position(one) for one in (attributes.inference, attributes.probability)
        ):
            return _of_paths(document, attributes)
        if isinstance(document, dict):
            document = document.get("predictions", [document])
        return [_of_value(one) for one in document]
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise InputError(f"a prediction cannot be read: {body.content[:60]!r}") from error


def prediction_table(
    plain: Sequence[str], others: Iterable[Body], attributes: Attributes = NO_ATTRIBUTES
) -> tuple[pl.DataFrame, int]:
    """Returns label and confidence of predictions, and the number of responses without any.

    Args:
        plain: responses in CSV.
        others: further responses.
        attributes: places of the parts of a prediction. Defaults to the format of the project's
            endpoint.
    """
    special = list(others)
    table = None
    if not any(mark in body for body in plain for mark in ('"', "\r")) and not (
        attributes.inference or attributes.probability
    ):
        table = _plain_table(plain)
    if table is None:
        special += [Body(content=body.encode(), kind=CSV) for body in plain]
    found: list[Prediction] = []
    unreadable = 0
    for body in special:
        try:
            found += read_predictions(body, attributes)
        except InputError:
            unreadable += 1
    rest = table_of(found)
    return (rest if table is None else pl.concat([table, rest])), unreadable


def table_of(found: Sequence[Prediction]) -> pl.DataFrame:
    """Returns label and confidence of predictions, as strings.

    Args:
        found: the predictions.
    """
    confidences = [one.confidence for one in found]
    return pl.DataFrame(
        {
            PREDICTION: [one.label for one in found],
            CONFIDENCE: [None if one is None else repr(one) for one in confidences],
        },
        schema={PREDICTION: pl.String, CONFIDENCE: pl.String},
    )


def _plain_table(bodies: Sequence[str]) -> pl.DataFrame | None:
    """Returns predictions of the form `label,probability...`; None if some have another form."""
    lines = pl.Series("line", "\n".join(bodies).split("\n"), dtype=pl.String)
    lines = lines.filter(lines.str.len_bytes() > 0)
    commas = lines.str.count_matches(",", literal=True)
    if not len(lines) or commas.n_unique() != 1:
        return None if len(lines) else table_of([])
    width = int(commas[0]) + 1
    if width == 1:
        confidence = pl.Series(CONFIDENCE, [None] * len(lines), dtype=pl.String)
        return pl.DataFrame([lines.alias(PREDICTION).str.strip_chars(), confidence])
    cells = lines.str.split_exact(",", width - 1).struct.unnest()
    scores = cells.select(
        pl.col(cells.columns[1:]).str.strip_chars().cast(pl.Float64, strict=False)
    )
    if any(scores.null_count().row(0)):
        return None
    highest = scores.select(pl.max_horizontal(pl.all()).alias(CONFIDENCE))[CONFIDENCE]
    if width == 2:
        highest = pl.Series(CONFIDENCE, [max(one, 1 - one) for one in highest.to_list()])
    return pl.DataFrame(
        [cells.to_series(0).str.strip_chars().alias(PREDICTION), highest.cast(pl.String)]
    )


def _of_cells(cells: list[str], attributes: Attributes) -> Prediction:
    if not attributes.inference and not attributes.probability:
        return Prediction(label=cells[0].strip(), scores=tuple(float(cell) for cell in cells[1:]))
    label = cells[_position(attributes.inference)].strip() if attributes.inference else ""
    score = attributes.probability
    return Prediction(label=label, scores=(float(cells[_position(score)]),) if score else ())


def _position(attribute: str) -> int:
    """Returns the position of a cell, which AWS's images also spell `_c1`."""
    position = int(attribute.removeprefix("_c"))
    if position < 0:
        raise IndexError(attribute)
    return position


def _of_paths(document: Any, attributes: Attributes) -> list[Prediction]:
    labels = _listed(document, attributes.inference)
    scores = _listed(document, attributes.probability)
    if not labels and not scores:
        raise ValueError(f"got no member {attributes.inference or attributes.probability!r}")
    if labels and scores and len(labels) != len(scores):
        if len(labels) != 1:
            raise ValueError(f"got {len(labels)} labels and {len(scores)} probabilities")
        scores = [scores]  # the probabilities of one row
    count = max(len(labels), len(scores))
    return [
        _of_parts(labels[at] if labels else "", scores[at] if scores else None)
        for at in range(count)
    ]


def _of_parts(label: Any, score: Any) -> Prediction:
    if isinstance(score, dict):
        named = {str(name): float(value) for name, value in score.items()}
        return Prediction(label=str(label), by_label=named)
    if isinstance(score, list):
        return Prediction(label=str(label), scores=tuple(map(float, score)))
    return Prediction(label=str(label), scores=() if score is None else (float(score),))


def _listed(document: Any, path: str) -> list[Any]:
    if not path:
        return []
    found = jmespath.search(path, document)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _of_value(value: Any) -> Prediction:
    if not isinstance(value, dict):
        return Prediction(label=str(value))
    if "value" in value:
        return Prediction(label=str(value["value"]))
    named = {str(label): float(one) for label, one in value.get("probabilities", {}).items()}
    return Prediction(label=str(value["label"]), by_label=named)
