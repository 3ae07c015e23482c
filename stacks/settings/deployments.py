"""Stacks of an organisation, each with its account and its section of the settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stacks.settings.accounts import Account
from stacks.settings.errors import Location
from stacks.settings.organisation import DEPLOYED, Settings

STACKS = {
    "logs": "Foundation",
    "network": "Network",
    "connections": "Connections",
    "studio": "Studio",
    "feature_store": "FeatureStore",
    "registry": "Registry",
    "project_templates": "ProjectTemplates",
    "budgets": "Budgets",
    "platform_pipeline": "PlatformPipeline",
}
"""Stack of each section without projects."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A stack in an account.

    Args:
        stack: name of the stack without a prefix.
        account: account of the stack.
        section: section of the settings.
        place: keys and positions that lead to the entry of the section.
        entry: entry of the section.
    """

    stack: str
    account: Account
    section: str
    place: Location
    entry: Any

    @property
    def stack_name(self) -> str:
        """Name of the stack in its account."""
        return f"{self.account.prefix}{self.stack}"


def deployments(settings: Settings) -> Iterator[Deployment]:
    """Yields the stacks of all accounts, in the order of their deployment.

    A stack that several entries share, such as that of connections, occurs for each entry. Accounts
    that do not exist are skipped.

    Args:
        settings: settings of an organisation.
    """
    for section in DEPLOYED:
        for number, entry in enumerate(settings.entries(section)):
            place: Location = (section,) if section == "platform_pipeline" else (section, number)
            for alias in settings.aliases_of(entry):
                if alias in settings.accounts:
                    account = settings.account(alias)
                    for stack in _stacks(section, entry):
                        yield Deployment(
                            stack=stack,
                            account=account,
                            section=section,
                            place=place,
                            entry=entry,
                        )
            if section == "projects":
                yield from _targets(settings, entry, place)


def _stacks(section: str, entry: Any) -> list[str]:
    if section == "projects":
        return [f"Project-{entry.name}"]
    if section == "network" and entry.existing is not None:
        return []
    if section == "connections" and entry.existing_arn is not None:
        return []
    if section == "studio" and entry.people is not None:
        return [STACKS[section], "People"]
    return [STACKS[section]]


def _targets(settings: Settings, project: Any, place: Location) -> Iterator[Deployment]:
    """Yields the stacks of stages in other accounts or regions than that of the project."""
    home = settings.aliases_of(project)
    for stage in project.stages:
        if stage.in_ in settings.accounts and [stage.in_] != home:
            yield Deployment(
                stack=f"ProjectTarget-{project.name}-{stage.name}",
                account=settings.account(stage.in_),
                section="projects",
                place=place,
                entry=project,
            )
