"""Feature attribution drift."""

import json
from pathlib import Path

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.explainability import ndcg
from seed_code.model_build.tests.conftest import Fitted
from tests.jobs.monitoring.captured import (
    captured_calls,
    environment,
    pack_model,
    report,
    violations,
    write_lines,
)
from tests.jobs.monitoring.programs import make_baseline, monitor


@pytest.fixture
def variables(tmp_path: Path, fitted: Fitted) -> dict[str, str]:
    model = str(pack_model(fitted.model, tmp_path / "model/model.tar.gz"))
    make_baseline(
        {
            "analysis_type": "MODEL_EXPLAINABILITY",
            "dataset_source": str(fitted.outputs / "test"),
            "output_path": str(tmp_path / "baseline"),
            "model_source": model,
        }
    )
    return environment(
        tmp_path,
        "MODEL_EXPLAINABILITY",
        model_source=model,
        baseline_constraints=str(tmp_path / "baseline/constraints.json"),
    )


def test_the_same_features_decide(
    tmp_path: Path, fitted: Fitted, variables: dict[str, str]
) -> None:
    rows = [row[:-1] for row in fitted.raw]
    write_lines(tmp_path / "capture/a.jsonl", captured_calls(rows, fitted.predictor))

    monitor(variables)

    assert violations(tmp_path) == []
    explained = report(tmp_path, "constraints.json")["explanations"]["kernel_shap"]
    expected = {"label0"} if fitted.kind != "multiclass" else {"3", "7", "20"}
    assert set(explained) == expected
    for label in explained.values():
        attributions = label["global_shap_values"]
        # The target of the table depends on these two features.
        assert sorted(attributions, key=lambda name: -attributions[name])[:2] in (
            ["age", "city"],
            ["city", "age"],
        )


def test_other_features_that_decide_are_noticed(tmp_path: Path, binary: Fitted) -> None:
    model = str(pack_model(binary.model, tmp_path / "model/model.tar.gz"))
    baseline = tmp_path / "constraints.json"
    baseline.write_text(
        '{"explanations": {"kernel_shap": {"label0": {"global_shap_values": '
        '{"age": 0.01, "city": 0.02, "member": 0.9, "joined": 0.8, "balance": 0.7}}}}}'
    )
    rows = [row[:-1] for row in binary.raw]
    write_lines(tmp_path / "capture/a.jsonl", captured_calls(rows, binary.predictor))

    ending = monitor(
        environment(
            tmp_path,
            "MODEL_EXPLAINABILITY",
            model_source=model,
            baseline_constraints=str(baseline),
        )
    )

    (found,) = violations(tmp_path)
    assert found["constraint_check_type"] == "feature_attribution_drift_check"
    assert found["label"] == "label0"
    assert "exceeds threshold 0.9" in found["description"]
    assert ending == "CompletedWithViolations: Job completed successfully with 1 violations."


def test_the_score_falls_with_the_weight_of_what_moved() -> None:
    baseline = {"score": 0.70, "grade": 0.50, "rank": 0.05}

    assert ndcg(baseline, baseline) == pytest.approx(1)
    # The reversed order of AWS's own example.
    reversed_order = ndcg(baseline, {"score": 0.10, "grade": 0.20, "rank": 0.70})
    assert reversed_order == pytest.approx(0.69, abs=0.01)
    assert ndcg(baseline, {"score": 0.5, "grade": 0.6, "rank": 0.1}) > 0.9


def test_the_model_has_to_be_given(tmp_path: Path, binary: Fitted) -> None:
    rows = [row[:-1] for row in binary.raw]
    write_lines(tmp_path / "capture/a.jsonl", captured_calls(rows, binary.predictor))

    with pytest.raises(InputError, match="model_source: got nothing"):
        monitor(environment(tmp_path, "MODEL_EXPLAINABILITY"))


@pytest.mark.parametrize(
    ("label", "feature", "message"),
    [
        ("red", "age", r"got attributions of the labels \['red'\]; allowed are .*: \['label0'\]"),
        ("label0", "wheels", "got attributions of wheels; allowed are features .*: age, balance"),
    ],
)
def test_the_baseline_of_another_model_is_rejected(
    tmp_path: Path, binary: Fitted, label: str, feature: str, message: str
) -> None:
    baseline = tmp_path / "constraints.json"
    explained = {label: {"global_shap_values": {feature: 0.5}}}
    baseline.write_text(json.dumps({"explanations": {"kernel_shap": explained}}))
    rows = [row[:-1] for row in binary.raw[:40]]
    write_lines(tmp_path / "capture/a.jsonl", captured_calls(rows, binary.predictor))

    with pytest.raises(InputError, match=message):
        monitor(
            environment(
                tmp_path,
                "MODEL_EXPLAINABILITY",
                model_source=str(pack_model(binary.model, tmp_path / "model/model.tar.gz")),
                baseline_constraints=str(baseline),
            )
        )
