"""Commands for a project: create, push, approve, invoke, status and logs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from rehearsal.cli.terminal import Json, Name, err, out, print_json, with_board
from rehearsal.client import approvals, invocation, local_aws, logs, places, project, project_status
from rehearsal.client.errors import RehearsalError
from rehearsal.client.pipeline_execution import Obstacle, PipelineExecution
from rehearsal.client.pipeline_watcher import PipelineWatcher, WatchedExecution
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board
from rehearsal.client.project import Project
from rehearsal.client.waiting import Goal, Wait

projects = typer.Typer(help="Projects: two repositories and the pipelines that a push starts.")


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.add_typer(projects, name="project")
    for command in (push, wait, approve, invoke):
        app.command()(command)
    app.command("status")(show_status)
    app.command("logs")(show_logs)


@projects.command("create")
def create_project(name: Name, as_json: Json = False) -> None:
    """Create a project from the published template and clone its repositories."""
    aws = places.of_project(local_aws.require(), name)
    notes: list[str] = []

    def work(board: Board, commands: Commands) -> Project:
        with board.step("create project", detail=name):
            found = project.create(aws, name)
        with board.step("clone", detail=str(found.directory("build").parent)):
            notes.extend(found.clone(aws, commands))
        return found

    found = with_board(work)
    for note in notes:
        err.print(note, soft_wrap=True, highlight=False, markup=False)
    if as_json:
        print_json({"name": name, "id": found.project_id, "outputs": dict(found.outputs)})


def push(
    name: Name,
    build: Annotated[bool, typer.Option("--build/--deploy", help="Repository to push.")] = True,
    message: Annotated[
        str, typer.Option("--message", "-m", help="Commit message.")
    ] = "Change the project",
    as_json: Json = False,
) -> None:
    """Commit the changes in a clone (or an empty commit), push, and follow the pipeline."""
    aws, which = places.of_project(local_aws.require(), name), "build" if build else "deploy"
    found = project.find(aws, name)

    def work(board: Board, commands: Commands) -> WatchedExecution:
        repository, pipeline = found.repository(which, aws, commands), found.pipeline(which)
        watcher = PipelineWatcher(aws, board)
        with board.step("push", detail=str(repository.directory)):
            commit = repository.commit(message)
            repository.push()
            execution_id = watcher.wait_for_commit(pipeline, commit)
        with board.step(pipeline):
            watched = watcher.follow(pipeline, execution_id, (pipeline,))
            watched.require_success()
        return watched

    watched = with_board(work)
    execution = watched.execution
    if as_json:
        waits = {"waits_for": asdict(watched.obstacle)} if watched.obstacle else {}
        print_json({"execution": execution.execution_id, "status": execution.status, **waits})
    elif execution.approval:
        stage = execution.approval.stage
        out.print(f"Waiting for approval: `rehearse approve {name} --stage {stage}`")
    elif watched.obstacle:
        for line in _obstacle(name, execution, watched.obstacle):
            out.print(line, soft_wrap=True, highlight=False, markup=False)


def _obstacle(name: str, execution: PipelineExecution, found: Obstacle) -> list[str]:
    """Returns what an execution waits for outside of its stages, and how it goes on."""
    subject = f"Execution {execution.execution_id} waits to enter stage {found.stage}"
    if not found.execution_id:
        return [
            f"{subject}: the transition into it is disabled. {found.reason}".rstrip(),
            f"Enable it: `aws codepipeline enable-stage-transition --pipeline-name "
            f"{execution.pipeline} --stage-name {found.stage} --transition-type Inbound`",
        ]
    return [
        f"{subject}: execution {found.execution_id} waits for approval there.",
        f"Approve or reject that one: `rehearse approve {name} --stage {found.stage}`, or with "
        "--reject. This execution then enters the stage.",
    ]


def wait(
    name: Name,
    until: Annotated[
        Goal,
        typer.Option("--until", help="build and deploy: its pipeline succeeded."),
    ],
    stage: Annotated[
        str,
        typer.Option(help="Stage of the approval (any by default) or endpoint (prod)."),
    ] = "",
    timeout: Annotated[float, typer.Option(min=0, help="Time limit in seconds.")] = 1800,
    as_json: Json = False,
) -> None:
    """Wait for a pipeline, an approval or an endpoint; fail if it cannot be reached any more."""
    aws = places.of_project(local_aws.require(), name)
    found = Wait(aws, project.find(aws, name), until, stage, timeout).run()
    if as_json:
        print_json(found)
        return
    what = {
        Goal.APPROVAL: f"Stage {found.get('stage')} waits for approval.",
        Goal.ENDPOINT: f"Endpoint {found.get('endpoint')} is in service.",
    }.get(until, f"Pipeline {found.get('pipeline')} succeeded.")
    out.print(f"[green]✓[/green] {what}", soft_wrap=True, highlight=False)


def approve(
    name: Name,
    package: Annotated[str | None, typer.Option(help="ARN of a model package.")] = None,
    stage: Annotated[str | None, typer.Option(help="Stage whose deployment to approve.")] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Reject instead.")] = False,
    reason: Annotated[
        str, typer.Option(help="Description of the decision.")
    ] = "Decided with rehearse",
    as_json: Json = False,
) -> None:
    """Approve the newest pending model package, or a stage of the deploy pipeline."""
    aws = places.of_project(local_aws.require(), name)
    found = project.find(aws, name)
    if package and stage:
        raise RehearsalError(
            "--package cannot be combined with --stage.",
            "",
            "Pass one of them.",
        )
    started = None
    if stage:
        approvals.stage(aws, found.pipeline("deploy"), stage, approve=not reject, reason=reason)
        subject = f"stage {stage}"
    else:
        known = approvals.executions(aws, found)
        subject = approvals.model_package(
            aws, found, arn=package, approve=not reject, reason=reason
        )
        started = None if reject else approvals.started(aws, found, known)
    word = "rejected" if reject else "approved"
    if as_json:
        print_json({word: subject} | ({"execution": started} if started else {}))
        return
    out.print(f"[green]✓[/green] {word} {subject}", soft_wrap=True, highlight=False)
    if started:
        out.print(
            f"{found.pipeline('deploy')} has started: execution {started}",
            soft_wrap=True,
            highlight=False,
        )


def invoke(
    name: Name,
    data: Annotated[str | None, typer.Argument(help="CSV rows, or a JSON document.")] = None,
    stage: Annotated[str, typer.Option(help="Stage of the endpoint.")] = "prod",
    rows: Annotated[int, typer.Option(min=1, help="Number of held-out rows.")] = 5,
    file: Annotated[Path | None, typer.Option(help="A .csv or .json file.")] = None,
    as_json: Json = False,
) -> None:
    """Send rows to an endpoint: DATA or --file, or held-out rows of the newest approved model."""
    aws = places.of_project(local_aws.require(), name)
    found = project.find(aws, name)
    if data or file:
        account = found.account_of(aws, stage)
        out.out(invocation.of_document(account, found.endpoint(stage), data, file), highlight=False)
        return
    predicted = invocation.of_held_out(aws, found, stage, rows)
    if as_json:
        print_json(predicted)
    else:
        out.print(invocation.table(predicted))


def show_status(name: Name, as_json: Json = False) -> None:
    """Show the pipelines, model packages and endpoints of a project."""
    aws = places.of_project(local_aws.require(), name)
    found = project_status.read(aws, project.find(aws, name))
    if as_json:
        print_json(found)
    else:
        out.print(project_status.table(found))


def show_logs(
    name: Name,
    pipeline: Annotated[str, typer.Option(help="Pipeline: build or deploy.")] = "build",
    lines: Annotated[int, typer.Option(min=1, help="Maximum lines of a log.")] = 40,
    as_json: Json = False,
) -> None:
    """Print the end of the log of the last failure: of the build, the job or the stack."""
    if pipeline not in ("build", "deploy"):
        raise RehearsalError(
            f"Got --pipeline {pipeline}.", "Allowed: build, deploy.", "Pass one of them."
        )
    aws = places.of_project(local_aws.require(), name)
    tails = logs.of_pipeline(aws, project.find(aws, name).pipeline(pipeline), lines=lines)
    if as_json:
        print_json([asdict(tail) for tail in tails])
        return
    for tail in tails:
        out.print(f"[bold]{escape(tail.source)}[/bold] {escape(tail.reason)}", highlight=False)
        for line in tail.lines:
            out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
