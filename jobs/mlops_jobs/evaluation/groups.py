"""Bias metrics of configured groups, with SageMaker Clarify's names."""

from typing import Any

import numpy as np

from mlops_jobs.evaluation.analysis_config import BiasConfig, matches
from mlops_jobs.evaluation.bias import STAGES, Group
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.problem_type import ProblemType


def bias(scored: Scored, rows: HeldOut, config: BiasConfig) -> dict[str, Any]:
    """Returns the metrics of each group, in the layout of Clarify's `analysis.json`.

    Args:
        scored: the rows.
        rows: the same rows with their cells.
        config: the groups and the favorable outcome.
    """
    actual, predicted = (_outcomes(scored, values) for values in (scored.actual, scored.predicted))
    favorable = [
        np.array([matches(one, config.favorable) for one in outcomes], dtype=bool)
        for outcomes in (actual, predicted)
    ]
    facets: dict[str, dict[str, list[dict[str, Any]]]] = {stage: {} for stage in STAGES}
    for facet in config.facets:
        cells = rows.columns[facet.name]
        member = np.array([matches(cell, facet.values) for cell in cells], dtype=bool)
        group = Group(member=member, actual=favorable[0], predicted=favorable[1])
        for stage, measures in group.measures().items():
            entry = {
                "value_or_threshold": facet.text,
                "rows": int(member.sum()),
                "metrics": [
                    {"name": name, "description": STAGES[stage][name], "value": value}
                    for name, value in measures.items()
                ],
            }
            facets[stage].setdefault(facet.name, []).append(entry)
    return {
        stage: {
            "label": config.label,
            "label_value_or_threshold": config.favorable_text,
            "facets": found,
        }
        for stage, found in facets.items()
    }


def _outcomes(scored: Scored, values: Any) -> list[Any]:
    if scored.problem_type is ProblemType.REGRESSION:
        return [float(value) for value in values]
    return [scored.labels[int(code)] for code in values]
