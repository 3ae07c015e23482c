"""The decision of a model: which label it predicts, from the probabilities of all labels.

A binary model predicts the positive label from a probability on. A model with more labels predicts
the label with the largest ratio of probability and threshold, or with the least expected cost.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.label_thresholds import macro_f1_thresholds

DEFAULT_THRESHOLD = 0.5
BY_F1, BY_COST, BY_MACRO_F1 = "f1", "cost", "macro_f1"
HYPERPARAMETER = "decision_threshold"
THRESHOLDS, COST_MATRIX = "decision_thresholds", "decision_cost_matrix"
COST_PREFIX = "cost_"
MAX_HYPERPARAMETER_LENGTH = 2500  # of SageMaker

Matrix = tuple[tuple[float, ...], ...]
Probabilities = npt.NDArray[np.floating[Any]]
Positives = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The cost of a row by its actual and its predicted label, 0 or more.

    Args:
        false_positive: cost of a negative row that is predicted as positive. Defaults to 0.
        false_negative: cost of a positive row that is predicted as negative. Defaults to 0.
        true_positive: cost of a positive row that is predicted as positive, such as that of the
            action that follows. Defaults to 0.
        true_negative: cost of a negative row that is predicted as negative. Defaults to 0.
    """

    false_positive: float = 0.0
    false_negative: float = 0.0
    true_positive: float = 0.0
    true_negative: float = 0.0

    def __post_init__(self) -> None:
        values = asdict(self)
        for name, value in values.items():
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"decision.costs.{name}: got {value:g}; allowed: a number from 0")
        if not (
            self.false_positive > self.true_negative and self.false_negative > self.true_positive
        ):
            raise InputError(
                "decision.costs: got "
                + ", ".join(f"{name} {value:g}" for name, value in values.items())
                + "; allowed: an error that costs more than the right prediction of the same row: "
                "false_positive above true_negative, false_negative above true_positive"
            )

    def mean(self, positive: Positives, predicted: Positives) -> float:
        """Returns the mean cost of a row.

        Args:
            positive: for each row, True if it has the positive label.
            predicted: for each row, True if the positive label is predicted.
        """
        hits = int((positive & predicted).sum())
        return float(
            self._total(
                np.array([hits], dtype=float),
                np.array([int(predicted.sum()) - hits], dtype=float),
                int(positive.sum()),
                len(positive),
            )[0]
            / len(positive)
        )

    def _total(
        self,
        hits: npt.NDArray[np.float64],
        false_alarms: npt.NDArray[np.float64],
        positives: int,
        rows: int,
    ) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = (
            hits * self.true_positive
            + false_alarms * self.false_positive
            + (positives - hits) * self.false_negative
            + (rows - positives - false_alarms) * self.true_negative
        )
        return found


SETTINGS = (
    HYPERPARAMETER,
    THRESHOLDS,
    COST_MATRIX,
    *(COST_PREFIX + one.name for one in fields(Costs)),
)
"""Settings of a training job that have the criterion."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The decision of a fitted model.

    Args:
        threshold: minimum probability, 0 to 1, at which the positive label is predicted. Defaults
            to 0.5.
        criterion: `fixed`, or the criterion by which validation rows determined the threshold: `f1`
            or `cost`. Defaults to `fixed`.
        costs: costs of a row, from which the metric `cost` is computed. Defaults to None: the model
            has no such metric.
        thresholds: threshold of each label of a model with more than two labels, which predicts the
            label with the largest ratio of probability and threshold. Defaults to None: the most
            probable label.
        minimized_costs: cost of each label (row) that is predicted as another (column) of such a
            model, which predicts the label with the least expected cost. Defaults to None.
        cost_matrix: the same costs, from which the metric `cost` of such a model is computed.
            Defaults to None: the model has no such metric.
    """

    threshold: float = DEFAULT_THRESHOLD
    criterion: str = "fixed"
    costs: Costs | None = None
    thresholds: tuple[float, ...] | None = None
    minimized_costs: Matrix | None = None
    cost_matrix: Matrix | None = None

    def chosen(self, probabilities: Probabilities) -> npt.NDArray[np.intp]:
        """Returns for each row the position of the label that is predicted, of more than two.

        Args:
            probabilities: a row of probabilities for each row, in the order of the labels.
        """
        if self.minimized_costs is not None:
            expected = probabilities.astype(np.float64) @ np.array(self.minimized_costs)
            return np.asarray(expected.argmin(axis=1), dtype=np.intp)
        if self.thresholds is not None:
            probabilities = probabilities.astype(np.float64) / np.array(self.thresholds)
        return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)

    def cost_of_labels(
        self, actual: npt.NDArray[np.intp], predicted: npt.NDArray[np.intp]
    ) -> float:
        """Returns the mean cost of a row of a model with more than two labels.

        Args:
            actual: position of the label of each row.
            predicted: position of the predicted label of each row.

        Raises:
            InputError: the model has no costs.
        """
        if self.cost_matrix is None:
            raise InputError(NO_COST_MATRIX)
        return float(np.array(self.cost_matrix)[actual, predicted].mean())

    def reordered(self, positions: Sequence[int]) -> "Decision":
        """Returns the decision for labels in another order.

        Args:
            positions: for each label of the new order, its position in the present one.
        """

        def matrix(given: Matrix | None) -> Matrix | None:
            if given is None:
                return None
            return tuple(tuple(given[row][column] for column in positions) for row in positions)

        return replace(
            self,
            thresholds=None
            if self.thresholds is None
            else tuple(self.thresholds[at] for at in positions),
            minimized_costs=matrix(self.minimized_costs),
            cost_matrix=matrix(self.cost_matrix),
        )

    def predicted(self, probability: Probabilities) -> Positives:
        """Returns for each row True if the positive label is predicted.

        Args:
            probability: probability of the positive label of each row.
        """
        # A 64-bit scalar, so that probabilities of 32 bits are compared exactly.
        return np.asarray(probability >= np.float64(self.threshold))

    def cost(self, positive: Positives, predicted: Positives) -> float:
        """Returns the mean cost of a row.

        Args:
            positive: for each row, True if it has the positive label.
            predicted: for each row, True if the positive label is predicted.

        Raises:
            InputError: the model has no costs.
        """
        if self.costs is None:
            raise InputError(
                "objective.metric: got cost without costs; set decision.costs, such as "
                "{false_positive: 1, false_negative: 5}"
            )
        return self.costs.mean(positive, predicted)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Decision":
        """Reads the decision of a schema.

        Args:
            document: content of the member `decision`.
        """
        costs, thresholds = document["costs"], document.get("thresholds")
        return cls(
            threshold=float(document["threshold"]),
            criterion=str(document["criterion"]),
            costs=None if costs is None else Costs(**costs),
            thresholds=None if thresholds is None else tuple(map(float, thresholds)),
            minimized_costs=_matrix(document.get("minimized_costs")),
            cost_matrix=_matrix(document.get("cost_matrix")),
        )


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """The criterion of the threshold.

    Args:
        threshold: a number from 0 to 1; None if validation rows determine the threshold.
        name: `fixed`; `f1`, the largest F1 of the positive label; `macro_f1`, the largest mean F1
            of more than two labels; or `cost`, the least mean cost.
        costs: costs of a row of a binary model; required by its criterion `cost`.
        thresholds: thresholds of more than two labels, by the label. Defaults to {}: equal ones.
        cost_matrix: costs of a row, of more than two labels, by its actual and its predicted label;
            required by their criterion `cost`. Defaults to {}: none.
    """

    threshold: float | None = DEFAULT_THRESHOLD
    name: str = "fixed"
    costs: Costs | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    cost_matrix: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def changes_labels(self) -> bool:
        """True if the predicted label may be another one than the most probable."""
        return self.threshold != DEFAULT_THRESHOLD or bool(self.thresholds)

    @property
    def of_two_labels(self) -> bool:
        """True if a member is for binary targets alone."""
        is_number = self.threshold not in (None, DEFAULT_THRESHOLD)
        return is_number or self.name == BY_F1 or self.costs is not None

    @property
    def of_more_labels(self) -> bool:
        """True if a member is for targets with more than two labels alone."""
        return self.name == BY_MACRO_F1 or bool(self.thresholds) or bool(self.cost_matrix)

    @classmethod
    def parse(
        cls,
        threshold: object,
        costs: Mapping[str, object],
        thresholds: Mapping[str, object] | None = None,
        cost_matrix: Mapping[str, Mapping[str, object]] | None = None,
    ) -> "Criterion":
        """Reads a criterion.

        Args:
            threshold: a number or its text, `f1`, `macro_f1` or `cost`.
            costs: costs, by the names of `Costs`: numbers or their texts. None are no costs.
            thresholds: thresholds by label: numbers or their texts. Defaults to None: equal ones.
            cost_matrix: costs by actual and predicted label: numbers or their texts. Defaults to
                None: none.

        Raises:
            InputError: a value is not allowed; the message names it.
        """
        if thresholds or cost_matrix or threshold == BY_MACRO_F1:
            return cls._of_labels(threshold, costs, thresholds or {}, cost_matrix or {})
        known = Costs(**_numbers(costs)) if costs else None
        if threshold == BY_F1:
            return cls(threshold=None, name=BY_F1, costs=known)
        if threshold == BY_COST:
            if known is None:
                raise InputError(
                    "decision.threshold: got cost without costs; set decision.costs, such as "
                    "{false_positive: 1, false_negative: 5}"
                )
            return cls(threshold=None, name=BY_COST, costs=known)
        try:
            number = float(str(threshold))
        except ValueError:
            number = math.nan
        if not 0 < number < 1:
            raise InputError(
                f"decision.threshold: got {threshold!r}; allowed: a number between 0 and 1, f1 or "
                "cost; for more than two labels also macro_f1"
            )
        return cls(threshold=number, costs=known)

    @classmethod
    def _of_labels(
        cls,
        threshold: object,
        costs: Mapping[str, object],
        thresholds: Mapping[str, object],
        cost_matrix: Mapping[str, Mapping[str, object]],
    ) -> "Criterion":
        if costs:
            raise InputError(
                "decision.costs: got costs of a binary target beside those or thresholds of more "
                "labels; use cost_matrix instead"
            )
        known = {label: _share(label, one) for label, one in thresholds.items()}
        matrix = {
            actual: {
                label: _number(f"cost_matrix.{actual}.{label}", cost) for label, cost in row.items()
            }
            for actual, row in cost_matrix.items()
        }
        if threshold == BY_COST and not matrix:
            raise InputError(f"decision.threshold: got cost without costs; {_SET_MATRIX}")
        name = str(threshold) if threshold in (BY_COST, BY_MACRO_F1) else "fixed"
        is_default = name == "fixed" and str(threshold) == str(DEFAULT_THRESHOLD)
        if (name == "fixed" and not is_default) or (known and name != "fixed"):
            raise InputError(
                f"decision.threshold: got {threshold!r} beside thresholds or costs of labels; "
                "allowed: macro_f1, cost with cost_matrix, or thresholds alone"
            )
        return cls(
            threshold=DEFAULT_THRESHOLD if name == "fixed" else None,
            name=name,
            thresholds=known,
            cost_matrix=matrix,
        )

    @classmethod
    def taken_from(cls, hyperparameters: dict[str, Any]) -> "Criterion":
        """Removes the criterion from the hyperparameters of a training job, and returns it.

        Args:
            hyperparameters: all hyperparameters; it is changed in place.

        Raises:
            InputError: a value is not allowed.
        """
        threshold = hyperparameters.pop(HYPERPARAMETER, DEFAULT_THRESHOLD)
        names = [one.name for one in fields(Costs) if COST_PREFIX + one.name in hyperparameters]
        costs = {name: hyperparameters.pop(COST_PREFIX + name) for name in names}
        thresholds, matrix = (
            _document(name, hyperparameters.pop(name, "{}")) for name in (THRESHOLDS, COST_MATRIX)
        )
        if not all(isinstance(row, dict) for row in matrix.values()):
            raise InputError(
                f"{COST_MATRIX}: got {matrix!r}; allowed: costs by actual and predicted label"
            )
        return cls.parse(threshold, costs, thresholds, matrix)

    def hyperparameters(self) -> dict[str, object]:
        """Returns the hyperparameters of a training job that `taken_from` reads."""
        found: dict[str, object] = {}
        if self.threshold != DEFAULT_THRESHOLD or self.costs is not None:
            found[HYPERPARAMETER] = self.name if self.threshold is None else self.threshold
        if self.costs is not None:
            found |= {COST_PREFIX + name: value for name, value in asdict(self.costs).items()}
        for name, given in ((THRESHOLDS, self.thresholds), (COST_MATRIX, self.cost_matrix)):
            if given:
                found[name] = text = json.dumps(given, sort_keys=True, separators=(",", ":"))
                if len(text) > MAX_HYPERPARAMETER_LENGTH:
                    raise InputError(
                        f"decision: got {len(text)} characters of thresholds or costs by label; "
                        f"allowed are {MAX_HYPERPARAMETER_LENGTH}, the limit of a hyperparameter. "
                        "Name fewer labels"
                    )
        return found

    def decide(self, positive: Positives, probability: Probabilities) -> Decision:
        """Returns the decision for a model, from rows that the model has not learned from.

        Args:
            positive: for each row, True if it has the positive label.
            probability: probability of the positive label of each row.
        """
        if self.threshold is not None:
            return Decision(threshold=self.threshold, costs=self.costs)
        chosen = _best_threshold(positive, probability.astype(np.float64), self)
        return Decision(threshold=chosen, criterion=self.name, costs=self.costs)

    def decide_labels(
        self,
        actual: npt.NDArray[np.intp],
        probabilities: Probabilities,
        labels: Sequence[str],
    ) -> Decision:
        """Returns the decision for a model with more than two labels.

        Args:
            actual: position of the label of each row that the model has not learned from.
            probabilities: a row of probabilities for each of these rows.
            labels: the labels in the order of their positions.

        Raises:
            InputError: a threshold or cost is of an unknown label.
        """
        matrix = self._matrix_of(labels)
        if self.name == BY_MACRO_F1:
            found = macro_f1_thresholds(actual, probabilities.astype(np.float64))
            return Decision(criterion=self.name, thresholds=found, cost_matrix=matrix)
        if self.name == BY_COST:
            return Decision(criterion=self.name, minimized_costs=matrix, cost_matrix=matrix)
        if not self.thresholds:
            return Decision(cost_matrix=matrix)
        _check_labels("thresholds", self.thresholds, labels)
        given = tuple(self.thresholds.get(label, DEFAULT_THRESHOLD) for label in labels)
        return Decision(thresholds=given, cost_matrix=matrix)

    def _matrix_of(self, labels: Sequence[str]) -> Matrix | None:
        """Returns the costs of all labels: 1 for an error and 0 otherwise, where none is given."""
        if not self.cost_matrix:
            return None
        _check_labels("cost_matrix", self.cost_matrix, labels)
        for actual, row in self.cost_matrix.items():
            _check_labels(f"cost_matrix.{actual}", row, labels)
        rows = []
        for actual in labels:
            given = self.cost_matrix.get(actual, {})
            row = {one: given.get(one, float(one != actual)) for one in labels}
            if any(cost <= row[actual] for one, cost in row.items() if one != actual):
                raise InputError(
                    f"decision.cost_matrix.{actual}: got {row}; allowed: an error that costs more "
                    f"than the prediction of {actual}"
                )
            rows.append(tuple(row.values()))
        return tuple(rows)

    def _losses(
        self,
        hits: npt.NDArray[np.float64],
        false_alarms: npt.NDArray[np.float64],
        positives: int,
        rows: int,
    ) -> npt.NDArray[np.float64]:
        if self.costs is not None and self.name == BY_COST:
            return self.costs._total(hits, false_alarms, positives, rows)
        found: npt.NDArray[np.float64] = -2 * hits / np.maximum(positives + hits + false_alarms, 1)
        return found


NO_COST_MATRIX = (
    "objective.metric: got cost without costs of more than two labels; set decision.cost_matrix, "
    "such as {rare: {common: 20}}"
)
_SET_MATRIX = "set decision.cost_matrix, such as {rare: {common: 20}}"


def _matrix(document: Sequence[Sequence[float]] | None) -> Matrix | None:
    if document is None:
        return None
    return tuple(tuple(map(float, row)) for row in document)


def _document(name: str, text: object) -> dict[str, Any]:
    try:
        found = json.loads(str(text))
    except ValueError as error:
        raise InputError(f"{name}: got {text!r}; allowed: a JSON object by label") from error
    if not isinstance(found, dict):
        raise InputError(f"{name}: got {text!r}; allowed: a JSON object by label")
    return found


def _number(name: str, given: object) -> float:
    try:
        number = float(str(given))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise InputError(f"decision.{name}: got {given!r}; allowed: a number from 0")
    return number


def _share(label: str, given: object) -> float:
    number = _number(f"thresholds.{label}", given)
    if not 0 < number < 1:
        raise InputError(
            f"decision.thresholds.{label}: got {given!r}; allowed: a number between 0 and 1"
        )
    return number


def _check_labels(name: str, given: Mapping[str, object], labels: Sequence[str]) -> None:
    unknown = sorted(set(given) - set(labels))
    if unknown:
        raise InputError(
            f"decision.{name}: got {', '.join(unknown)}; allowed: {', '.join(labels[:50])}"
        )


def _numbers(costs: Mapping[str, object]) -> dict[str, float]:
    found = {}
    for name, value in costs.items():
        try:
            found[name] = float(str(value))
        except ValueError as error:
            raise InputError(
                f"decision.costs.{name}: got {value!r}; allowed: a number from 0"
            ) from error
    return found


def _best_threshold(
    positive: Positives, probability: npt.NDArray[np.float64], criterion: Criterion
) -> float:
    """Returns the threshold with the least loss: halfway between two neighboring probabilities."""
    order = np.argsort(-probability, kind="stable")
    values = probability[order]
    # Rows of equal probability pass a threshold together.
    ends = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    hits = np.append(0.0, np.cumsum(positive[order])[ends])
    passed = np.append(0.0, ends + 1.0)
    losses = criterion._losses(hits, passed - hits, int(positive.sum()), len(values))
    distinct = values[ends]
    # No row passes a threshold above 1, and every row passes 0.
    above = np.concatenate([[max(1.0, distinct[0]) + 1e-6], distinct])
    below = np.append(distinct, 0.0)
    thresholds = (above + below) / 2
    # The middle may be rounded to the lower of two neighbors, which must not pass.
    thresholds = np.where(thresholds > below, thresholds, above)
    thresholds[-1] = 0.0
    return float(thresholds[int(losses.argmin())])
