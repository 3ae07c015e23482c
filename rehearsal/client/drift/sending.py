"""Traffic to a project's endpoint, with its labels, and the runs of the monitors that read it."""

import itertools
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from rehearsal.client import approvals, invocation, predictions
from rehearsal.client.drift import monitors, traffic
from rehearsal.client.drift.monitor import Run
from rehearsal.client.drift.traffic import Kind, Traffic
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.predictions import HoldOut
from rehearsal.client.project import Project

ROWS_OF_A_REQUEST = 20
DEFAULT_MONTH = 7
_CAPTURE_SECONDS = 3.0  # until captured requests are on S3
_LAST_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Traffic that an endpoint has received.

    Args:
        traffic: the rows.
        requests: number of requests.
        failed: number of requests by the status of their error, such as `ModelError 400`.
        responses: cells of the response for each row, such as its label and probability; empty for
            a row whose request failed.
        label_files: S3 URIs of the files with labels.
        started: time of the local AWS at the first request.
        seconds: duration of all requests.
    """

    traffic: Traffic
    requests: int
    failed: dict[str, int]
    responses: Sequence[Sequence[str]]
    label_files: Sequence[str]
    started: datetime
    seconds: float


def known_rows(aws: LocalAws, project: Project) -> HoldOut:
    """Returns rows as in the training data: those that the newest approved model learned from.

    Raises:
        RehearsalError: no model package is approved, or it does not locate its rows.
    """
    packages = approvals.packages(aws.client("sagemaker"), project.model_package_group)
    approved = [one for one in packages if one.get("ModelApprovalStatus") == "Approved"]
    if not approved:
        raise RehearsalError(
            f"No model package of {project.name} is approved.",
            "Traffic is made from the rows that its newest approved model was trained on.",
            f"Approve one: `rehearse approve {project.name}`.",
        )
    return predictions.training_rows(aws, approved[0]["ModelPackageArn"])


def make(
    aws: LocalAws,
    project: Project,
    kind: Kind,
    rows: int,
    *,
    months: tuple[int, int] | None = None,
    seed: int = 7,
) -> Traffic:
    """Returns traffic for a project's endpoint.

    Args:
        aws: the account of the project.
        project: the project.
        kind: kind of the drift.
        rows: number of rows.
        months: first and last month of the flights that covariate drift takes. Defaults to None:
            July; a project with other data has constructed drift.
        seed: seed of the random sample. Defaults to 7.

    Raises:
        RehearsalError: there are no rows, or months were given for other data.
    """
    known, later = known_rows(aws, project), None
    repository = project.directory("build")
    has_months = traffic.has_months(repository, known.target)
    if kind is Kind.COVARIATE and (months or has_months):
        if not has_months:
            raise RehearsalError(
                f"Project {project.name} has no months.",
                f"{repository} does not predict flights.",
                "Omit --months: the drift is constructed from the project's data.",
            )
        first, last = months or (DEFAULT_MONTH, DEFAULT_MONTH)
        later = traffic.months(repository, known.target, first, last)
    return traffic.make(kind, known, rows, later=later, seed=seed)


def send(
    aws: LocalAws,
    project: Project,
    stage: str,
    made: Traffic,
    *,
    labels: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> Sent:
    """Sends traffic to the endpoint of a stage, and its labels to where its monitors read them.

    A request that the endpoint rejects is counted, not raised.

    Args:
        aws: the account of the project.
        project: the project.
        stage: stage of the endpoint.
        made: the traffic.
        labels: True if labels come. Defaults to True.
        progress: takes the number of requests so far.

    Raises:
        RehearsalError: the endpoint does not serve.
    """
    account, endpoint = project.account_of(aws, stage), project.endpoint(stage)
    invocation.require_endpoint(account, endpoint)
    runtime = account.client("sagemaker-runtime")
    _await_hour()
    started, began = monitors.clock()(), time.monotonic()
    failed: dict[str, int] = {}
    known: dict[str, Sequence[str]] = {}
    responses: list[Sequence[str]] = []
    batches = list(_batches(list(zip(made.rows, made.labels, strict=True))))
    for number, batch in enumerate(batches, start=1):
        identity = str(uuid.uuid4())
        try:
            response = runtime.invoke_endpoint(
                EndpointName=endpoint,
                ContentType="text/csv",
                Accept="text/csv",
                InferenceId=identity,
                Body=predictions.write_csv(made.columns, [row for row, _ in batch]).encode(),
            )
        except ClientError as error:
            status = error.response.get("OriginalStatusCode", "")
            name = f"{error.response['Error']['Code']} {status}".strip()
            failed[name] = failed.get(name, 0) + 1
            responses += [()] * len(batch)
        else:
            text = response["Body"].read().decode()
            responses += predictions.read_csv_cells(text, len(batch))
            known[identity] = [label for _, label in batch]
        progress(number)
    seconds = time.monotonic() - began
    places = {one.labels for one in monitors.of_endpoint(account, endpoint) if one.labels}
    files = [
        monitors.put_labels(account, place, known, started)
        for place in sorted(places)
        if labels and known
    ]
    return Sent(
        traffic=made,
        requests=len(batches),
        failed=failed,
        responses=responses,
        label_files=files,
        started=started,
        seconds=seconds,
    )


def begin_window(
    aws: LocalAws,
    project: Project,
    stage: str,
    *,
    report: Callable[[str], None] = lambda _: None,
) -> list[Run]:
    """Moves time past the window of each monitor of a stage that has traffic already.

    A daily monitor reads all traffic of its day. Without a new window it would find the drift of
    what was sent before.

    Args:
        aws: the account of the project.
        project: the project.
        stage: stage of the endpoint.
        report: takes the name of the monitor that is awaited.

    Returns:
        The runs that read the earlier traffic; an empty list without earlier traffic.

    Raises:
        RehearsalError: a monitor does not run.
    """
    account, endpoint = project.account_of(aws, stage), project.endpoint(stage)
    found = monitors.of_endpoint(account, endpoint)
    if not found:
        return []
    time.sleep(_CAPTURE_SECONDS)
    now = monitors.clock()()
    if not any(monitors.has_traffic(account, one, now) for one in found):
        return []
    return monitors.run_for(account, found, now, report=report)


def run_monitors(
    aws: LocalAws,
    project: Project,
    stage: str,
    sent: Sent,
    *,
    report: Callable[[str], None] = lambda _: None,
) -> list[Run]:
    """Moves time forward to the next run of each monitor of a stage; returns the runs.

    Args:
        aws: the account of the project.
        project: the project.
        stage: stage of the endpoint.
        sent: the traffic that the monitors shall read.
        report: takes the name of the monitor that is awaited.

    Raises:
        RehearsalError: the endpoint has no monitor, or one does not run.
    """
    account, endpoint = project.account_of(aws, stage), project.endpoint(stage)
    found = monitors.of_endpoint(account, endpoint)
    if not found:
        raise RehearsalError(
            f"Endpoint {endpoint} has no monitor.",
            f"config/{stage}.yaml of the model-deploy repository has no `monitor`, or the deployed "
            "model has no baseline.",
            f"Add it and push: `rehearse push {project.name} --deploy`; or pass --no-run.",
        )
    time.sleep(_CAPTURE_SECONDS)
    return monitors.run_for(account, found, sent.started, report=report)


def _await_hour() -> None:
    """Moves time to the next hour if this one ends soon: a monitor reads one hour."""
    clock = monitors.clock()
    now = clock()
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if hour - now < _LAST_MINUTE:
        clock.advance(hour)


def _batches(rows: list[tuple[Sequence[str], str]]) -> list[list[tuple[Sequence[str], str]]]:
    starts = range(0, len(rows), ROWS_OF_A_REQUEST)
    return [list(itertools.islice(rows, at, at + ROWS_OF_A_REQUEST)) for at in starts]
