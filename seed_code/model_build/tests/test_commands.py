"""Commands of the image that run the programs of `mlops_jobs`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Fitted

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


def test_features_lists_its_arguments() -> None:
    said = run("features", "--help")
    for name in ("--feature-group", "--identifier", "--time"):
        assert name in said


def test_monitoring_reads_the_columns_of_requests(binary: Fitted) -> None:
    model = binary.predictor
    assert model.target == "answer"
    assert model.labels == ("churned", "stays")
    assert "number" in model.columns
    assert "number" not in model.features
