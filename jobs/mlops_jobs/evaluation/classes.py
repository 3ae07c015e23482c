"""Figures of each label, and the choice of a threshold."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.interval import share_interval
from mlops_jobs.evaluation.metrics import confusion_matrix, f_score, precision_recall, thinned
from mlops_jobs.evaluation.scored import Scored

MAX_LABELS = 50
OF_MODEL = "of the model"
Numbers = npt.NDArray[np.float64]


def classes(scored: Scored) -> list[dict[str, Any]]:
    """Returns precision, recall and F1 of the most frequent labels.

    Args:
        scored: rows of a classification.
    """
    count = len(scored.labels)
    matrix = confusion_matrix(
        scored.actual.astype(np.intp), scored.predicted.astype(np.intp), count
    )
    precision, recall = precision_recall(matrix)
    scores = f_score(precision, recall)
    hits, predicted, actual = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    found = []
    for at in sorted(range(count), key=lambda at: -int(actual[at]))[:MAX_LABELS]:
        entry: dict[str, Any] = {
            "label": scored.labels[at],
            "rows": int(actual[at]),
            "predicted": int(predicted[at]),
            "precision": float(precision[at]),
            "recall": float(recall[at]),
            "f1": float(scores[at]),
        }
        if scored.decision.thresholds is not None:
            entry["threshold"] = scored.decision.thresholds[at]
        if actual[at]:
            ends = share_interval(int(hits[at]), int(actual[at]))
            entry["recall_interval"] = ends.to_json()
        if predicted[at]:
            ends = share_interval(int(hits[at]), int(predicted[at]))
            entry["precision_interval"] = ends.to_json()
        found.append(entry)
    return found


def thresholds(scored: Scored) -> dict[str, Any]:
    """Returns the curve of precision and recall of a binary model, its threshold and two others.

    Args:
        scored: rows of a binary classification.
    """
    probability, positive = scored.predictions[:, 1], scored.actual == 1
    order = np.argsort(-probability, kind="stable")
    # Rows of equal probability pass a threshold together.
    ends = np.append(np.flatnonzero(np.diff(probability[order])), len(order) - 1)
    hits = np.cumsum(positive[order])[ends].astype(float)
    precision, recall = hits / (ends + 1), hits / max(int(positive.sum()), 1)
    score = f_score(precision, recall)
    negatives = max(int((~positive).sum()), 1)
    distance = recall - (ends + 1 - hits) / negatives
    values = probability[order][ends]
    recalls, precisions = thinned(recall, precision)
    used = scored.decision.threshold
    passing = np.flatnonzero(scored.decision.predicted(values))
    chosen = {
        OF_MODEL: int(passing[-1]) if len(passing) else None,
        "largest F1": int(score.argmax()),
        "largest recall less false positive rate": int(distance.argmax()),
    }
    return {
        "precision_recall_curve": {"precisions": precisions, "recalls": recalls},
        "choices": [
            {
                "choice": name,
                "threshold": used if name == OF_MODEL else float(values[at]),
                "precision": float(precision[at]),
                "recall": float(recall[at]),
                "f1": float(score[at]),
                "predicted_share": float((ends[at] + 1) / len(order)),
            }
            for name, at in chosen.items()
            if at is not None
        ],
        "note": "the other thresholds were chosen on these rows and look better than they are",
    }
