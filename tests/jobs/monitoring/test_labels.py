"""Model quality and bias: predictions with their ground truth."""

import json
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from mlops_jobs.evaluation.bias import Group
from mlops_jobs.failure import InputError
from seed_code.model_build.tests.conftest import Fitted
from tests.jobs.monitoring.captured import (
    END,
    captured_calls,
    environment,
    ground_truth,
    line,
    pack_model,
    report,
    side,
    violations,
    write_lines,
)
from tests.jobs.monitoring.programs import make_baseline, monitor

CONFIG = {
    "label": "answer",
    "label_values_or_threshold": ["stays"],
    "facet": [{"name_or_index": "city", "value_or_threshold": ["Łódź"]}],
    "headers": [
        "age",
        "city",
        "member",
        "joined",
        "balance",
        "empty",
        "always",
        "number",
        "answer",
    ],
}
PROBLEM_TYPES = {
    "binary": "BinaryClassification",
    "multiclass": "MulticlassClassification",
    "regression": "Regression",
}
GROUPS = {
    "binary": ("binary_classification_metrics", "auc"),
    "multiclass": ("multiclass_classification_metrics", "accuracy"),
    "regression": ("regression_metrics", "rmse"),
}


def with_baseline(folder: Path, fitted: Fitted, analysis: str, **variables: str) -> dict[str, str]:
    """Creates the baseline of the held-out rows; returns the environment of a run."""
    shared = {
        "model_source": str(pack_model(fitted.model, folder / "model/model.tar.gz")),
        **variables,
    }
    make_baseline(
        {
            "analysis_type": analysis,
            "dataset_source": str(fitted.outputs / "test"),
            "output_path": str(folder / "baseline"),
            **shared,
        }
    )
    return environment(
        folder,
        analysis,
        baseline_constraints=str(folder / "baseline/constraints.json"),
        baseline_statistics=str(folder / "baseline/statistics.json"),
        ground_truth_source=str(folder / "labels"),
        **shared,
    )


def send(folder: Path, fitted: Fitted, labels: list[str] | None = None) -> None:
    """Sends all rows to the endpoint; their labels arrive later."""
    rows = [row[:-1] for row in fitted.raw]
    write_lines(folder / "capture/a.jsonl", captured_calls(rows, fitted.predictor))
    actual = labels or [row[-1] for row in fitted.raw]
    write_lines(folder / "labels/b.jsonl", ground_truth(actual))


def test_a_model_that_is_as_good_as_before_violates_nothing(tmp_path: Path, fitted: Fitted) -> None:
    variables = with_baseline(tmp_path, fitted, "MODEL_QUALITY")
    send(tmp_path, fitted)

    ending = monitor({**variables, "problem_type": PROBLEM_TYPES[fitted.kind]})

    group, measure = GROUPS[fitted.kind]
    assert violations(tmp_path) == []
    assert ending.startswith("Completed: ")
    found = report(tmp_path, "statistics.json")
    assert found["dataset"] == {"item_count": len(fitted.raw)}
    assert found[group][measure]["value"] > 0


def test_the_baseline_measures_what_the_evaluation_measured(tmp_path: Path, fitted: Fitted) -> None:
    with_baseline(tmp_path, fitted, "MODEL_QUALITY")

    group, measure = GROUPS[fitted.kind]
    made = json.loads((tmp_path / "baseline/statistics.json").read_text())
    expected = fitted.report[group][measure]["value"]
    assert made[group][measure]["value"] == pytest.approx(expected, abs=1e-5)


def test_a_model_that_became_wrong_is_noticed(tmp_path: Path, binary: Fitted) -> None:
    variables = with_baseline(tmp_path, binary, "MODEL_QUALITY")
    other = {"churned": "stays", "stays": "churned"}
    labels = [
        other[row[-1]] if number % 3 == 0 else row[-1] for number, row in enumerate(binary.raw)
    ]
    send(tmp_path, binary, labels)

    ending = monitor(variables)

    found = {one["metric_name"]: one for one in violations(tmp_path)}
    assert {"auc", "accuracy", "logloss"} <= set(found)
    assert found["accuracy"]["constraint_check_type"] == "LessThanThreshold"
    assert found["logloss"]["constraint_check_type"] == "GreaterThanThreshold"
    assert ending.startswith("CompletedWithViolations: ")


def test_labels_that_came_with_the_traffic_are_used(tmp_path: Path, binary: Fitted) -> None:
    variables = with_baseline(tmp_path, binary, "MODEL_QUALITY")
    del variables["ground_truth_source"]
    rows = [row[:-1] for row in binary.raw]
    labels = [row[-1] for row in binary.raw]
    calls = captured_calls(rows, binary.predictor)
    lines = [
        json.dumps(json.loads(call) | {"groundTruthData": json.loads(label)["groundTruthData"]})
        for call, label in zip(calls, ground_truth(labels), strict=True)
    ]
    write_lines(tmp_path / "capture/a.jsonl", lines)

    monitor({**variables, "dataset_format": '{"sagemakerMergeJson":{}}'})

    assert report(tmp_path, "statistics.json")["dataset"] == {"item_count": len(rows)}


def test_a_threshold_of_ones_own_decides_what_is_positive(tmp_path: Path, binary: Fitted) -> None:
    variables = with_baseline(tmp_path, binary, "MODEL_QUALITY")
    send(tmp_path, binary)

    monitor({**variables, "probability_threshold_attribute": "1.0"})

    measures = report(tmp_path, "statistics.json")["binary_classification_metrics"]
    assert measures["recall"]["value"] == 0
    assert "recall" in {one["metric_name"] for one in violations(tmp_path)}


def test_traffic_of_one_class_has_no_auc_and_still_a_report(tmp_path: Path, binary: Fitted) -> None:
    variables = with_baseline(tmp_path, binary, "MODEL_QUALITY")
    time = END - timedelta(minutes=5)
    calls = [
        line(number, side("INPUT", "x"), side("OUTPUT", "stays,0.9"), time) for number in range(9)
    ]
    write_lines(tmp_path / "capture/a.jsonl", calls)
    labels = [
        json.dumps(
            {
                "groundTruthData": {"data": "stays", "encoding": "CSV"},
                "eventMetadata": {"eventId": f"event-{number}"},
            }
        )
        for number in range(9)
    ]
    write_lines(tmp_path / "labels/b.jsonl", labels)

    monitor(variables)

    measures = report(tmp_path, "statistics.json")["binary_classification_metrics"]
    assert measures["auc"]["value"] == "NaN"
    assert measures["accuracy"]["value"] == 1


def test_a_label_that_the_model_does_not_know_is_rejected(tmp_path: Path, binary: Fitted) -> None:
    variables = with_baseline(tmp_path, binary, "MODEL_QUALITY")
    send(tmp_path, binary, ["perhaps" for _ in binary.raw])

    with pytest.raises(InputError, match=r"got labels \['perhaps'\]; allowed"):
        monitor(variables)


def test_other_counts_of_labels_than_predictions_are_rejected(
    tmp_path: Path, binary: Fitted
) -> None:
    variables = with_baseline(tmp_path, binary, "MODEL_QUALITY")
    send(tmp_path, binary)
    labels = {
        "groundTruthData": {"data": "stays", "encoding": "CSV"},
        "eventMetadata": {"eventId": "event-0"},
    }
    write_lines(tmp_path / "labels/b.jsonl", [json.dumps(labels)])

    with pytest.raises(InputError, match="event event-0: got 1 labels for 4 rows"):
        monitor(variables)


@pytest.fixture
def bias(tmp_path: Path, binary: Fitted) -> dict[str, str]:
    config = tmp_path / "analysis_config.json"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    return with_baseline(tmp_path, binary, "MODEL_BIAS", analysis_config=str(config))


def test_a_model_that_treats_groups_as_before_violates_nothing(
    tmp_path: Path, binary: Fitted, bias: dict[str, str]
) -> None:
    send(tmp_path, binary)

    monitor(bias)

    assert violations(tmp_path) == []
    post = report(tmp_path, "constraints.json")["post_training_bias_metrics"]
    (entry,) = post["facets"]["city"]
    assert entry["value_or_threshold"] == "Łódź"
    assert {one["name"] for one in entry["metrics"]} >= {"DPPL", "DI", "AD", "RD"}


def test_bias_is_of_the_labels_that_were_answered(
    tmp_path: Path, binary: Fitted, bias: dict[str, str]
) -> None:
    send(tmp_path, binary)

    with pytest.raises(InputError, match=r"probability_threshold_attribute: got 0\.7; bias"):
        monitor({**bias, "probability_threshold_attribute": "0.7"})


def test_a_group_whose_column_no_request_has_is_rejected(
    tmp_path: Path, binary: Fitted, bias: dict[str, str]
) -> None:
    config = {name: value for name, value in CONFIG.items() if name != "headers"}
    Path(bias["analysis_config"]).write_text(json.dumps(config), encoding="utf-8")
    send(tmp_path, binary)

    with pytest.raises(InputError, match="facet 'city': got no request with the column; name the"):
        monitor(bias)


def test_a_baseline_of_other_groups_is_rejected(
    tmp_path: Path, binary: Fitted, bias: dict[str, str]
) -> None:
    facet = {"name_or_index": "member", "value_or_threshold": ["True"]}
    config = json.dumps({**CONFIG, "facet": [facet]})
    Path(bias["analysis_config"]).write_text(config, encoding="utf-8")
    send(tmp_path, binary)

    with pytest.raises(InputError, match=r"got bias of city=Łódź; allowed are .*: member=True\. "):
        monitor(bias)


def test_a_group_that_is_rejected_more_often_is_noticed(
    tmp_path: Path, binary: Fitted, bias: dict[str, str]
) -> None:
    rows = [["70", *row[1:-1]] if row[1] == "Łódź" else ["20", *row[1:-1]] for row in binary.raw]
    write_lines(tmp_path / "capture/a.jsonl", captured_calls(rows, binary.predictor))
    write_lines(tmp_path / "labels/b.jsonl", ground_truth([row[-1] for row in binary.raw]))

    monitor(bias)

    found = {one["metric_name"]: one for one in violations(tmp_path)}
    assert {"RD", "DPPL"} <= set(found)
    assert found["RD"]["facet"] == "city"
    assert found["RD"]["constraint_check_type"] == "bias_drift_check"


def test_measures_of_bias_are_those_of_the_definition() -> None:
    # 4 of 6 others and 1 of 4 members have the favorable label; the model predicts it for 3 and 2.
    member = np.array([False] * 6 + [True] * 4)
    actual = np.array([1, 1, 1, 1, 0, 0, 1, 0, 0, 0], dtype=bool)
    predicted = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0, 0], dtype=bool)

    measures = Group(member=member, actual=actual, predicted=predicted).measures()

    pre, post = measures["pre_training_bias_metrics"], measures["post_training_bias_metrics"]
    assert pre["CI"] == pytest.approx((6 - 4) / 10)
    assert pre["DPL"] == pytest.approx(4 / 6 - 1 / 4)
    assert pre["TVD"] == pytest.approx(abs(pre["DPL"]))
    assert pre["KL"] == pytest.approx(
        2 / 3 * math.log((2 / 3) / 0.25) + 1 / 3 * math.log((1 / 3) / 0.75)
    )
    assert post["DPPL"] == pytest.approx(3 / 6 - 2 / 4)
    assert post["DI"] == pytest.approx((2 / 4) / (3 / 6))
    assert post["AD"] == pytest.approx(5 / 6 - 3 / 4)
    assert post["RD"] == pytest.approx(3 / 4 - 1)
    assert post["DAR"] == pytest.approx(3 / 3 - 1 / 2)
    assert post["DRR"] == pytest.approx(2 / 2 - 2 / 3)
    assert post["TE"] == -math.inf  # no false positive among the others
