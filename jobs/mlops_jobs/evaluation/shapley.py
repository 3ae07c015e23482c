"""SHAP values of any model, estimated from its predictions.

A prediction is attributed to features by replacing their cells with those of another row, one
feature after the other in a random order; the change of the prediction belongs to the feature. Each
order is used forwards and backwards, which removes most of its chance.

Source:
    Castro, Gomez and Tejada, "Polynomial calculation of the Shapley value based on sampling",
    Computers & Operations Research 36, 2009; Mitchell, Cooper, Frank and Holmes, "Sampling
    Permutations for Shapley Value Estimation", JMLR 23, 2022.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mlops_jobs.problem_type import ProblemType

MAX_ROWS = 200
ORDERS = 4  # of each row, each used in both directions
MAX_BATCH = 20_000  # rows of one call of the model
MIN_PROBABILITY = 1e-6
SEED = 7

Scores = npt.NDArray[np.float64]
Values = npt.NDArray[np.floating[Any]]
Cells = Sequence[Sequence[Any]]
"""For each feature, the cells of all rows."""


class Predicting(Protocol):
    """A fitted model that predicts raw rows."""

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""

    def predict(self, cells: Cells) -> Values:
        """Predicts rows.

        Args:
            cells: cells of each feature.
        """


class Attributing(Predicting, Protocol):
    """A model that may attribute its predictions to features."""

    def attributions(self, cells: Cells) -> Values | None:
        """Returns SHAP values of the shape (rows, outputs, features + 1), or None.

        Args:
            cells: cells of each feature.
        """


def estimated_attributions(model: Predicting, cells: Cells) -> Values:
    """Returns SHAP values of rows, in the shape of `Model.attributions`.

    Args:
        model: the model.
        cells: for each feature, the cells of all rows; the rows are also those that replace them.
    """
    rows = len(cells[0]) if cells else 0
    chosen = np.unique(np.linspace(0, rows - 1, min(rows, MAX_ROWS)).round().astype(int))
    table = [[column[row] for row in chosen] for column in cells]
    scores = _scores(model)
    expected = scores(table).mean(axis=0)
    random = np.random.default_rng(SEED)
    found = np.zeros((len(chosen), len(expected), len(table) + 1))
    for _ in range(ORDERS):
        order = random.permutation(len(table))
        others = random.integers(0, len(chosen), len(chosen))
        for one in (order, order[::-1]):
            found[:, :, :-1] += _along(one, others, table, scores)
    found /= 2 * ORDERS
    found[:, :, -1] = expected
    return found


def _along(
    order: npt.NDArray[np.intp],
    others: npt.NDArray[np.intp],
    table: Sequence[Sequence[Any]],
    scores: Callable[[list[list[Any]]], Scores],
) -> Scores:
    """Returns the change of the score of each row by each feature, along an order of features."""
    rows, features = len(others), len(table)
    mixed = [[column[row] for row in others] for column in table]
    steps = [[list(column) for column in mixed]]
    for feature in order:
        mixed[feature] = list(table[feature])
        steps.append([list(column) for column in mixed])
    per_call = max(1, MAX_BATCH // max(1, rows))
    parts = []
    for first in range(0, len(steps), per_call):
        some = steps[first : first + per_call]
        columns = [[cell for step in some for cell in step[name]] for name in range(features)]
        parts.append(scores(columns))
    path = np.concatenate(parts).reshape(len(steps), rows, -1)
    changes = np.diff(path, axis=0)
    found = np.zeros((rows, path.shape[2], features))
    for step, feature in enumerate(order):
        found[:, :, feature] = changes[step]
    return found


def _scores(model: Predicting) -> Callable[[list[list[Any]]], Scores]:
    """Returns the function that is attributed: values, or log-odds as for trees."""

    def scores(columns: list[list[Any]]) -> Scores:
        values = np.asarray(model.predict(columns), dtype=np.float64)
        if model.problem_type is ProblemType.REGRESSION:
            return values.reshape(-1, 1)
        probabilities = np.clip(values, MIN_PROBABILITY, 1 - MIN_PROBABILITY)
        odds: Scores = np.log(probabilities / (1 - probabilities))
        return odds[:, 1:] if model.problem_type is ProblemType.BINARY else odds

    return scores
