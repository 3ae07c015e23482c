"""The decision of a binary model: the probability from which on it predicts the positive label."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError

DEFAULT_THRESHOLD = 0.5
BY_F1, BY_COST = "f1", "cost"
HYPERPARAMETER = "decision_threshold"
COST_PREFIX = "cost_"

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


SETTINGS = (HYPERPARAMETER, *(COST_PREFIX + one.name for one in fields(Costs)))
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
    """

    threshold: float = DEFAULT_THRESHOLD
    criterion: str = "fixed"
    costs: Costs | None = None

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
        costs = document["costs"]
        return cls(
            threshold=float(document["threshold"]),
            criterion=str(document["criterion"]),
            costs=None if costs is None else Costs(**costs),
        )


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """The criterion of the threshold.

    Args:
        threshold: a number from 0 to 1; None if validation rows determine the threshold.
        name: `fixed`; `f1`, the largest F1 of the positive label; or `cost`, the least mean cost.
        costs: costs of a row; required by the criterion `cost`.
    """

    threshold: float | None = DEFAULT_THRESHOLD
    name: str = "fixed"
    costs: Costs | None = None

    @classmethod
    def parse(cls, threshold: object, costs: Mapping[str, object]) -> "Criterion":
        """Reads a criterion.

        Args:
            threshold: a number or its text, `f1` or `cost`.
            costs: costs, by the names of `Costs`: numbers or their texts. None are no costs.

        Raises:
            InputError: a value is not allowed; the message names it.
        """
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
                "cost"
            )
        return cls(threshold=number, costs=known)

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
        return cls.parse(
            threshold, {name: hyperparameters.pop(COST_PREFIX + name) for name in names}
        )

    def hyperparameters(self) -> dict[str, object]:
        """Returns the hyperparameters of a training job that `taken_from` reads."""
        found: dict[str, object] = {}
        if self != Criterion():
            found[HYPERPARAMETER] = self.name if self.threshold is None else self.threshold
        if self.costs is not None:
            found |= {COST_PREFIX + name: value for name, value in asdict(self.costs).items()}
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
