"""What the commands share: where they print, options of the same meaning, errors, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from rehearsal.client.errors import RehearsalError
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board

Result = TypeVar("Result")

out = Console()
err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a project.")]
Config = Annotated[
    Path | None, typer.Option(help="Settings of the stacks: the app's context `config`.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")]


def say(error: RehearsalError) -> None:
    """Tells a person what went wrong, why, and what to do."""
    lines = [f"[bold red]✗[/bold red] [bold]{escape(error.what)}[/bold]"]
    lines += [f"  {escape(line)}" for line in error.why.splitlines()]
    lines += [f"  [cyan]{escape(line)}[/cyan]" for line in error.remedy.splitlines()]
    err.print("\n".join(lines), soft_wrap=not err.is_terminal, highlight=False)


def fail(error: RehearsalError) -> NoReturn:
    """Says what went wrong and ends with a status other than 0."""
    say(error)
    sys.exit(1)


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def with_board(work: Callable[[Board, Commands], Result]) -> Result:
    """Does work whose progress is shown; ends the programs that it runs when it ends early."""
    commands = Commands()
    try:
        with Board(err) as board:
            return work(board, commands)
    except KeyboardInterrupt:
        err.print("Stopped watching; what was started in the local AWS goes on.")
        sys.exit(130)
    finally:
        commands.close()
