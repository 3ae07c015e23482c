"""Asks an endpoint on behalf of a person: with rows given, or with held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.table import Table

from rehearsal.client import approvals, predictions
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project


def of_document(aws: LocalAws, endpoint: str, data: str | None, file: Path | None) -> str:
    """The endpoint's answer to CSV rows or a JSON document, given as text or as a file."""
    if data and file:
        raise RehearsalError("Rows were given twice.", "", "Pass them as an argument or as --file.")
    body = file.read_text() if file else (data or "")
    is_json = file.suffix == ".json" if file else body.lstrip()[:1] in ("{", "[")
    require_endpoint(aws, endpoint)
    kind = "application/json" if is_json else "text/csv"
    return predictions.invoke(aws.client("sagemaker-runtime"), endpoint, body, kind).rstrip("\n")


def of_held_out(aws: LocalAws, project: Project, stage: str, count: int) -> dict[str, Any]:
    """Answers to held-out rows of the newest approved model, beside the truth."""
    endpoint = project.endpoint(stage)
    require_endpoint(aws, endpoint)
    approved = [
        package["ModelPackageArn"]
        for package in approvals.packages(aws.client("sagemaker"), project.model_package_group)
        if package.get("ModelApprovalStatus") == "Approved"
    ]
    if not approved:
        raise RehearsalError(
            "No model package is approved, so that no held-out rows are known.",
            "",
            f"Approve one with `rehearse approve {project.name}`, or pass rows of your own.",
        )
    held_out = predictions.hold_out(aws, approved[0])
    rows = held_out.rows[:count]
    answer = predictions.invoke(
        aws.client("sagemaker-runtime"),
        endpoint,
        predictions.write_csv(held_out.columns, rows),
        "text/csv",
    )
    answered = predictions.read_csv_answer(answer, len(rows))
    return {
        "endpoint": endpoint,
        "target": held_out.target,
        "rows": [
            {"row": number, "actual": actual, "predicted": predicted}
            for number, (actual, predicted) in enumerate(
                zip(held_out.actual, answered, strict=False), start=1
            )
        ],
    }


def table(answers: Mapping[str, Any]) -> Table:
    """The answers for people."""
    shown = Table(box=None, padding=(0, 2, 0, 0), title=f"{answers['endpoint']}", title_style="")
    for heading in ("row", f"{answers['target']}", "predicted"):
        shown.add_column(heading, justify="right")
    for row in answers["rows"]:
        shown.add_row(str(row["row"]), row["actual"], row["predicted"])
    return shown


def require_endpoint(aws: LocalAws, name: str) -> None:
    """Raises `RehearsalError` when the endpoint does not exist or is not in service."""
    sagemaker = aws.client("sagemaker")
    try:
        status = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        pages = sagemaker.get_paginator("list_endpoints").paginate()
        names = [item["EndpointName"] for page in pages for item in page["Endpoints"]]
        raise RehearsalError(
            f"There is no endpoint {name!r}.",
            f"Endpoints: {', '.join(names)}." if names else "There is no endpoint at all yet.",
            "The deploy pipeline creates it once a model package is approved.",
        ) from error
    # While it is updated, the version deployed before keeps serving.
    if status not in ("InService", "Updating", "SystemUpdating", "RollingBack"):
        raise RehearsalError(f"Endpoint {name!r} is {status}.", "", "`rehearse status` shows why.")
