"""Files of batch transform jobs in a bucket, with the manifests of their data capture."""

import json
from collections.abc import Sequence
from pathlib import Path

from mlops_jobs.serving.invocations import Invocations
from seed_code.model_build.tests.conftest import Fitted, Rows
from tests.jobs.monitoring.aws_in_memory import Aws
from tests.jobs.monitoring.captured import as_csv, environment

NAMES = ["age", "city", "member", "joined", "balance", "empty", "always", "number"]
HOUR = "2026/11/20/11"
TIME = "2026-11-20T11:02:03Z"


def batch(folder: Path, analysis: str, dataset_format: object, **variables: str) -> dict[str, str]:
    """Returns the environment of a run that EventBridge Scheduler starts at 12:15."""
    found = environment(
        folder,
        analysis,
        dataset_source="s3://bucket/capture",
        dataset_format=json.dumps(dataset_format),
        end_time="2026-11-20T12:15:00Z",
        period_hours="1",
        **variables,
    )
    del found["start_time"], found["sagemaker_endpoint_name"]
    return found


def capture(aws: Aws, records: str | bytes, output: str | None = None) -> None:
    """Writes the output of a job that reads `in/a.csv`, and the manifests of its data capture."""
    aws.objects["in/a.csv"] = records.encode() if isinstance(records, str) else records
    listed = {"input": ["in", "a.csv"]}
    if output is not None:
        aws.objects["out/a.csv.out"] = output.encode()
        listed["output"] = ["out", "a.csv.out"]
    for side, (prefix, name) in listed.items():
        manifest = json.dumps([{"prefix": f"s3://bucket/{prefix}/"}, name])
        aws.objects[f"capture/{side}/{HOUR}/nightly.json"] = manifest.encode()


def predictions(rows: Rows, fitted: Fitted, *, joined: bool = False) -> list[str]:
    """Returns the output of the project's server, with the ids and times that SageMaker appends."""
    server = Invocations(fitted.predictor)
    lines = server.respond(as_csv(rows).encode(), "text/csv", "text/csv").decode().splitlines()
    before = [f"{as_csv([row]).strip()}," if joined else "" for row in rows]
    return [f"{before[at]}{line},id-{at},{TIME}" for at, line in enumerate(lines)]


def put_labels(aws: Aws, labels: Sequence[str]) -> None:
    lines = [
        {
            "groundTruthData": {"data": label, "encoding": "CSV"},
            "eventMetadata": {"eventId": f"id-{at}"},
        }
        for at, label in enumerate(labels)
    ]
    content = "\n".join(map(json.dumps, lines))
    aws.objects[f"labels/{HOUR}/a.jsonl"] = content.encode()


def as_objects(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]
