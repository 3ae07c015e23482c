"""The first commit of a batch project ends in predictions of its schedule, without an endpoint."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import FLIGHT, Checkout
from tests.end_to_end.test_seeds import SETTINGS

NAME = "delays"
PATIENCE = 900.0  # seconds, for a machine that is busy with other work


def done(checkout: Checkout, *arguments: str) -> str:
    result = checkout.rehearse(*arguments)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-4000:]
    return result.stdout


def transform_jobs(checkout: Checkout) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = checkout.aws("sagemaker", "list-transform-jobs")[
        "TransformJobSummaries"
    ]
    return [one for one in found if one["TransformJobName"].startswith(f"{NAME}-prod-")]


def ended_job(checkout: Checkout, known: set[str]) -> dict[str, Any]:
    """Waits for the end of a new job of the schedule of production; returns its description."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for job in transform_jobs(checkout):
            name, status = job["TransformJobName"], job["TransformJobStatus"]
            if name not in known and status in ("Completed", "Failed", "Stopped"):
                found: dict[str, Any] = checkout.aws(
                    "sagemaker", "describe-transform-job", "--transform-job-name", name
                )
                return found
        time.sleep(2)
    raise AssertionError(f"no job has ended: {transform_jobs(checkout)}")


@pytest.mark.seeds
def test_the_first_commit_of_a_batch_project_ends_in_predictions_of_its_schedule(
    separate_checkout: Checkout, tmp_path: Path
) -> None:
    checkout = separate_checkout
    settings = Path("config/seed.yaml")
    project = f"  - {{name: {NAME}, seed: batch, network: true}}\n"
    (checkout.folder / settings).write_text(SETTINGS + project)
    configuration = checkout.folder / "seed_code/model_build/config.yaml"
    text = configuration.read_text()
    configuration.write_text(
        text.replace("jobs: 4\n", "jobs: 1\n").replace("parallel: 2", "parallel: 1")
    )

    done(checkout, "up")
    done(checkout, "deploy", "--config", str(settings))
    done(checkout, "wait", NAME, "--until", "build")
    done(checkout, "approve", NAME)
    done(checkout, "wait", NAME, "--until", "approval", "--stage", "Staging")
    done(checkout, "approve", NAME, "--stage", "Staging")
    done(checkout, "wait", NAME, "--until", "deploy")

    assert checkout.aws("sagemaker", "list-endpoints")["Endpoints"] == []
    schedule = checkout.aws("scheduler", "get-schedule", "--name", f"{NAME}-prod-batch")
    assert schedule["ScheduleExpression"] == "cron(0 3 * * ? *)"

    source = json.loads(schedule["Target"]["Input"])["TransformInput"]["DataSource"]["S3DataSource"]
    _, _, bucket, folder = source["S3Uri"].split("/", 3)
    assert folder == "batch/input/prod/"
    rows = [FLIGHT, FLIGHT.replace("B6,JFK", "UA,EWR"), FLIGHT]
    (tmp_path / "flights.csv").write_text("".join(f"{row}\n" for row in rows))
    place = ("--bucket", bucket, "--key", "batch/input/prod/flights.csv")
    checkout.aws("s3api", "put-object", *place, "--body", str(tmp_path / "flights.csv"))
    known = {one["TransformJobName"] for one in transform_jobs(checkout)}

    done(checkout, "clock", "--forward", "1d")

    job = ended_job(checkout, known)
    assert job["TransformJobStatus"] == "Completed", job
    output = ("--bucket", bucket, "--key", "batch/predictions/prod/flights.csv.out")
    checkout.aws("s3api", "get-object", *output, str(tmp_path / "predictions.csv"))
    with (tmp_path / "predictions.csv").open(newline="") as stream:
        predicted = list(csv.reader(stream))
    # Each line has the row, then its prediction.
    assert [line[: FLIGHT.count(",") + 1] for line in predicted] == [row.split(",") for row in rows]
    added = [line[FLIGHT.count(",") + 1 :] for line in predicted]
    assert added[0] == added[2]
    assert all(0 <= float(cells[-1]) <= 1 for cells in added)
