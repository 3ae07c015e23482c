"""Invocation of endpoints with given rows or with held-out rows."""

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
    """Returns the response of an endpoint to CSV rows or a JSON document.

    Raises:
        RehearsalError: text and a file are given, or the endpoint does not serve.
    """
    if data and file:
        raise RehearsalError("DATA cannot be combined with --file.", "", "Pass the rows once.")
    body = file.read_text() if file else (data or "")
    is_json = file.suffix == ".json" if file else body.lstrip()[:1] in ("{", "[")
    require_endpoint(aws, endpoint)
    kind = "application/json" if is_json else "text/csv"
    return predictions.invoke(aws.client("sagemaker-runtime"), endpoint, body, kind).rstrip("\n")


def of_held_out(aws: LocalAws, project: Project, stage: str, count: int) -> dict[str, Any]:
    """Returns predictions for held-out rows of the newest approved model, with the actual values.

    Raises:
        RehearsalError: the endpoint does not serve, or no model package is approved.
    """
    endpoint, account = project.endpoint(stage), project.account_of(aws, stage)
    require_endpoint(account, endpoint)
    approved = [
        package["ModelPackageArn"]
        for package in approvals.packages(aws.client("sagemaker"), project.model_package_group)
        if package.get("ModelApprovalStatus") == "Approved"
    ]
    if not approved:
        raise RehearsalError(
            "No model package is approved.",
            "The held-out rows are those of the newest approved model package.",
            f"Approve one with `rehearse approve {project.name}`, or pass your own rows.",
        )
    held_out = predictions.hold_out(aws, approved[0])
    rows = held_out.rows[:count]
    response = predictions.invoke(
        account.client("sagemaker-runtime"),
        endpoint,
        predictions.write_csv(held_out.columns, rows),
        "text/csv",
    )
    predicted = predictions.read_csv_response(response, len(rows))
    return {
        "endpoint": endpoint,
        "target": held_out.target,
        "rows": [
            {"row": number, "actual": actual, "predicted": label}
            for number, (actual, label) in enumerate(
                zip(held_out.actual, predicted, strict=False), start=1
            )
        ],
    }


def table(predicted: Mapping[str, Any]) -> Table:
    """Returns the result of `of_held_out` as a table for a terminal."""
    shown = Table(box=None, padding=(0, 2, 0, 0), title=f"{predicted['endpoint']}", title_style="")
    for heading in ("row", f"{predicted['target']}", "predicted"):
        shown.add_column(heading, justify="right")
    for row in predicted["rows"]:
        shown.add_row(str(row["row"]), row["actual"], row["predicted"])
    return shown


def require_endpoint(aws: LocalAws, name: str) -> None:
    """Checks that an endpoint serves.

    Raises:
        RehearsalError: the endpoint does not exist or does not serve.
    """
    sagemaker = aws.client("sagemaker")
    try:
        status = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        pages = sagemaker.get_paginator("list_endpoints").paginate()
        names = [item["EndpointName"] for page in pages for item in page["Endpoints"]]
        raise RehearsalError(
            f"Endpoint {name!r} does not exist.",
            f"Endpoints: {', '.join(names)}." if names else "There are no endpoints yet.",
            "Approve a model package: the deploy pipeline then creates the endpoint.",
        ) from error
    # During an update the previous version serves.
    if status not in ("InService", "Updating", "SystemUpdating", "RollingBack"):
        raise RehearsalError(
            f"Endpoint {name!r} is {status}.", "", "Run `rehearse status NAME` for details."
        )
