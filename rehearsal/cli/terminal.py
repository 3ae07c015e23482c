"""Output, errors, progress and shared options of the commands."""

import json
import os
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

PIPED_WIDTH = 100
"""The width of output that no terminal shows."""

out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH)
err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the project.")]
Config = Annotated[
    Path | None, typer.Option(help="Settings file of the stacks: the app's context `config`.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 chooses a free one.")]


def print_error(error: RehearsalError) -> None:
    """Prints an error to standard error: the problem, its cause, the remedy."""
    lines = [f"[bold red]✗[/bold red] [bold]{escape(error.what)}[/bold]"]
    lines += [f"  {escape(line)}" for line in error.why.splitlines()]
    lines += [f"  [cyan]{escape(line)}[/cyan]" for line in error.remedy.splitlines()]
    err.print("\n".join(lines), soft_wrap=not err.is_terminal, highlight=False)


def fail(error: RehearsalError) -> NoReturn:
    """Prints an error and exits with status 1."""
    print_error(error)
    sys.exit(1)


def print_json(value: Any) -> None:
    """Prints a value as indented JSON to standard output."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def with_board(work: Callable[[Board, Commands], Result]) -> Result:
    """Runs a function while a board shows its progress; stops its programs if it is interrupted."""
    commands = Commands()
    try:
        with Board(err) as board:
            return work(board, commands)
    except KeyboardInterrupt:
        err.print("Interrupted. What was started in the local AWS keeps running.")
        sys.exit(130)
    finally:
        commands.close()
