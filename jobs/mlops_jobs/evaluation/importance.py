"""Global importance of features: their mean absolute SHAP values."""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from mlops_jobs.evaluation import shapley
from mlops_jobs.evaluation.interval import described, sample_of
from mlops_jobs.evaluation.scored import HeldOut
from mlops_jobs.model import Cells, Model, Values

MAX_ROWS = 1000


@runtime_checkable
class Attributing(Protocol):
    """A model that may attribute its predictions to features."""

    def attributions(self, cells: Cells) -> Values | None:
        """Returns SHAP values of the shape (rows, outputs, features + 1), or None.

        Args:
            cells: cells of each feature.
        """


def importance(model: Model, rows: HeldOut) -> dict[str, Any]:
    """Returns the importance of each feature, in descending order.

    Args:
        model: the model.
        rows: the held-out rows.
    """
    chosen = sample_of(rows.rows, MAX_ROWS)
    cells = rows.cells(model, chosen)
    found = model.attributions(cells) if isinstance(model, Attributing) else None
    method = "exact SHAP values"
    count = len(chosen)
    if found is None:
        found = shapley.estimated_attributions(model, cells)
        method, count = "SHAP values estimated from predictions", len(found)
    unit = "log-odds" if model.labels else "units of the target"
    means = np.abs(np.asarray(found, dtype=np.float64)[:, :, :-1]).mean(axis=(0, 1))
    order = np.argsort(-means, kind="stable")
    return {
        "method": f"mean absolute {method}, in {unit}",
        "of": described(count, rows.rows),
        "features": {model.features[at]: float(means[at]) for at in order},
    }
