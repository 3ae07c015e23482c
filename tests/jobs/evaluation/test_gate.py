"""The conditions of the registration, which the report repeats."""

from pathlib import Path

import pytest
from tabular import model

from mlops_jobs.evaluation.gate import UNLIMITED, Gate, gate_of, no_threshold
from mlops_jobs.evaluation.job import Champion, Extent, evaluate, parser
from mlops_jobs.evaluation.page import evaluation_page
from mlops_jobs.evaluation.quality import METRICS, Metric
from mlops_jobs.problem_type import ProblemType
from seed_code.model_build.tests.conftest import Fitted
from seed_code.model_build.tests.training_jobs import pack


def metric(name: str) -> Metric:
    return next(one for found in METRICS.values() for one in found if one.name == name)


@pytest.mark.parametrize("name", ["auc", "logloss", "r2", "rmse"])
def test_a_threshold_that_every_model_reaches_is_none(name: str) -> None:
    unset = no_threshold(metric(name))
    # Pipelines writes the parameter as text.
    given = gate_of(parser().parse_args([f"--threshold={unset}"]))
    assert given.to_json(metric(name))["threshold"] is None


@pytest.mark.parametrize(("name", "threshold"), [("auc", 0.9), ("rmse", 3.0), ("r2", 0.0)])
def test_another_threshold_is_named(name: str, threshold: float) -> None:
    found = Gate(threshold=threshold, margin=0.01).to_json(metric(name))
    assert (found["threshold"], found["margin"], found["baseline"]) == (threshold, 0.01, None)
    assert found["maximize"] is metric(name).maximize


def test_an_unlimited_metric_has_a_threshold_that_json_can_have() -> None:
    assert no_threshold(metric("rmse")) == UNLIMITED
    assert no_threshold(metric("r2")) == -UNLIMITED


def test_the_report_names_the_metric_as_it_does_its_value() -> None:
    macro = next(one for one in METRICS[ProblemType.MULTICLASS] if one.name == "macro_f1")
    found = Gate(beats_baseline=True).to_json(macro)
    assert (found["group"], found["metric"]) == ("multiclass_classification_metrics", "macro_f1")
    weighted = next(one for one in METRICS[ProblemType.MULTICLASS] if one.name == "f1")
    assert Gate().to_json(weighted)["metric"] == "weighted_f1"
    assert found["baseline"] == "without_features"


def test_the_report_has_gate_and_champion_beside_each_metric(
    tmp_path: Path, binary: Fitted
) -> None:
    archive = pack(binary.model, tmp_path / "challenger")
    extent = Extent(
        deployed=Champion(folder=archive, version="arn:1", margin=0.02),
        gate=Gate(threshold=0.9, margin=0.02),
    )
    report = evaluate(model.load, archive, binary.outputs / "test", tmp_path / "report", extent)
    measured = report["binary_classification_metrics"]
    # The deployed model is the same one.
    assert report["champion"]["metrics"] == {
        name: {"value": one["value"]} for name, one in measured.items() if "value" in one
    }
    assert report["gate"]["threshold"] == 0.9
    html = evaluation_page("answer", report)
    assert "at least 0.9; margin against the deployed model 0.02" in html
    assert html.count("at least 0.9") == 1
