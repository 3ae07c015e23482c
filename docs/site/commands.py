"""Reference of the commands: `rehearse` from its typer app, `make` from the Makefile."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import typer.main

from docs.site.links import ROOT

APP = "rehearsal.cli.main:app"
_TARGET = re.compile(r"^([a-z-]+):.*?## (.+)$", re.M)


def commands() -> Iterator[tuple[str, Any]]:
    """Yields the full name and the click command of each command and group."""
    module, _, name = APP.partition(":")
    app = getattr(importlib.import_module(module), name)
    yield from _below("rehearse", typer.main.get_command(app))


def page() -> str:
    """Returns the text of the page."""
    lines = ["# Commands", "", "## rehearse", ""]
    for name, command in commands():
        if name != "rehearse":
            lines += ["", f"### {name}", ""]
        lines += [_prose(command.help), ""]
        if rows := [_row(one) for one in command.params if not _is_help(one)]:
            lines += ["| parameter | default | description |", "|---|---|---|", *rows, ""]
    lines += ["", "## make", "", "| target | effect |", "|---|---|"]
    targets = _TARGET.findall((ROOT / "Makefile").read_text())
    lines += [f"| `make {name}` | {_cell(text)} |" for name, text in targets]
    return "\n".join(lines) + "\n"


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child_name, child in getattr(command, "commands", {}).items():
        yield from _below(f"{name} {child_name}", child)


def _row(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    names = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.name.upper()]
    shown = ", ".join(f"`{name}`" for name in names)
    default = "required" if parameter.required else _default(parameter.default)
    return f"| {shown} | {default} | {_cell(getattr(parameter, 'help', None))} |"


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value in (None, "", []) or callable(value) else f"`{value}`"


def _is_help(parameter: Any) -> bool:
    return "--help" in parameter.opts


def _prose(text: str | None) -> str:
    return (text or "").strip()


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
