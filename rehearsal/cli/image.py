"""Commands for images: build one of your own for jobs and endpoints."""

from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cli.terminal import Json, err, out, print_json
from rehearsal.client import images, local_aws

commands = typer.Typer(help="Images for jobs and endpoints, built from your own Dockerfile.")


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.add_typer(commands, name="image")


@commands.callback()
def image() -> None:
    """Keeps `build` a subcommand, although it is the only one."""


@commands.command("build")
def build(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the build context.")],
    tag: Annotated[
        str, typer.Option("--tag", "-t", help="REPOSITORY[:TAG] in Amazon ECR; it must exist.")
    ],
    dockerfile: Annotated[
        str, typer.Option("--file", "-f", help="Path of the Dockerfile in DIR.")
    ] = "Dockerfile",
    as_json: Json = False,
) -> None:
    """Build an image from a Dockerfile, and push it to Amazon ECR."""

    def log(line: str) -> None:
        (err if as_json else out).print(line, highlight=False, markup=False, soft_wrap=True)

    done = images.build_and_push(
        local_aws.require(), directory, tag, dockerfile=dockerfile, output=log
    )
    if as_json:
        print_json({"uri": done.uri, "digest": done.digest})
        return
    out.print(f"[green]✓[/green] {done.uri}", highlight=False, soft_wrap=True)
