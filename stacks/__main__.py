"""Commands of a platform engineer.

python -m stacks schema                      writes the JSON schema of the settings files
python -m stacks plan --config X             shows the stacks of a settings file, their cost while
                                             idle, and the steps that need a user
python -m stacks execution-policy cdk.out    writes the permissions that CloudFormation needs to
                                             deploy an app that `cdk synth` has written
python -m stacks bootstrap cdk.out           writes them, and shows the commands that bootstrap
                                             each account and region with them
python -m stacks projects --config X         shows which projects are behind their seed
python -m stacks upgrade-projects --config X opens a pull request with the newest seed for each
python -m stacks adopt NAME --config X       shows the stores that a deleted project has left, as
                                             the key `adopt` of a new one
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from stacks.bootstrap.commands import bootstrap_commands
from stacks.bootstrap.execution_policy import write_policies
from stacks.plan.page import plan_of
from stacks.plan.synthesis import PlanError
from stacks.settings import DEFAULT_SETTINGS, SettingsError
from stacks.settings.schema import SCHEMA, settings_schema
from stacks.upgrades.adoption import ADOPT_COMMAND, add_adopt_command, run_adopt_command
from stacks.upgrades.command_line import (
    UPGRADE_COMMANDS,
    add_upgrade_commands,
    run_upgrade_command,
)

POLICIES = Path("build/execution-policy")


def main() -> None:
    """Runs a command."""
    parser = argparse.ArgumentParser(
        prog="python -m stacks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema")
    plan = commands.add_parser("plan")
    plan.add_argument("--config", type=Path, default=Path(DEFAULT_SETTINGS), help="settings file")
    plan.add_argument("--json", action="store_true", help="writes JSON")
    for one in (commands.add_parser("execution-policy"), commands.add_parser("bootstrap")):
        one.add_argument("assembly", type=Path, help="the output folder of `cdk synth`")
        one.add_argument("--output", type=Path, default=POLICIES, help=f"default: {POLICIES}")
    add_upgrade_commands(commands)
    add_adopt_command(commands)
    given = parser.parse_args()
    if given.command == "schema":
        SCHEMA.write_text(settings_schema())
        return
    if given.command == "plan":
        show_plan(given.config, as_json=given.json)
        return
    if given.command in UPGRADE_COMMANDS:
        sys.exit(run_upgrade_command(given))
    if given.command == ADOPT_COMMAND:
        sys.exit(run_adopt_command(given))
    if not (given.assembly / "manifest.json").exists():
        sys.exit(f"{given.assembly}: got no app; write one: npx cdk synth --quiet")
    lines: Iterable[object] = (
        bootstrap_commands(given.assembly, given.output)
        if given.command == "bootstrap"
        else write_policies(given.assembly, given.output)
    )
    for line in lines:
        print(line)  # noqa: T201 - output of the command


def show_plan(config: Path, *, as_json: bool) -> None:
    """Writes the plan of a settings file to the standard output."""
    try:
        found = plan_of(config)
    except (PlanError, SettingsError) as error:
        sys.exit(str(error))
    print(found.to_json() if as_json else found.to_text())  # noqa: T201 - output of the command


if __name__ == "__main__":
    main()
