"""Predictions of batch transform jobs, with their ground truth."""

import json
from pathlib import Path

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.serving.invocations import Invocations
from seed_code.model_build.tests.conftest import Fitted, Rows, write_csv
from tests.jobs.monitoring.aws_in_memory import Aws
from tests.jobs.monitoring.batches import (
    NAMES,
    TIME,
    as_objects,
    batch,
    capture,
    predictions,
    put_labels,
)
from tests.jobs.monitoring.captured import as_csv, pack_model
from tests.jobs.monitoring.programs import make_baseline, monitor

CONFIG = {
    "label": "prediction",
    "label_values_or_threshold": ["stays"],
    "facet": [{"name_or_index": "city", "value_or_threshold": ["Łódź"]}],
}


def quality(folder: Path, fitted: Fitted, **variables: str) -> dict[str, str]:
    return batch(
        folder,
        "MODEL_QUALITY",
        {"csv": {"header": False}},
        ground_truth_source="s3://bucket/labels",
        problem_type="BinaryClassification",
        model_source=str(pack_model(fitted.model, folder / "model/model.tar.gz")),
        **variables,
    )


@pytest.mark.parametrize("joined", [False, True])
def test_predictions_are_measured_by_their_inference_ids(
    joined: bool, tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    rows = [row[:-1] for row in binary.raw]
    lines = predictions(rows, binary, joined=joined)
    capture(aws, as_csv(rows), "\n".join(lines))
    put_labels(aws, [row[-1] for row in binary.raw])

    monitor(quality(tmp_path, binary))

    found = json.loads((tmp_path / "reports/2026/11/20/12/statistics.json").read_text())
    assert found["dataset"] == {"item_count": len(rows)}
    assert found["binary_classification_metrics"]["auc"]["value"] > 0.9


def test_the_attributes_of_a_prediction_can_be_set(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    rows = [row[:-1] for row in binary.raw]
    filtered = [f"customer,{line}" for line in predictions(rows, binary)]
    capture(aws, as_csv(rows), "\n".join(filtered))
    put_labels(aws, [row[-1] for row in binary.raw])
    attributes = {"inference_attribute": "_c1", "probability_attribute": "2"}

    monitor(quality(tmp_path, binary, **attributes))

    found = json.loads((tmp_path / "reports/2026/11/20/12/statistics.json").read_text())
    assert found["binary_classification_metrics"]["auc"]["value"] > 0.9
    with pytest.raises(InputError, match="got the position '7'; allowed: 0 to 2"):
        monitor(quality(tmp_path, binary, inference_attribute="7"))


@pytest.mark.parametrize("wrapped", ["predictions", "SageMakerOutput"])
def test_json_predictions_have_their_ids_beside_them(
    wrapped: str, tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    rows = [row[:-1] for row in binary.raw]
    server = Invocations(binary.predictor)
    lines = []
    for at, row in enumerate(rows):
        prediction = json.loads(
            server.respond(as_csv([row]).encode(), "text/csv", "application/json")
        )
        body = (
            prediction
            if wrapped == "predictions"
            else {**as_objects([row])[0], wrapped: prediction}
        )
        ids = {"SageMakerInferenceId": f"id-{at}", "SageMakerInferenceTime": TIME}
        lines.append(json.dumps({**body, **ids}))
    capture(aws, as_csv(rows), "\n".join(lines))
    put_labels(aws, [row[-1] for row in binary.raw])

    monitor(quality(tmp_path, binary))

    found = json.loads((tmp_path / "reports/2026/11/20/12/statistics.json").read_text())
    assert found["binary_classification_metrics"]["auc"]["value"] > 0.9


def test_bias_knows_the_groups_of_a_batch(tmp_path: Path, aws: Aws, binary: Fitted) -> None:
    rows = [row[:-1] for row in binary.raw]
    # The job sent the heading too, and the server returned predictions for the rows only.
    capture(aws, as_csv([NAMES, *rows]), "\n".join(predictions(rows, binary)))
    put_labels(aws, [row[-1] for row in binary.raw])
    config = tmp_path / "analysis_config.json"
    config.write_text(json.dumps(CONFIG))

    monitor(
        batch(
            tmp_path,
            "MODEL_BIAS",
            {"csv": {"header": True}},
            ground_truth_source="s3://bucket/labels",
            analysis_config=str(config),
        )
    )

    found = json.loads((tmp_path / "reports/2026/11/20/12/statistics.json").read_text())
    assert found["post_training_bias_metrics"]["facets"]["city"]


def test_explanations_of_a_batch_need_no_predictions(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    capture(aws, as_csv([row[:-1] for row in binary.raw]))
    model = pack_model(binary.model, tmp_path / "model/model.tar.gz")

    monitor(
        batch(tmp_path, "MODEL_EXPLAINABILITY", {"csv": {"header": False}}, model_source=str(model))
    )

    found = json.loads((tmp_path / "reports/2026/11/20/12/statistics.json").read_text())
    assert found["explanations"]


def baseline_of_predictions(folder: Path, fitted: Fitted) -> dict[str, str]:
    """A baseline of all rows and of the predictions for them."""
    write_csv(folder / "dataset", fitted.raw, [*NAMES, "answer"])
    make_baseline(
        {
            "analysis_type": "DATA_QUALITY",
            "dataset_source": str(folder / "dataset"),
            "output_path": str(folder / "baseline"),
            "model_source": str(pack_model(fitted.model, folder / "model/model.tar.gz")),
        }
    )
    return {
        "baseline_constraints": str(folder / "baseline/constraints.json"),
        "baseline_statistics": str(folder / "baseline/statistics.json"),
        "publish_cloudwatch_metrics": "Enabled",
        "metrics_namespace": "MLOps/DriftMonitor",
        "batch_predictions": "Enabled",
    }


def drift_of_predictions(aws: Aws) -> float:
    found = {one["MetricName"]: one for one in aws.metrics[-1]["MetricData"]}
    return float(found["greatest_prediction_baseline_drift"]["Value"])


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("joined", [False, True])
def test_drift_of_the_predictions_of_a_batch_is_noticed(
    joined: bool, ids: bool, tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    variables = batch(
        tmp_path,
        "DATA_QUALITY",
        {"csv": {"header": False}},
        **baseline_of_predictions(tmp_path, binary),
    )
    rows = [row[:-1] for row in binary.raw]

    def lines_of(served: Rows) -> str:
        lines = predictions(served, binary, joined=joined)
        return "\n".join(line if ids else line.rsplit(",", 2)[0] for line in lines)

    capture(aws, as_csv(rows), lines_of(rows))
    assert monitor(variables).endswith("with no violations.")
    assert drift_of_predictions(aws) < 0.1

    # Other customers, for whom the model predicts one label.
    churning = [row[:-1] for row in binary.raw if row[-1] == "churned"] * 3
    capture(aws, as_csv(churning), lines_of(churning))
    assert monitor(variables).startswith("CompletedWithViolations: ")
    assert drift_of_predictions(aws) > 0.3
    reported = json.loads(
        (tmp_path / "reports/2026/11/20/12/constraint_violations.json").read_text()
    )["violations"]
    assert "prediction" in {one["feature_name"] for one in reported}


def test_predictions_in_json_lines_are_compared(tmp_path: Path, aws: Aws, binary: Fitted) -> None:
    variables = batch(
        tmp_path,
        "DATA_QUALITY",
        {"json": {"line": True}},
        **baseline_of_predictions(tmp_path, binary),
    )
    rows = [row[:-1] for row in binary.raw]
    records = [json.dumps(one) for one in as_objects(rows)]
    predicted = [line.split(",")[:2] for line in predictions(rows, binary)]
    joined = [
        json.dumps({**one, "SageMakerOutput": {"label": label, "probability": float(score)}})
        for one, (label, score) in zip(as_objects(rows), predicted, strict=True)
    ]
    capture(aws, "\n".join(records), "\n".join(joined))

    assert monitor(variables).startswith("Completed")
    assert drift_of_predictions(aws) < 0.1


@pytest.mark.parametrize(
    ("output", "message"),
    [("a\n", "got 1 predictions for 2 records"), (None, "got 0 output files")],
)
def test_predictions_that_are_compared_have_to_be_there(
    output: str | None, message: str, tmp_path: Path, aws: Aws
) -> None:
    capture(aws, "1\n2\n", output)
    variables = batch(tmp_path, "DATA_QUALITY", {"csv": {}}, batch_predictions="Enabled")

    with pytest.raises(InputError, match=message):
        monitor(variables)


@pytest.mark.parametrize(
    ("records", "output", "message"),
    [
        ("1\n2\n", f"a,id-0,{TIME}\n", "got 1 predictions for 2 records"),
        ("1\n", "a,b\n", "without an inference id, .* set GenerateInferenceId"),
        ("1\n", '{"output": 1}\n', "without an inference id"),
        ("1\n", None, "got 0 output files"),
    ],
)
def test_predictions_that_belong_to_nothing_are_rejected(
    records: str, output: str | None, message: str, tmp_path: Path, aws: Aws
) -> None:
    capture(aws, records, output)
    variables = batch(tmp_path, "MODEL_QUALITY", {"csv": {}}, problem_type="Regression")

    with pytest.raises(InputError, match=message):
        monitor(variables)
