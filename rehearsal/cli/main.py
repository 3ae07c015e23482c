"""The command `rehearse`: a local AWS in which the loop from push to endpoint really runs."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cli import connection
from rehearsal.cli import project as cli_project
from rehearsal.cli.terminal import Config, Json, Port, err, fail, out, print_json, say, with_board
from rehearsal.client import local_aws, server_process
from rehearsal.client.cdk import ASSEMBLY, Cdk, environments
from rehearsal.client.errors import RehearsalError, explain
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board
from rehearsal.client.training_data import TrainingData
from rehearsal.story.runner import REPORT, SUMMARY, internal_error, run_story
from rehearsal.story.story import Options

app = typer.Typer(
    help=__doc__,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Runs a command; whatever goes wrong ends as one message and a status other than 0."""
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
    project_name: Annotated[str, typer.Option("--project", help="The project.")] = "rehearsal",
    config: Config = None,
    data: Annotated[Path | None, typer.Option(help="Train on this CSV file instead.")] = None,
    target: Annotated[str, typer.Option(help="The column of --data to predict.")] = "",
    problem_type: Annotated[
        str, typer.Option(help="binary, multiclass or regression; found out when left out.")
    ] = "",
    no_header: Annotated[bool, typer.Option("--no-header", help="--data has no names.")] = False,
    drop: Annotated[list[str] | None, typer.Option(help="A column not to use; repeatable.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="What a model of --data must reach; else: as guessing.")
    ] = None,
    port: Port = 0,
    keep_up: Annotated[bool, typer.Option("--keep-up", help="Leave the local AWS up.")] = False,
    as_json: Json = False,
) -> None:
    """The whole story: deploy, create a project, push, approve, predict. (the default)"""
    chosen = None
    if data:
        chosen = TrainingData(
            data, target, problem_type, not no_header, tuple(drop or ()), threshold
        )
        chosen.check()
    elif target or problem_type or no_header or drop or threshold is not None:
        raise RehearsalError(
            "--target, --problem-type, --no-header, --drop and --threshold belong to --data."
        )
    done = run_story(
        Options(project_name, config, chosen, port), err if as_json else out, keep_up=keep_up
    )
    if as_json:
        out.print_json(json.dumps(asdict(done)))
    if done.failure:
        failure = done.failure
        say(RehearsalError(failure.what, failure.why, failure.remedy))
        for line in failure.log[-30:]:
            err.print(f"  {line}", style="dim", markup=False, highlight=False, soft_wrap=True)
    if not as_json:
        out.print(f"{SUMMARY}\n{REPORT}", highlight=False)
    if done.status == "interrupted":
        err.print("Stopped. Nothing is left running.")
        sys.exit(130)
    sys.exit(0 if done.status == "succeeded" else 1)


@app.command()
def up(port: Port = 0, as_json: Json = False) -> None:
    """Start the local AWS and leave it running."""
    aws, started = server_process.start(port=port)
    if as_json:
        print_json({"url": aws.url, "pid": aws.pid, "started": started})
        return
    word = "is up" if started else "runs already"
    out.print(f"[green]✓[/green] The local AWS {word}: [bold]{aws.url}[/bold] (process {aws.pid})")
    out.print(
        "\nPoint aws, boto3 and git of this shell at it:\n"
        '  [cyan]eval "$(python -m rehearsal env)"[/cyan]\n\nThen for instance:\n'
        "  aws sts get-caller-identity\n"
        "  aws codepipeline get-pipeline-state --name NAME-model-build\n"
        "  aws sagemaker describe-endpoint --endpoint-name NAME-prod",
        highlight=False,
    )


@app.command()
def env(as_json: Json = False) -> None:
    """Print what points aws, boto3, the CDK CLI and git at the local AWS, for eval."""
    variables = local_aws.require().variables()
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    programs = os.pathsep.join(map(shlex.quote, local_aws.installed_programs()))
    sys.stdout.write(f"export PATH={programs}:$PATH\n")
    # A session token or profile of the real AWS would win over the keys above.
    sys.stdout.write("unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE\n")


@app.command()
def deploy(config: Config = None) -> None:
    """Bootstrap the accounts and deploy the app that cdk.json names, with the real CDK CLI."""
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
    keep: Annotated[bool, typer.Option("--keep", help="Keep its files in build/.")] = False,
) -> None:
    """Stop the local AWS and everything it started, and remove its files."""
    ran = server_process.stop(keep=keep)
    out.print("The local AWS is down." if ran else "The local AWS was not up.")


cli_project.register(app)
connection.register(app)
