"""The stand-in for Model Monitor's analyzer, with the engine that its image has."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.aws_images.stand_in import model_monitor
from rehearsal.containers.aws_images.stand_in.monitored_data import InputError

COMPLETED = "Completed: Job completed successfully with no violations."
Analyze = Callable[..., str]


@pytest.fixture
def analyze(tmp_path: Path) -> Analyze:
    """Runs an analysis of files, by the variables that Model Monitor sets."""

    def analyze(files: dict[str, str], **variables: str) -> str:
        for name, text in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        given = {
            "dataset_source": str(tmp_path / "data"),
            "output_path": str(tmp_path / "out"),
            "publish_cloudwatch_metrics": "Disabled",
        }
        return model_monitor.analyze(given | variables)

    return analyze


def report(tmp_path: Path, name: str, folder: str = "out") -> Any:
    return json.loads((tmp_path / folder / f"{name}.json").read_text())


HEADER = '{"csv": {"header": true, "output_columns_position": "START"}}'
TABLE = "late,distance,carrier\n" + "".join(
    f"{row % 2},{100 + row},{'AB'[row % 3 == 0]}\n" for row in range(60)
)


def captured(output: str, given: str, **members: Any) -> str:
    sides = {
        "endpointInput": {"data": given, "encoding": "CSV", "observedContentType": "text/csv"},
        "endpointOutput": {"data": output, "encoding": "CSV", "observedContentType": "text/csv"},
    }
    return json.dumps({"captureData": sides, "eventMetadata": {"eventId": "1"}, **members}) + "\n"


def test_a_baseline_has_the_columns_of_the_dataset(analyze: Analyze, tmp_path: Path) -> None:
    assert analyze({"train.csv": TABLE}, dataset_format=HEADER) == COMPLETED
    features = {one["name"]: one for one in report(tmp_path, "statistics")["features"]}
    assert list(features) == ["late", "distance", "carrier"]
    assert features["distance"]["numerical_statistics"]["mean"] == pytest.approx(129.5)
    types = [one["inferred_type"] for one in report(tmp_path, "constraints")["features"]]
    assert types == ["Integral", "Integral", "String"]
    assert not (tmp_path / "out/constraint_violations.json").exists()


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("a.csv", "1,2\n3,4\n", '{"csv": {"header": false}}'),
        ("a.json", "[1, 2]\n[3, 4]\n", '{"json": {"lines": true}}'),
    ],
)
def test_columns_without_names_have_their_position(
    analyze: Analyze, tmp_path: Path, name: str, text: str, form: str
) -> None:
    analyze({name: text}, dataset_format=form)
    found = [one["name"] for one in report(tmp_path, "statistics")["features"]]
    assert found == ["_c0", "_c1"]


def baseline(analyze: Analyze, tmp_path: Path, **variables: str) -> dict[str, str]:
    """Creates a baseline and returns the variables that name it."""
    analyze({"train.csv": TABLE}, **variables, dataset_format=HEADER)
    (tmp_path / "out").rename(tmp_path / "baseline")
    (tmp_path / "data/train.csv").unlink()
    return {
        f"baseline_{name}": str(tmp_path / f"baseline/{name}.json")
        for name in ("statistics", "constraints")
    }


def test_traffic_is_compared_with_responses_before_requests(
    analyze: Analyze, tmp_path: Path
) -> None:
    before = baseline(analyze, tmp_path)
    same = "".join(captured(str(row % 2), f"{100 + row},{'AB'[row % 3 == 0]}") for row in range(60))
    assert analyze({"churn/AllTraffic/2026/11/30/09/a.jsonl": same}, **before) == COMPLETED
    assert report(tmp_path, "constraint_violations") == {"violations": []}
    other = "".join(captured("0", "far,A") for _ in range(30))
    found = analyze({"churn/AllTraffic/2026/11/30/09/a.jsonl": other}, **before)
    violations = report(tmp_path, "constraint_violations")["violations"]
    assert f"CompletedWithViolations: Job completed successfully with {len(violations)}" in found
    checks = {(one["feature_name"], one["constraint_check_type"]) for one in violations}
    assert ("distance", "data_type_check") in checks


QUALITY = {
    "analysis_type": "MODEL_QUALITY",
    "problem_type": "BinaryClassification",
    "inference_attribute": "prediction",
    "probability_attribute": "probability",
    "ground_truth_attribute": "label",
}
PREDICTED = "probability,prediction,label\n" + "".join(
    f"{(row % 10) / 10},{int(row % 10 > 4)},{int((row + (row % 7 == 0)) % 10 > 4)}\n"
    for row in range(200)
)


def test_the_quality_of_a_model_is_that_of_its_columns(analyze: Analyze, tmp_path: Path) -> None:
    assert analyze({"p.csv": PREDICTED}, **QUALITY, dataset_format=HEADER) == COMPLETED
    metrics = report(tmp_path, "statistics")["binary_classification_metrics"]
    rows = [line.split(",") for line in PREDICTED.splitlines()[1:]]
    right = sum(row[1] == row[2] for row in rows) / len(rows)
    assert metrics["accuracy"]["value"] == pytest.approx(right)
    assert metrics["auc"]["value"] > 0.9
    constraints = report(tmp_path, "constraints")["binary_classification_constraints"]
    assert constraints["accuracy"]["comparison_operator"] == "LessThanThreshold"


def test_merged_traffic_is_scored_by_the_attributes_of_its_responses(
    analyze: Analyze, tmp_path: Path
) -> None:
    lines = "".join(
        captured(f"{share}", "1,2", groundTruthData={"data": label, "encoding": "CSV"})
        for share, label in ((0.9, "1"), (0.8, "1.0"), (0.7, "0"), (0.1, "0")) * 10
    )
    found = analyze(
        {"a.jsonl": lines},
        analysis_type="MODEL_QUALITY",
        problem_type="BinaryClassification",
        probability_attribute="0",
        probability_threshold_attribute="0.75",
        dataset_format='{"sagemakerMergeJson": {}}',
    )
    assert found == COMPLETED
    metrics = report(tmp_path, "statistics")["binary_classification_metrics"]
    assert metrics["confusion_matrix"] == {"0": {"0": 20, "1": 0}, "1": {"0": 0, "1": 20}}


def test_a_worse_model_violates_its_baseline(analyze: Analyze, tmp_path: Path) -> None:
    analyze({"p.csv": PREDICTED}, **QUALITY, dataset_format=HEADER)
    (tmp_path / "out").rename(tmp_path / "baseline")
    lines = [line.split(",") for line in PREDICTED.splitlines()]
    swapped = [lines[0], *([p, str(1 - int(a)), b] for p, a, b in lines[1:])]
    text = "".join(f"{','.join(cells)}\n" for cells in swapped)
    found = analyze(
        {"p.csv": text.replace("0.", "0.9")},
        **QUALITY,
        dataset_format=HEADER,
        baseline_constraints=str(tmp_path / "baseline/constraints.json"),
        baseline_statistics=str(tmp_path / "baseline/statistics.json"),
    )
    assert found.startswith("CompletedWithViolations")


def test_a_regression_and_several_classes(analyze: Analyze, tmp_path: Path) -> None:
    given = {"analysis_type": "MODEL_QUALITY", "ground_truth_attribute": "label"}
    given |= {"inference_attribute": "prediction", "dataset_format": HEADER}
    text = "prediction,label\n1.5,1\n2.5,3\n"
    analyze({"a.csv": text}, **given, problem_type="Regression")
    assert report(tmp_path, "statistics")["regression_metrics"]["mae"]["value"] == 0.5
    text = "prediction,label\na,a\nb,a\nc,c\n"
    analyze({"a.csv": text}, **given, problem_type="MulticlassClassification")
    found = report(tmp_path, "statistics")["multiclass_classification_metrics"]
    assert found["accuracy"]["value"] == pytest.approx(2 / 3)


NO_PREDICTION = {**QUALITY, "inference_attribute": "", "probability_attribute": ""}
NO_LABELS = {**QUALITY, "ground_truth_attribute": "", "dataset_format": HEADER}


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"record_preprocessor_script": "/a.py"}, "runs no scripts of the user"),
        ({"post_analytics_processor_script": "/a.py"}, "runs no scripts of the user"),
        ({"exclude_features_attribute": "0"}, "analyzes all columns"),
        ({"analysis_type": "MODEL_BIAS"}, "got MODEL_BIAS, expected DATA_QUALITY or MODEL_QUALITY"),
        ({"dataset_source": ""}, "dataset_source: got nothing"),
        ({"dataset_format": "csv"}, "expected a JSON object"),
        ({"dataset_format": '{"orc": {}}'}, "expected csv, json or parquet"),
        ({"analysis_type": "MODEL_QUALITY"}, "problem_type: got ''"),
        (NO_PREDICTION, "inference_attribute"),
        (NO_LABELS, "column of the labels"),
        ({**QUALITY, "dataset_format": HEADER}, "attribute 'label': not in"),
        ({**QUALITY, "probability_threshold_attribute": "x"}, "expected a number"),
    ],
)
def test_what_is_not_supported_is_rejected(
    analyze: Analyze, variables: dict[str, str], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        analyze({"a.csv": TABLE}, **variables)


def test_a_folder_without_files_is_rejected(analyze: Analyze, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match="there is no file"):
        analyze({}, dataset_format=HEADER)
