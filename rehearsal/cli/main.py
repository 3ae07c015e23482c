"""The command `rehearse`."""

import io
import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cli import connection, drift, image, lineage, report
from rehearsal.cli import project as cli_project
from rehearsal.cli.terminal import (
    Config,
    Json,
    Port,
    err,
    fail,
    out,
    print_error,
    print_json,
    with_board,
)
from rehearsal.client import local_aws, project, server_end, server_process
from rehearsal.client.cdk import ASSEMBLY, Cdk, environments
from rehearsal.client.errors import RehearsalError, explain
from rehearsal.client.identities import SESSION_NAME, Identity
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board
from rehearsal.client.training_data import TrainingData
from rehearsal.story.runner import REPORT, SUMMARY, internal_error, run_story
from rehearsal.story.story import Options

app = typer.Typer(
    help="Run the MLOps loop, from a git push to an endpoint, on a local AWS.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Runs a command; every error ends in one message and a nonzero exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # in a locale without these characters
    try:
        app(prog_name="rehearse")
    except Exception as error:
        fail(explain(error) or internal_error(error))


@app.callback(invoke_without_command=True)
def rehearse(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        run()


@app.command()
def run(
    project_name: Annotated[
        str,
        typer.Option(
            "--project",
            help="Name of the project; default: the first that the app deploys, or `rehearsal`.",
        ),
    ] = "",
    config: Config = None,
    data: Annotated[Path | None, typer.Option(help="CSV file to train on instead.")] = None,
    target: Annotated[str, typer.Option(help="Column of --data to predict.")] = "",
    problem_type: Annotated[
        str,
        typer.Option(help="binary, multiclass or regression; detected by default."),
    ] = "",
    no_header: Annotated[bool, typer.Option("--no-header", help="--data has no header.")] = False,
    drop: Annotated[list[str] | None, typer.Option(help="Column to ignore; repeatable.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Minimum metric; default: the score of guessing."),
    ] = None,
    port: Port = 0,
    keep_up: Annotated[bool, typer.Option("--keep-up", help="Keep the local AWS running.")] = False,
    short: Annotated[
        bool, typer.Option("--short", help="End with the first predictions of production.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the life of a model: from a push to retraining and rollback (the default)."""
    chosen = None
    if data:
        chosen = TrainingData(
            data, target, problem_type, not no_header, tuple(drop or ()), threshold
        )
        chosen.check()
        chosen.check_with_seed(Path("seed_code/model_build"))
    elif target or problem_type or no_header or drop or threshold is not None:
        raise RehearsalError(
            "--target, --problem-type, --no-header, --drop and --threshold require --data.",
            "",
            "Pass --data, or remove these options.",
        )
    done = run_story(
        Options(project_name, config, chosen, port, short), err if as_json else out, keep_up=keep_up
    )
    if as_json:
        out.print_json(json.dumps(asdict(done)))
    if done.failure:
        failure = done.failure
        print_error(RehearsalError(failure.what, failure.why, failure.remedy))
        for line in failure.log[-30:]:
            err.print(f"  {line}", style="dim", markup=False, highlight=False, soft_wrap=True)
    if not as_json:
        out.print(f"{SUMMARY}\n{REPORT}", highlight=False)
    if done.status == "interrupted":
        running = local_aws.find()
        if running is None:
            err.print("Interrupted. Everything that the run started was stopped.")
        else:
            err.print(
                f"Interrupted. The local AWS at {running.url} keeps running, with what the run "
                "started in it. To stop it: `rehearse down`.",
                soft_wrap=True,
                highlight=False,
            )
        sys.exit(130)
    sys.exit(0 if done.status == "succeeded" else 1)


@app.command()
def up(port: Port = 0, as_json: Json = False) -> None:
    """Start the local AWS, with the state that it had when it ended, and keep it running."""
    died = None if local_aws.find() else server_end.read(local_aws.STATE_DIRECTORY)
    earlier = local_aws.last_port()
    aws, started = server_process.start(port=port)
    interrupted = server_end.interruptions(local_aws.STATE_DIRECTORY) if started else []
    moved = _repoint(aws, earlier) if started and earlier else []
    if as_json:
        print_json(
            {
                "url": aws.url,
                "pid": aws.pid,
                "started": started,
                "died": died.sentence if died else None,
                "interrupted": interrupted,
                "repointed": [str(clone) for clone in moved],
            }
        )
        return
    word = "is running" if started else "is already running"
    out.print(f"[green]✓[/green] The local AWS {word}: [bold]{aws.url}[/bold] (process {aws.pid})")
    if died:
        lost = "Its state is back; changes of its last seconds may be missing."
        out.print(f"{died.sentence} {lost}", soft_wrap=True, highlight=False, markup=False)
    for line in interrupted:
        out.print(f"Interrupted: {line}", soft_wrap=True, highlight=False, markup=False)
    for clone in moved:
        out.print(f"The remote of {clone} is now at {aws.url}.", soft_wrap=True, highlight=False)
    out.print(
        "\nTo point aws, boto3 and git in this shell to it:\n"
        '  [cyan]eval "$(rehearse env)"[/cyan]\n\nThen, for example:\n'
        "  aws sts get-caller-identity\n"
        "  aws codepipeline get-pipeline-state --name NAME-model-build\n"
        "  aws sagemaker describe-endpoint --endpoint-name NAME-prod",
        highlight=False,
    )


def _repoint(aws: LocalAws, earlier: int) -> list[Path]:
    commands = Commands()
    try:
        return project.repoint_clones(aws, commands, f"https://127.0.0.1:{earlier}")
    finally:
        commands.close()


@app.command()
def env(
    account: Annotated[str, typer.Option(help="Account, 12 digits; default: the first.")] = "",
    role: Annotated[
        str, typer.Option(help="Role to assume: its name, its ARN, or a persona.")
    ] = "",
    region: Annotated[str, typer.Option(help="Region; default: that of `up`.")] = "",
    session_name: Annotated[
        str, typer.Option(help="Role session name and source identity.")
    ] = SESSION_NAME,
    as_json: Json = False,
) -> None:
    """Print the variables that point aws, boto3, the CDK CLI and git to the local AWS, for eval."""
    wanted = Identity(account=account, role=role, region=region, session_name=session_name)
    variables = wanted.variables(local_aws.require())
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    programs = os.pathsep.join(map(shlex.quote, local_aws.installed_programs()))
    sys.stdout.write(f"export PATH={programs}:$PATH\n")
    # A session token or profile of a real account would override the keys above.
    unset = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"]
    sys.stdout.write(f"unset {' '.join(name for name in unset if name not in variables)}\n")


@app.command()
def deploy(config: Config = None) -> None:
    """Bootstrap the accounts and deploy the app in cdk.json with the CDK CLI."""
    aws = local_aws.require()

    def work(board: Board, commands: Commands) -> None:
        tool = Cdk(commands)
        with board.step("synthesise"):
            tool.synth(config)
        for environment in environments(ASSEMBLY, aws.account, aws.region):
            with board.step("bootstrap", detail=environment):
                tool.bootstrap(aws, environment)
        with board.step("deploy stacks"):
            tool.deploy(aws, board, ("deploy stacks",))

    with_board(work)


@app.command()
def down(
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete its state, too: stacks, models, repositories.")
    ] = False,
) -> None:
    """Stop the local AWS with all its processes; `rehearse up` continues with its state."""
    ran = server_process.stop(keep=not delete)
    done = "The local AWS was stopped." if ran else "The local AWS was not running."
    state = local_aws.STATE_DIRECTORY
    if delete:
        done += " Its state was deleted; the clones in build/rehearsal/projects are kept."
    elif state.exists():
        done += f" Its state is kept in {state}; `rehearse down --delete` deletes it."
    out.print(done, soft_wrap=True, highlight=False)


cli_project.register(app)
drift.register(app)
report.register(app)
lineage.register(app)
connection.register(app)
image.register(app)
