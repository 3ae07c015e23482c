"""Commands for connections to git providers: list and authorize them."""

from typing import Annotated

import typer

from rehearsal.cli.terminal import Json, out, print_json
from rehearsal.client import connection, local_aws
from rehearsal.client.connection import Connection

connections = typer.Typer(help="Connections to git providers outside of AWS.")


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.add_typer(connections, name="connection")


@connections.command("list")
def list_connections(as_json: Json = False) -> None:
    """List the connections with their status."""
    found = connection.connections(local_aws.require())
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    for one in found:
        out.print(f"{one.name}  {one.status}  {one.arn}", highlight=False, soft_wrap=True)


@connections.command("authorize")
def authorize(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name or ARN of the connection.")],
    as_json: Json = False,
) -> None:
    """Authorize a pending connection, as you would on the provider's page."""
    done = connection.authorize(local_aws.require(), name)
    if as_json:
        print_json(_as_json(done))
        return
    out.print(f"[green]✓[/green] {done.name} is {done.status}. A push creates the repository:")
    out.print(f"  git push {done.remote} main", highlight=False, soft_wrap=True, markup=False)


def _as_json(one: Connection) -> dict[str, str]:
    return {"name": one.name, "arn": one.arn, "status": one.status, "remote": one.remote}
