"""All settings of an organisation."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from stacks.settings.accounts import Account, AccountSettings
from stacks.settings.budgets import BudgetSettings
from stacks.settings.connections import ConnectionSettings
from stacks.settings.defaults import DefaultSettings
from stacks.settings.feature_store import FeatureStoreSettings
from stacks.settings.logs import LogSettings
from stacks.settings.model import (
    Alias,
    InAccount,
    InAccounts,
    OneOrMore,
    SettingsModel,
    unique_names,
)
from stacks.settings.network import NetworkSettings
from stacks.settings.platform_pipeline import PlatformPipelineSettings
from stacks.settings.project_templates import ProjectTemplatesSettings
from stacks.settings.projects import ProjectSettings
from stacks.settings.registry import RegistrySettings
from stacks.settings.studio import StudioSettings

DEPLOYED = (
    "logs",
    "network",
    "connections",
    "studio",
    "feature_store",
    "registry",
    "project_templates",
    "projects",
    "budgets",
    "platform_pipeline",
)
"""Sections that deploy something, in the order of their stacks."""


class Settings(SettingsModel):
    """All settings of an organisation: accounts, and sections that are deployed to them.

    A section that is absent deploys nothing.
    """

    accounts: Annotated[
        dict[Alias, AccountSettings],
        Field(min_length=1, json_schema_extra={"additionalProperties": False}),
    ]
    """Accounts by aliases, to which `in` of the sections refers."""
    defaults: DefaultSettings = DefaultSettings()
    """Settings of every stack. Defaults to the defaults of its keys."""
    logs: Annotated[list[LogSettings], OneOrMore()] = []
    """Access logs and alarms. Defaults to none."""
    network: Annotated[list[NetworkSettings], OneOrMore()] = []
    """Networks, one for each account. Defaults to none."""
    connections: list[ConnectionSettings] = []
    """Connections to git providers. Defaults to none."""
    studio: Annotated[list[StudioSettings], OneOrMore()] = []
    """Studio domains, one for each account. Defaults to none."""
    feature_store: Annotated[list[FeatureStoreSettings], OneOrMore()] = []
    """Feature groups. Defaults to none."""
    registry: Annotated[list[RegistrySettings], OneOrMore()] = []
    """Model registries. Defaults to none beside those of projects."""
    project_templates: Annotated[list[ProjectTemplatesSettings], OneOrMore()] = []
    """Project templates. Defaults to none."""
    projects: list[ProjectSettings] = []
    """Projects that are deployed directly. Defaults to none."""
    budgets: Annotated[list[BudgetSettings], AfterValidator(unique_names)] = []
    """Monthly budgets. Defaults to none."""
    platform_pipeline: PlatformPipelineSettings | None = None
    """Pipeline that deploys accounts from this repository. Defaults to no pipeline."""

    @model_validator(mode="after")
    def _deploys(self) -> "Settings":
        if not any(getattr(self, section) for section in DEPLOYED):
            raise ValueError(f"the file deploys nothing; add one of {', '.join(DEPLOYED)}")
        return self

    def account(self, alias: str) -> Account:
        """Returns an account by its alias.

        Args:
            alias: alias of the account.
        """
        found = self.accounts[alias]
        return Account(
            alias=alias,
            id=found.id,
            region=found.region,
            replicas=tuple(found.replicas),
            prefix=self.defaults.prefix if found.prefix is None else found.prefix,
        )

    def aliases_of(self, section: InAccount | InAccounts) -> list[str]:
        """Returns the aliases of a section's accounts; the only account if it names none.

        Args:
            section: a section, or one of its entries.
        """
        given = section.in_
        if given is None:
            return list(self.accounts) if len(self.accounts) == 1 else []
        return [given] if isinstance(given, str) else list(given)

    def account_of(self, section: InAccount) -> Account:
        """Returns the account of a section or of a project.

        Args:
            section: a section, or one of its entries.
        """
        return self.account(self.aliases_of(section)[0])

    def accounts_of(self, section: InAccounts) -> list[Account]:
        """Returns the accounts of a section.

        Args:
            section: a section, or one of its entries.
        """
        return [self.account(alias) for alias in self.aliases_of(section)]

    def defaults_in(self, account: Account) -> DefaultSettings:
        """Returns the settings of every stack of an account, with the prefix of the account.

        Args:
            account: an account of these settings.
        """
        return self.defaults.model_copy(update={"prefix": account.prefix})

    def entries(self, section: str) -> list[Any]:
        """Returns the entries of a section in the order of the file.

        Args:
            section: key of the section.
        """
        found = getattr(self, section)
        return found if isinstance(found, list) else [] if found is None else [found]

    def entries_in(self, section: str, alias: str) -> Iterator[Any]:
        """Yields the entries of a section that are deployed to an account.

        Args:
            section: key of the section.
            alias: alias of the account.
        """
        for entry in self.entries(section):
            if alias in self.aliases_of(entry):
                yield entry
