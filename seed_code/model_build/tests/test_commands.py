"""Commands of the image that run the programs of `mlops_jobs`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Fitted, pack

SRC = Path(__file__).parents[1] / "src"


def run(*arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tabular", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def capture(folder: Path, body: str) -> str:
    """Writes one captured call; returns the folder."""
    side = {"observedContentType": "text/csv", "mode": "INPUT", "data": body, "encoding": "CSV"}
    call = {
        "captureData": {"endpointInput": side},
        "eventMetadata": {"eventId": "1", "inferenceTime": "2026-11-20T11:30:00Z"},
        "eventVersion": "0",
    }
    folder.mkdir()
    (folder / "calls.jsonl").write_text(json.dumps(call) + "\n", encoding="utf-8")
    return str(folder)


def test_monitor_loads_the_model_of_the_project(tmp_path: Path, fitted: Fitted) -> None:
    archive = pack(fitted.model, tmp_path / "model") / "model.tar.gz"
    baseline = {"analysis_type": "MODEL_EXPLAINABILITY", "model_source": str(archive)}
    run(
        "monitor",
        "--baseline",
        dataset_source=str(fitted.outputs / "test"),
        output_path=str(tmp_path / "baseline"),
        **baseline,
    )

    found: dict[str, Any] = json.loads((tmp_path / "baseline/constraints.json").read_bytes())
    labels = fitted.predictor.schema.labels if fitted.kind == "multiclass" else ("label0",)
    assert tuple(found["explanations"]["kernel_shap"]) == labels


@pytest.mark.parametrize("arguments", [["monitor"], []], ids=["named", "by Model Monitor"])
def test_monitor_runs_as_sagemaker_starts_it(tmp_path: Path, arguments: list[str]) -> None:
    said = run(
        *arguments,
        analysis_type="DATA_QUALITY",
        dataset_source=capture(tmp_path / "capture", "30,Bonn\n40,Köln\n"),
        start_time="2026-11-20T11:00:00Z",
        end_time="2026-11-20T12:00:00Z",
        output_path=str(tmp_path / "reports"),
        sagemaker_monitoring_schedule_name="drift",
    )

    assert said == "Completed: Job completed successfully with no violations.\n"
    statistics = json.loads((tmp_path / "reports/statistics.json").read_bytes())
    # Without a baseline, columns have no names and there are no constraints.
    assert [one["name"] for one in statistics["features"]] == ["_c0", "_c1"]
    assert not (tmp_path / "reports/constraint_violations.json").exists()


def test_ingest_lists_its_arguments() -> None:
    said = run("ingest", "--help")
    for name in ("--feature-group", "--source", "--ledger"):
        assert name in said


def test_attributions_of_a_row_sum_to_its_prediction(fitted: Fitted) -> None:
    model = fitted.predictor
    rows = fitted.holdout()
    cells = [[row[name] for row in rows] for name in model.features]

    values = model.attributions(cells)
    assert values is not None
    margins = values.sum(axis=2)

    predicted = model.predict(cells)
    if fitted.kind == "multiclass":
        exponents = np.exp(margins - margins.max(axis=1, keepdims=True))
        expected = exponents / exponents.sum(axis=1, keepdims=True)
    elif fitted.kind == "binary":
        positive = 1 / (1 + np.exp(-margins[:, 0]))
        expected = np.column_stack([1 - positive, positive])
    else:
        expected = margins[:, 0]
    np.testing.assert_allclose(predicted, expected, rtol=1e-3, atol=1e-4)


def test_monitoring_reads_the_columns_of_requests(binary: Fitted) -> None:
    model = binary.predictor
    assert model.target == "answer"
    assert model.labels == ("churned", "stays")
    assert "number" in model.columns
    assert "number" not in model.features
