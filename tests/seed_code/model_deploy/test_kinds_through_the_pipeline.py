"""Stages of the kinds without real-time endpoints, from the approval of a model to its use.

The pipeline, the schedules and the monitors work with the roles of the project, and IAM is
enforced.
"""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_constructs.delivery import ProjectStage
from tests.seed_code.model_deploy.staged_project import StagedProject, rows, staged_project

NAME = "kinds"
STAGES = (
    ProjectStage(name="queue"),
    ProjectStage(name="zero"),
    ProjectStage(name="nightly", approval="Deploy the jobs?"),
)
ASYNCHRONOUS = """
kind: asynchronous
instance_type: ml.m7i.large
max_concurrent_invocations: 2
scaling:
  maximum: 2
  backlog_per_instance: 3
"""
COMPONENT = """
kind: component
instance_type: ml.m7i.xlarge
instances:
  maximum: 2
compute:
  memory_mb: 1024
scaling:
  maximum: 2
  concurrency_per_copy: 4
"""
BATCH = """
kind: batch
instance_type: ml.m5.large
schedule: cron(0 3 * * ? *)
join_input: true
monitor:
  data_quality:
    features: {age: 0.2}
  model_quality:
  retrain:
    on: [prediction-drift, features, model-quality]
"""
ALARMS = {
    f"{NAME}-nightly-drift-{finding}"
    for finding in ("data-quality-warning", "feature-age-harm", "prediction-drift-harm", "retrain")
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagedProject]:
    """A project with a queue, an endpoint that scales to zero, and nightly jobs."""
    folder = tmp_path_factory.mktemp(NAME)
    settings = {"queue": ASYNCHRONOUS, "zero": COMPONENT, "nightly": BATCH}
    with staged_project(folder, NAME, settings, stages=STAGES) as found:
        yield found


def test_an_asynchronous_endpoint_and_a_component_pass_the_pipeline(project: StagedProject) -> None:
    sagemaker = project.client("sagemaker")
    for stage in ("queue", "zero"):
        endpoint = sagemaker.describe_endpoint(EndpointName=f"{NAME}-{stage}")
        assert endpoint["EndpointStatus"] == "InService"
        assert ("AsyncInferenceConfig" in endpoint) is (stage == "queue")
    component = sagemaker.describe_inference_component(InferenceComponentName=f"{NAME}-zero")
    assert component["InferenceComponentStatus"] == "InService"


def test_both_endpoints_may_scale_to_zero(project: StagedProject) -> None:
    targets: list[dict[str, Any]] = project.client(
        "application-autoscaling"
    ).describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    found = {one["ResourceId"]: (one["MinCapacity"], one["MaxCapacity"]) for one in targets}
    assert found == {
        f"endpoint/{NAME}-queue/variant/AllTraffic": (0, 2),
        f"inference-component/{NAME}-zero": (0, 2),
    }


def test_a_batch_stage_has_no_endpoint(project: StagedProject) -> None:
    with pytest.raises(ClientError, match="Could not find"):
        project.client("sagemaker").describe_endpoint(EndpointName=f"{NAME}-nightly")


def test_the_alarms_of_batch_jobs_go_off_with_drift_alone(project: StagedProject) -> None:
    batch(project, rows(300, seed=11))
    assert compared(project).startswith("Completed:"), compared(project)
    assert alarms(project) == set()

    batch(project, rows(300, older_by=30, seed=12))
    assert compared(project).startswith("CompletedWithViolations")
    project.wait("the alarms", lambda: alarms(project) == ALARMS)


@pytest.mark.parametrize(
    ("seed", "label", "found"),
    [(13, "same", "Completed:"), (14, "other", "CompletedWithViolations")],
)
def test_labels_of_batch_jobs_are_found_by_the_ids_of_predictions(
    project: StagedProject, seed: int, label: str, found: str
) -> None:
    """A label refers to the id that the job has added to the prediction of a record."""
    batch(project, rows(300, seed=seed), label=label)

    assert compared(project, "quality").startswith(found), compared(project, "quality")
    quality = f"{NAME}-nightly-drift-model-quality-harm"
    project.wait("the alarm", lambda: (quality in alarms(project)) is (label == "other"))


def batch(project: StagedProject, read: Sequence[Sequence[str]], label: str = "") -> None:
    """Runs the schedules of a night over some rows, and waits for the end of all jobs.

    Args:
        project: the project.
        read: the rows.
        label: `same` for labels as predicted, `other` for the opposite. Defaults to no labels.
    """
    bucket, folder = project.outputs["ArtifactBucketName"], "batch/input/nightly"
    text = "".join(f"{','.join(row)}\n" for row in read)
    project.client("s3").put_object(Bucket=bucket, Key=f"{folder}/rows.csv", Body=text.encode())
    run(project, 3, "transform", 1)
    if label:
        write_labels(project, label)
    run(project, 7, "processing", 2)


def run(project: StagedProject, hour: int, kind: str, count: int) -> None:
    """Moves time past the next start of jobs at an hour, and waits for their end."""
    clock, known = project.clock, {name for name, _ in jobs(project, kind)}
    night = clock().replace(hour=hour, minute=16, second=0, microsecond=0)
    clock.advance(night if night > clock() else night + datetime.timedelta(days=1))
    project.wait(f"{count} {kind} jobs", partial(ended, project, kind, known, count))


def write_labels(project: StagedProject, label: str) -> None:
    """Writes the label of each prediction of the newest job, in the folder of its hour."""
    s3, bucket = project.client("s3"), project.outputs["ArtifactBucketName"]
    output = s3.get_object(Bucket=bucket, Key="batch/predictions/nightly/rows.csv.out")["Body"]
    opposite = {"yes": "no", "no": "yes"}
    lines, hours = [], set()
    for _, _, predicted, *_, identity, time in csv.reader(output.read().decode().splitlines()):
        actual = predicted if label == "same" else opposite[predicted]
        hours.add(datetime.datetime.fromisoformat(time))
        truth = {"data": actual, "encoding": "CSV"}
        event = {"eventId": identity}
        lines.append({"groundTruthData": truth, "eventMetadata": event, "eventVersion": "0"})
    (hour,) = hours
    s3.put_object(
        Bucket=bucket,
        Key=f"ground-truth/{hour:%Y/%m/%d/%H}/labels.jsonl",
        Body="".join(f"{json.dumps(line)}\n" for line in lines).encode(),
    )


def ended(project: StagedProject, kind: str, known: set[str], count: int) -> bool:
    new = {name: status for name, status in jobs(project, kind) if name not in known}
    assert "Failed" not in new.values(), [job(project, kind, name) for name in new]
    return len(new) == count and set(new.values()) == {"Completed"}


def jobs(project: StagedProject, kind: str) -> list[tuple[str, str]]:
    """Returns the names and statuses of jobs, the newest first."""
    listed = getattr(project.client("sagemaker"), f"list_{kind}_jobs")(
        SortBy="CreationTime", SortOrder="Descending"
    )
    prefix = kind.title()
    return [
        (one[f"{prefix}JobName"], one[f"{prefix}JobStatus"])
        for one in listed[f"{prefix}JobSummaries"]
    ]


def job(project: StagedProject, kind: str, name: str) -> dict[str, Any]:
    describe = getattr(project.client("sagemaker"), f"describe_{kind}_job")
    found: dict[str, Any] = describe(**{f"{kind.title()}JobName": name})
    return found


def compared(project: StagedProject, monitor: str = "data") -> str:
    """Returns the result of the newest run of a monitor."""
    prefix = f"{NAME}-nightly-{monitor}-"
    name = next(name for name, _ in jobs(project, "processing") if name.startswith(prefix))
    return str(job(project, "processing", name)["ExitMessage"])


def alarms(project: StagedProject) -> set[str]:
    """Returns the alarms of the jobs that are in ALARM, those on silence excluded."""
    found = project.client("cloudwatch").describe_alarms(
        StateValue="ALARM",
        AlarmNamePrefix=f"{NAME}-nightly-drift-",
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
    )
    return {one["AlarmName"] for one in (*found["MetricAlarms"], *found["CompositeAlarms"])}
