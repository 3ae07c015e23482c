"""`rehearse drift` against a deployed project: each kind of drift, and what its monitors find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mlops_constructs.delivery import ProjectStage
from tests.rehearsal.conftest import PROJECT
from tests.seed_code.model_deploy.staged_project import StagedProject, staged_project

NAME = "drifting"
PRODUCTION = """
kind: real-time
instance_type: ml.m7i.large
instance_count: 2
capture:
monitor:
  frequency: hourly
  model_quality:
"""
ROWS = 400


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagedProject]:
    """A project with one stage, whose monitors read requests, predictions and labels."""
    folder = tmp_path_factory.mktemp(NAME)
    stages = [ProjectStage(name="prod")]
    with staged_project(folder, NAME, {"prod": PRODUCTION}, stages=stages) as found:
        yield found


def drift(project: StagedProject, kind: str, *options: str) -> dict[str, Any]:
    """Returns the document of the command in the folder of the local AWS."""
    command = ["-m", "rehearsal", "drift", NAME, "--kind", kind, "--rows", str(ROWS), "--json"]
    done = subprocess.run(
        [sys.executable, *command, *options],
        cwd=project.workspace,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert {run["status"] for run in found["runs"]} == {"Completed"}, found["runs"]
    return found


def findings(document: dict[str, Any], analysis: str) -> set[tuple[str, str]]:
    """Returns feature or metric, and check, of each violation of an analysis."""
    (run,) = (one for one in document["runs"] if one["analysis"] == analysis)
    return {
        (one.get("feature_name") or one["metric_name"], one["constraint_check_type"])
        for one in run["violations"]
    }


def in_alarm(document: dict[str, Any]) -> set[str]:
    prefix = f"{NAME}-prod-drift-"
    ringing = [one["name"] for one in document["alarms"] if one["state"] == "ALARM"]
    return {name.removeprefix(prefix) for name in ringing}


def test_traffic_as_in_the_training_data_has_no_violations(project: StagedProject) -> None:
    found = drift(project, "none")

    assert found["failed"] == {}
    assert findings(found, "DATA_QUALITY") == set()
    assert in_alarm(found) == set()


def test_shifted_numbers_are_found(project: StagedProject) -> None:
    found = drift(project, "covariate")

    assert {
        ("age", "baseline_drift_check"),
        ("balance", "baseline_drift_check"),
    } <= findings(found, "DATA_QUALITY")
    assert "data-quality-warning" in in_alarm(found)


def test_other_labels_are_found_by_the_quality_of_predictions_alone(
    project: StagedProject,
) -> None:
    found = drift(project, "label")

    assert findings(found, "DATA_QUALITY") == set()
    assert findings(found, "MODEL_QUALITY")
    assert {"model-quality-harm", "retrain"} <= in_alarm(found)


def test_another_schema_is_rejected_by_the_endpoint_and_counted(project: StagedProject) -> None:
    """Rejected requests have no predictions that monitors could compare."""
    found = drift(project, "schema")

    assert found["failed"] == {"ModelError 400": found["requests"]}
    assert findings(found, "DATA_QUALITY") == set()


def test_a_stuck_sensor_is_found(project: StagedProject) -> None:
    found = drift(project, "stuck")

    checks = findings(found, "DATA_QUALITY")
    assert len({feature for feature, _ in checks} & {"age", "balance"}) == 1
    assert found["failed"] == {}


def test_labels_need_not_come(project: StagedProject) -> None:
    found = drift(project, "none", "--no-labels")

    assert found["labels"] == []
    (run,) = (one for one in found["runs"] if one["analysis"] == "MODEL_QUALITY")
    assert run["message"].startswith("Completed: There were no labels to analyze.")


def test_an_unknown_kind_is_rejected_with_the_kinds(project: StagedProject) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal", "drift", NAME, "--kind", "seasonal"],
        cwd=project.workspace,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert all(kind in done.stderr for kind in ("covariate", "label", "schema", "stuck", "none"))
