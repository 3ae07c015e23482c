"""Model registry: groups beside those of projects, and accounts that use them."""

from typing import Annotated

from pydantic import AfterValidator

from stacks.settings.model import Alias, InAccount, unique
from stacks.settings.names import RemovalChoice, SageMakerName

Aliases = Annotated[list[Alias], AfterValidator(unique)]


class RegistrySettings(InAccount):
    """Model package groups of an account."""

    groups: Annotated[list[SageMakerName], AfterValidator(unique)] = []
    """Model package groups beside those that projects create. Defaults to none."""
    share_with: Aliases = []
    """Accounts that read versions and create models from them. Defaults to none."""
    read_from: Aliases = []
    """Accounts that list and read versions. Defaults to none."""
    approve_from: Aliases = []
    """Accounts that approve and reject versions. Defaults to none."""
    register_from: Aliases = []
    """Accounts that add versions, which need an approval. Defaults to none."""
    removal: RemovalChoice = None
    """Handling of groups when the stack is deleted. Defaults to that of `defaults`."""
