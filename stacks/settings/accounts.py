"""Accounts of an organisation by their aliases."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from stacks.settings.defaults import Prefix
from stacks.settings.model import SettingsModel, unique
from stacks.settings.names import AccountId, Region


class AccountSettings(SettingsModel):
    """An account in one region.

    An account with several regions, or with several stages, has an alias for each of them.
    """

    id: AccountId
    region: Region
    replicas: Annotated[list[Region], AfterValidator(unique)] = []
    """Other regions in which pipelines of the account keep artifacts. Defaults to none."""
    prefix: Prefix | None = None
    """Prefix of the names of stacks. Defaults to that of `defaults`."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account that stacks are deployed to.

    Args:
        alias: name of the account in the settings.
        id: id of the account, 12 digits.
        region: region of the stacks.
        replicas: other regions in which pipelines of the account keep artifacts.
        prefix: prefix of the names of stacks.
    """

    alias: str
    id: str
    region: str
    replicas: tuple[str, ...] = ()
    prefix: str = ""
