"""The command that writes the report of a project, from AWS's own records."""

from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cli.terminal import Json, Name, out, print_json
from rehearsal.client import local_aws, places, project, real_account
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import BUILD_DIRECTORY, LocalAws
from rehearsal.story import history
from rehearsal.story import report as page


def register(app: typer.Typer) -> None:
    """Adds the command to the app."""
    app.command("report")(write_report)


def write_report(
    name: Name,
    aws: Annotated[
        bool, typer.Option("--aws", help="Read a real account with the shell's credentials.")
    ] = False,
    stage: Annotated[str, typer.Option(help="Stage of the endpoint.")] = "prod",
    profile: Annotated[str, typer.Option(help="Profile of the AWS configuration; --aws.")] = "",
    region: Annotated[str, typer.Option(help="Region; with --aws.")] = "",
    output: Annotated[Path | None, typer.Option(help="File of the page.")] = None,
    as_json: Json = False,
) -> None:
    """Write the life of a project's model as a page; it reads AWS and changes nothing."""
    if (profile or region) and not aws:
        raise RehearsalError(
            "--profile and --region require --aws.", "", "Pass --aws, or remove them."
        )
    account: LocalAws
    if aws:
        account = real_account.connect(profile, region)
    else:
        account = places.of_project(local_aws.require(), name)
    found, reports = history.read(account, project.find(account, name), stage)
    path = output or BUILD_DIRECTORY / f"{name}.html"
    page.write(path, found, reports)
    if as_json:
        print_json({"report": str(path), "events": len(found.life.events)})
    else:
        out.print(str(path), soft_wrap=True, highlight=False)
