"""Estimated attributions, compared with exact ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mlops_jobs.evaluation.shapley import estimated_attributions
from mlops_jobs.monitoring import explainability
from mlops_jobs.monitoring.explainability import ndcg
from mlops_jobs.monitoring.traffic.labeled import cells_of
from mlops_jobs.problem_type import ProblemType
from seed_code.model_build.tests.conftest import Fitted
from tests.jobs.monitoring.captured import pack_model
from tests.jobs.monitoring.programs import load_model

WEIGHTS = np.array([3.0, -1.0, 0.5, 0.0])


@dataclass(frozen=True)
class Linear:
    """A model whose SHAP values are known: weight times distance from the mean."""

    problem_type: ProblemType = ProblemType.REGRESSION
    target: str = "y"
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ("a", "b", "c", "d")
    features: tuple[str, ...] = ("a", "b", "c", "d")

    def predict(self, cells: Sequence[Sequence[Any]]) -> npt.NDArray[np.float64]:
        value: npt.NDArray[np.float64] = WEIGHTS @ np.array(cells, dtype=float)
        if self.problem_type is ProblemType.REGRESSION:
            return value
        share = 1 / (1 + np.exp(-value))
        return np.column_stack([1 - share, share])

    def attributions(self, cells: Sequence[Sequence[Any]]) -> None:
        return None


@pytest.mark.parametrize("problem", [ProblemType.REGRESSION, ProblemType.BINARY])
def test_values_of_a_linear_model_are_its_weights(problem: ProblemType) -> None:
    model = Linear(problem_type=problem, labels=("no", "yes"))
    rows = np.random.default_rng(2).normal(size=(4, 150))

    found = np.abs(estimated_attributions(model, rows.tolist())[:, 0, :-1]).mean(axis=0)

    expected = np.abs(WEIGHTS[:, np.newaxis] * (rows - rows.mean(axis=1, keepdims=True)))
    assert found == pytest.approx(expected.mean(axis=1), rel=0.3, abs=1e-9)


def test_values_sum_to_the_prediction_and_are_the_same_again() -> None:
    rows = np.random.default_rng(2).normal(size=(4, 60)).tolist()

    first, second = (estimated_attributions(Linear(), rows) for _ in range(2))

    assert (first == second).all()
    # The distance from the expected value is small: each row replaces others at random.
    errors = first.sum(axis=2)[:, 0] - Linear().predict(rows)
    assert abs(errors.mean()) < 0.5


def test_a_model_without_attributions_has_nearly_those_of_its_trees(
    tmp_path: Path, binary: Fitted
) -> None:
    model = load_model(pack_model(binary.model, tmp_path / "model.tar.gz"))
    names = list(model.columns)
    rows = [dict(zip(names, row, strict=False)) for row in binary.raw]

    exact = explainability.describe(rows, model)
    estimated = explainability.describe(rows, replace(model, attribute_encoded=None))

    one, other = (
        found.statistics["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
        for found in (exact, estimated)
    )
    assert cells_of(model, rows)
    assert ndcg(one, other) > 0.98
