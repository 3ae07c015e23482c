"""Captured traffic of an endpoint: responses of the project's server, in SageMaker's format."""

import base64
import csv
import io
import json
import random
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlops_jobs.serving.invocations import Invocations
from mlops_jobs.table.model import TabularModel

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROWS_IN_A_CALL = 4


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows as the body of a request."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def side(
    mode: str, data: str, encoding: str = "CSV", content_type: str = "text/csv"
) -> dict[str, str]:
    """Returns a request or response of a captured call."""
    if encoding == "BASE64":
        data = base64.b64encode(data.encode()).decode()
    return {
        "observedContentType": content_type,
        "mode": mode,
        "data": data,
        "encoding": encoding,
    }


def line(
    number: int, request: dict[str, str], response: dict[str, str] | None, time: datetime
) -> str:
    """Returns a line of a capture file."""
    captured = {"endpointInput": request} | ({"endpointOutput": response} if response else {})
    document = {
        "captureData": captured,
        "eventMetadata": {
            "eventId": f"event-{number}",
            "inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }
    return json.dumps(document)


def captured_calls(
    rows: Sequence[Sequence[str]], predictor: TabularModel, *, time: datetime | None = None
) -> list[str]:
    """Returns the lines of calls with several rows each."""
    server = Invocations(predictor)
    lines = []
    for number, first in enumerate(range(0, len(rows), ROWS_IN_A_CALL)):
        body = as_csv(rows[first : first + ROWS_IN_A_CALL])
        response = server.respond(body.encode(), "text/csv", "text/csv").decode()
        lines.append(
            line(
                number,
                side("INPUT", body),
                side("OUTPUT", response),
                time or END - timedelta(minutes=30),
            )
        )
    return lines


def ground_truth(labels: Sequence[str]) -> list[str]:
    """Returns the lines of a ground truth file for `captured_calls` with as many rows."""
    return [
        json.dumps(
            {
                "groundTruthData": {
                    "data": "\n".join(labels[first : first + ROWS_IN_A_CALL]),
                    "encoding": "CSV",
                },
                "eventMetadata": {"eventId": f"event-{number}"},
                "eventVersion": "0",
            }
        )
        for number, first in enumerate(range(0, len(labels), ROWS_IN_A_CALL))
    ]


def environment(folder: Path, analysis: str, **variables: str) -> dict[str, str]:
    """Returns the environment of a run of Model Monitor, in a folder."""
    return {
        "analysis_type": analysis,
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput"]}}',
        "dataset_source": str(folder / "capture"),
        "start_time": f"{END - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{END:%Y-%m-%dT%H:%M:%SZ}",
        "output_path": str(folder / "reports"),
        "sagemaker_endpoint_name": "churn",
        "sagemaker_monitoring_schedule_name": "drift",
        **variables,
    }


def write_lines(file: Path, lines: Sequence[str]) -> Path:
    """Writes a file of JSON lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    return file


def pack_model(model: Path, file: Path) -> Path:
    """Packs a model as SageMaker does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w:gz") as archive:
        for one in sorted(model.iterdir()):
            archive.add(one, one.name)
    return file


def report(folder: Path, name: str) -> dict[str, Any]:
    """Returns a report of a run."""
    found: dict[str, Any] = json.loads((folder / "reports" / name).read_text(encoding="utf-8"))
    return found


def violations(folder: Path) -> list[dict[str, str]]:
    """Returns the violations of a run."""
    found: list[dict[str, str]] = report(folder, "constraint_violations.json")["violations"]
    return found


def shuffled(rows: Sequence[Sequence[str]], seed: int = 5) -> list[list[str]]:
    """Returns the rows in another order."""
    order = [list(row) for row in rows]
    random.Random(seed).shuffle(order)  # noqa: S311  reproducible, not secret
    return order
