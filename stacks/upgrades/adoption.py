"""The command `adopt`: the stores that a deleted project left, as settings of a new one."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stacks.settings import DEFAULT_SETTINGS, Account, Settings, SettingsError, load_settings
from stacks.upgrades.commands import UpgradeError, aws, signed_in

ADOPT_COMMAND = "adopt"
_OF_TEMPLATES = ("SP-", "SC-")
"""Prefixes of the stacks of projects that SageMaker and Service Catalog create."""


def add_adopt_command(commands: Any) -> None:
    """Adds the command to a parser.

    Args:
        commands: subparsers of `argparse`.
    """
    parser: argparse.ArgumentParser = commands.add_parser(ADOPT_COMMAND)
    parser.add_argument("project", help="name of the deleted project")
    parser.add_argument("--config", type=Path, default=Path(DEFAULT_SETTINGS), help="settings file")
    parser.add_argument(
        "--in", dest="alias", help="alias of the account; needed for a project without settings"
    )


def run_adopt_command(given: argparse.Namespace) -> int:
    """Prints the key `adopt` of a project; returns the exit code.

    Args:
        given: the parsed command line.
    """
    try:
        settings = load_settings(given.config)
        account = _account(settings, given.project, given.alias)
        stores = retained_stores(
            given.project,
            account=account,
            stack_name=f"{settings.defaults_in(account).prefix}Project-{given.project}",
        )
    except (SettingsError, UpgradeError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - output of the command
        return 2
    print("\n".join(["adopt:", *(f"  {key}: {value}" for key, value in stores.items())]))  # noqa: T201
    return 0


def retained_stores(project: str, *, account: Account, stack_name: str) -> dict[str, str]:
    """Returns the bucket, the key and the image repository of the project that was deleted last.

    Args:
        project: name of the project.
        account: account of the project.
        stack_name: name of the stack that the settings define for it; stacks of projects from
            templates are found by their outputs.

    Raises:
        UpgradeError: the project still exists, CloudFormation remembers no deleted one, or its
            stores are gone.

    Source: "ListStacks" in the CloudFormation API Reference: deleted stacks are listed for 90 days.
    """
    signed_in(account.id, account.region)
    for stack in _stacks(account.region):
        if stack["StackName"] == stack_name and stack["StackStatus"] != "DELETE_COMPLETE":
            raise UpgradeError(
                f"{project}: got the stack {stack_name} in the state {stack['StackStatus']}; "
                "delete it first, its stores are in use"
            )
    for outputs in _deleted(stack_name, account.region):
        if outputs.get("ModelPackageGroupName") == project:
            stores = {
                "bucket": outputs["ArtifactBucketName"],
                "key": outputs["ArtifactKeyArn"],
                "images": outputs["ImageRepositoryUri"].partition("/")[2],
            }
            _check(project, stores, account.region)
            return stores
    raise UpgradeError(
        f"{project}: got no deleted stack of the project in {account.id}, {account.region}; "
        "CloudFormation lists deleted stacks for 90 days. Write bucket, key and images into adopt "
        "by hand, or remove adopt"
    )


def _account(settings: Settings, project: str, alias: str | None) -> Account:
    if alias is not None:
        if alias not in settings.accounts:
            raise SettingsError(
                f"--in: got {alias}; allowed are the accounts {', '.join(settings.accounts)}"
            )
        return settings.account(alias)
    for one in settings.projects:
        if one.name == project:
            return settings.account_of(one)
    if len(settings.accounts) == 1:
        return settings.account(next(iter(settings.accounts)))
    raise SettingsError(
        f"{project}: got no project of this name in the settings; add --in with the account, one "
        f"of {', '.join(settings.accounts)}"
    )


def _stacks(region: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = aws("cloudformation", "list-stacks", region=region)[
        "StackSummaries"
    ]
    return found


def _deleted(stack_name: str, region: str) -> Iterator[dict[str, str]]:
    """Yields the outputs of deleted stacks that can be those of a project, the newest first."""
    found = [
        one
        for one in _stacks(region)
        if one["StackStatus"] == "DELETE_COMPLETE"
        if one["StackName"] == stack_name or one["StackName"].startswith(_OF_TEMPLATES)
    ]
    for one in sorted(found, key=lambda stack: str(stack["CreationTime"]), reverse=True):
        (stack,) = aws(
            "cloudformation", "describe-stacks", "--stack-name", one["StackId"], region=region
        )["Stacks"]
        yield {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def _check(project: str, stores: Mapping[str, str], region: str) -> None:
    """Raises an error that names every store that cannot be adopted."""
    gone = []
    for name, call in (
        ("bucket", ("s3api", "head-bucket", "--bucket", stores["bucket"])),
        ("images", ("ecr", "describe-repositories", "--repository-names", stores["images"])),
    ):
        try:
            aws(*call, region=region)
        except UpgradeError as error:
            gone.append(f"{name} {stores[name]} ({error})")
    key = aws("kms", "describe-key", "--key-id", stores["key"], region=region)["KeyMetadata"]
    if key["KeyState"] != "Enabled":
        gone.append(
            f"key {stores['key']} ({key['KeyState']}; a key that waits for its deletion can be "
            "restored: aws kms cancel-key-deletion, then enable-key)"
        )
    if gone:
        raise UpgradeError(
            f"{project}: got stores that cannot be adopted: {'; '.join(gone)}. A project that was "
            "deleted with removal: destroy leaves none; remove adopt"
        )
