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
from mlops_constructs.projects import ProjectMonitoring, RetrainingLimits
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
AUDITED = PRODUCTION.replace("monitor:", "monitor:\n  engine: model-monitor")
ROWS = 400


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagedProject]:
    """A project whose monitors read requests, predictions and labels: one stage by each engine.

    Without a cooldown, because each stage starts a retraining.
    """
    folder = tmp_path_factory.mktemp(NAME)
    settings = {"prod": PRODUCTION, "audited": AUDITED}
    limits = RetrainingLimits(cooldown_days=0, max_runs_per_month=9)
    with staged_project(
        folder,
        NAME,
        settings,
        stages=[ProjectStage(name=stage) for stage in settings],
        monitoring=ProjectMonitoring(retraining=limits),
    ) as found:
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
    ended = {"Completed", "CompletedWithViolations"}
    assert {run["status"] for run in found["runs"]} <= ended, found["runs"]
    return found


def findings(document: dict[str, Any], analysis: str) -> set[tuple[str, str]]:
    """Returns feature or metric, and check, of each violation of an analysis."""
    (run,) = (one for one in document["runs"] if one["analysis"] == analysis)
    return {
        (one.get("feature_name") or one["metric_name"], one["constraint_check_type"])
        for one in run["violations"]
    }


def in_alarm(document: dict[str, Any], stage: str = "prod") -> set[str]:
    prefix = f"{NAME}-{stage}-drift-"
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


def retrainings(project: StagedProject) -> list[str]:
    """Returns the ids of the trainings that alarms have started."""
    functions = project.client("stepfunctions")
    (machine,) = functions.list_state_machines()["stateMachines"]
    listed = functions.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    described = [functions.describe_execution(executionArn=one["executionArn"]) for one in listed]
    outputs = [json.loads(one["output"]) for one in described if one["status"] == "SUCCEEDED"]
    return [one["PipelineExecutionId"] for one in outputs if one["Retraining"] == "started"]


def test_harm_that_model_monitor_finds_starts_a_retraining(project: StagedProject) -> None:
    """The loop by the other engine: traffic, labels, schedules, violation, alarm, training."""
    before = retrainings(project)

    found = drift(project, "label", "--stage", "audited")

    sagemaker = project.client("sagemaker")
    listed = sagemaker.list_monitoring_schedules(EndpointName=f"{NAME}-audited")
    schedules = {one["MonitoringScheduleName"] for one in listed["MonitoringScheduleSummaries"]}
    assert {run["monitor"] for run in found["runs"]} == schedules
    assert findings(found, "DATA_QUALITY") == set()
    assert findings(found, "MODEL_QUALITY")
    assert {"model-quality-harm", "retrain"} <= in_alarm(found, "audited")
    project.wait("the retraining", lambda: len(retrainings(project)) > len(before))
    (new,) = set(retrainings(project)) - set(before)
    started = project.client("codepipeline").get_pipeline_execution(
        pipelineName=f"{NAME}-model-build", pipelineExecutionId=new
    )["pipelineExecution"]
    assert "Retraining" in started["trigger"]["triggerDetail"]


def test_model_monitor_reads_no_earlier_traffic_again(project: StagedProject) -> None:
    found = drift(project, "covariate", "--no-labels", "--stage", "audited", "--no-run")
    assert found["runs"] == []

    found = drift(project, "none", "--stage", "audited")

    assert len(found["earlier_runs"]) == 2
    assert findings(found, "DATA_QUALITY") == set()
    assert findings(found, "MODEL_QUALITY") == set()


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
