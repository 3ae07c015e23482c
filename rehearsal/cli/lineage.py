"""The command that prints the lineage of an endpoint of the local AWS."""

import importlib.util
import subprocess
import sys
from typing import Annotated

import typer

from rehearsal.cli.terminal import Json
from rehearsal.client import local_aws
from rehearsal.client.errors import RehearsalError

_PROGRAM = "mlops_jobs.tracking.lineage"


def register(app: typer.Typer) -> None:
    """Adds the command to the app."""
    app.command("lineage")(print_lineage)


def print_lineage(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Name of the endpoint.")],
    account: Annotated[
        str, typer.Option(help="Account of the endpoint; default: the first one.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Print what an endpoint was made from: models, training, data, commit and MLflow run.

    In a real account: `python -m mlops_jobs.tracking.lineage ENDPOINT`.
    """
    aws = local_aws.require()
    if importlib.util.find_spec("mlops_jobs") is None:
        raise RehearsalError(
            "The lineage is read by the package mlops-jobs, which is not installed.",
            "",
            "pip install mlops-jobs",
        )
    there = aws.at(account) if account else aws
    command = [sys.executable, "-m", _PROGRAM, endpoint, *(["--json"] if as_json else [])]
    sys.exit(subprocess.run(command, env=there.environment(), check=False).returncode)
