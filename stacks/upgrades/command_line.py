"""The commands `projects` and `upgrade-projects`."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_constructs.projects import Seed
from stacks.seeds import seed_code, seeds_by_record
from stacks.settings import DEFAULT_SETTINGS, Settings, SettingsError, load_settings
from stacks.upgrades.commands import UpgradeError
from stacks.upgrades.upgrade import FAILED, RepositoryReport, examine_projects, upgrade_projects

UPGRADE_COMMANDS = ("projects", "upgrade-projects")
_COLUMNS = ("PROJECT", "REPOSITORY", "RECORDED", "NEWEST", "STATE")


def add_upgrade_commands(commands: Any) -> None:
    """Adds the commands to a parser.

    Args:
        commands: subparsers of `argparse`.
    """
    for name in UPGRADE_COMMANDS:
        parser: argparse.ArgumentParser = commands.add_parser(name)
        parser.add_argument(
            "--config", type=Path, default=Path(DEFAULT_SETTINGS), help="settings file"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
        if name == "upgrade-projects":
            parser.add_argument("--project", help="upgrade only this project")


def run_upgrade_command(given: argparse.Namespace) -> int:
    """Runs a command; returns its exit code, which is 1 if a repository could not be examined.

    Args:
        given: the parsed command line.
    """
    try:
        places = project_places(load_settings(given.config))
        seeds = seeds_by_record(seed_code())
        reports = _reports(given, places, seeds)
    except (SettingsError, UpgradeError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - output of the command
        return 2
    if given.json:
        text = json.dumps([one.content() for one in reports], indent=2)
    else:
        text = "\n".join(table(reports))
    print(text)  # noqa: T201 - output of the command
    return 1 if any(one.state == FAILED for one in reports) else 0


def _reports(
    given: argparse.Namespace, places: Sequence[tuple[str, str]], seeds: Mapping[str, Seed]
) -> list[RepositoryReport]:
    if given.command == "projects":
        return examine_projects(places, seeds)
    return upgrade_projects(places, seeds, only=given.project)


def project_places(settings: Settings) -> list[tuple[str, str]]:
    """Returns the accounts and regions that have projects or templates, each once.

    Args:
        settings: settings of an organisation.

    Raises:
        SettingsError: no section has projects.
    """
    entries = [*settings.entries("projects"), *settings.entries("project_templates")]
    accounts = [
        settings.account(alias) for entry in entries for alias in settings.aliases_of(entry)
    ]
    if not accounts:
        raise SettingsError(
            "the settings have no projects; add the section projects or project_templates"
        )
    return list(dict.fromkeys((one.id, one.region) for one in accounts))


def table(reports: Sequence[RepositoryReport]) -> Iterator[str]:
    """Yields the lines of a table, and the details below their rows."""
    if not reports:
        yield "There are no projects."
        return
    rows = [
        (one.project, one.repository, one.recorded or "?", one.newest or "?", _state(one))
        for one in reports
    ]
    widths = [max(len(row[column]) for row in (_COLUMNS, *rows)) for column in range(4)]
    for row, report in zip((_COLUMNS, *rows), (None, *reports), strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[-1]]).rstrip()
        if report is not None and report.detail:
            yield f"  {report.detail}"
        if report is not None and report.conflicts:
            yield f"  conflicts: {', '.join(report.conflicts)}"


def _state(report: RepositoryReport) -> str:
    return f"{report.state} ({report.changed} files)" if report.changed else report.state
