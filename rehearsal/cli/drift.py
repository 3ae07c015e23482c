"""Commands that make traffic to an endpoint, and that move the time of the local AWS forward."""

import re
from datetime import timedelta
from typing import Annotated, Any

import typer

from rehearsal.cli.terminal import Json, Name, out, print_json, with_board
from rehearsal.client import local_aws, places, project
from rehearsal.client.drift import monitors, sending
from rehearsal.client.drift.monitor import Run
from rehearsal.client.drift.sending import Sent
from rehearsal.client.drift.traffic import Kind
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board
from rehearsal.client.project import Project

_MONTHS = re.compile(r"(1[0-2]|[1-9])(?:-(1[0-2]|[1-9]))?")
_MAX_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("drift")(make_drift)
    app.command("clock")(move_clock)


def make_drift(
    name: Name,
    kind: Annotated[
        Kind,
        typer.Option(
            help="covariate: later months of the flights, or constructed; label: other labels; "
            "schema: another type and a further column; stuck: a constant column; none."
        ),
    ] = Kind.COVARIATE,
    stage: Annotated[str, typer.Option(help="Stage of the endpoint.")] = "prod",
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="Number of rows.")] = 6000,
    months: Annotated[
        str, typer.Option(help="Months of the flights for covariate, such as 7 or 4-6.")
    ] = "",
    labels: Annotated[
        bool, typer.Option("--labels/--no-labels", help="Write the labels of the rows, too.")
    ] = True,
    run: Annotated[
        bool,
        typer.Option(
            "--run/--no-run", help="Move time forward to the next run of the stage's monitors."
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """Send traffic that drifts to an endpoint, run its monitors, and show what they find."""
    wanted = _months(months, kind)
    aws = places.of_project(local_aws.require(), name)
    found = project.find(aws, name)

    def work(board: Board, commands: Commands) -> tuple[list[Run], Sent, list[Run]]:
        with board.step("make traffic") as row:
            made = sending.make(aws, found, kind, rows, months=wanted)
            row.detail = made.description
        earlier = _begin_window(board, aws, found, stage) if run else []
        with board.step("send traffic") as row:

            def count(number: int) -> None:
                row.detail = f"{number} requests"

            sent = sending.send(aws, found, stage, made, labels=labels, progress=count)
        if not run:
            return [], sent, []
        with board.step("run monitors") as row:

            def show(monitor: str) -> None:
                row.detail = monitor

            return earlier, sent, sending.run_monitors(aws, found, stage, sent, report=show)

    earlier, sent, runs = with_board(work)
    account = found.account_of(aws, stage)
    alarms = monitors.settled_alarms(account, f"{name}-{stage}-drift-") if runs else []
    if as_json:
        print_json(_document(earlier, sent, runs, alarms))
        return
    for line in [*_of_earlier(earlier), *_of_traffic(sent), *_of_runs(runs), *_of_alarms(alarms)]:
        out.print(line, soft_wrap=True, highlight=False, markup=False)


def _begin_window(board: Board, aws: LocalAws, found: Project, stage: str) -> list[Run]:
    with board.step("begin a new window") as row:

        def show(monitor: str) -> None:
            row.detail = f"{monitor} reads the earlier traffic"

        runs = sending.begin_window(aws, found, stage, report=show)
        if not runs:
            row.detail = "the present one has no traffic"
        return runs


def _months(text: str, kind: Kind) -> tuple[int, int] | None:
    if not text:
        return None
    match = _MONTHS.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise RehearsalError(
            f"Got --months {text}.", "Allowed: a month such as 7, or a range such as 4-6."
        )
    if kind is not Kind.COVARIATE:
        raise RehearsalError(
            f"--months cannot be combined with --kind {kind}.",
            "Other drift than covariate is made from rows of the training data.",
            "Remove --months.",
        )
    return first, last


def _of_earlier(runs: list[Run]) -> list[str]:
    return [f"Earlier traffic, {run.monitor.name}: {run.message}" for run in runs]


def _of_traffic(sent: Sent) -> list[str]:
    failed = sum(sent.failed.values())
    lines = [
        f"Sent {sent.traffic.description}: {sent.requests} requests in {sent.seconds:.1f} s, "
        f"{failed} failed."
    ]
    lines += [f"  {count} x {name}" for name, count in sorted(sent.failed.items())]
    return lines + [f"Labels: {place}" for place in sent.label_files]


def _of_runs(runs: list[Run]) -> list[str]:
    lines = []
    for run in runs:
        lines.append(f"{run.monitor.name} ({run.monitor.analysis}): {run.message}")
        lines += [
            f"  {one.get('feature_name') or one.get('metric_name', '')}: "
            f"{one.get('constraint_check_type', '')} {one.get('description', '')}"
            for one in run.violations[:_MAX_SHOWN]
        ]
        if len(run.violations) > _MAX_SHOWN:
            lines.append(f"  and {len(run.violations) - _MAX_SHOWN} more")
        if run.reports:
            lines.append(f"  reports: {run.reports}")
    return lines


def _of_alarms(alarms: list[dict[str, Any]]) -> list[str]:
    return [f"alarm {one['name']}: {one['state']}" for one in alarms]


def _document(
    earlier: list[Run], sent: Sent, runs: list[Run], alarms: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "earlier_runs": [
            {"monitor": run.monitor.name, "job": run.job, "message": run.message} for run in earlier
        ],
        "kind": sent.traffic.kind,
        "description": sent.traffic.description,
        "rows": len(sent.traffic.rows),
        "requests": sent.requests,
        "failed": sent.failed,
        "labels": list(sent.label_files),
        "runs": [
            {
                "monitor": run.monitor.name,
                "analysis": run.monitor.analysis,
                "job": run.job,
                "status": run.status,
                "message": run.message,
                "violations": list(run.violations),
                "reports": run.reports,
            }
            for run in runs
        ],
        "alarms": alarms,
    }


def move_clock(
    forward: Annotated[
        str, typer.Option(help="Time to move it forward, such as 30m, 2h or 1d.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Show the time of schedules, traffic, metrics and alarms, or move it forward."""
    local_aws.require()
    clock = monitors.clock()
    if forward:
        clock.advance(clock() + _duration(forward))
    if as_json:
        print_json({"time": clock().isoformat(), "ahead_seconds": clock.lead.total_seconds()})
        return
    ahead = timedelta(seconds=round(clock.lead.total_seconds()))
    out.print(f"{clock():%Y-%m-%dT%H:%M:%SZ}, {ahead} ahead of real time", highlight=False)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,4})([mhd])", text)
    if match is None:
        raise RehearsalError(
            f"Got --forward {text}.",
            "Allowed: a number of minutes (m), hours (h) or days (d), such as 2h.",
        )
    unit = {"m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})
