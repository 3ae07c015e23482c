"""The pipeline that deploys the stacks of the other sections from this repository."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.checked_text import matching
from stacks.settings.model import Alias, InAccount, SettingsModel, unique
from stacks.settings.names import (
    Branch,
    ConnectionName,
    Owner,
    Question,
    RepositoryName,
    ResourceName,
)

WaveName = Annotated[
    str,
    matching(r"[A-Z][A-Za-z0-9]{0,19}", "up to 20 letters and digits, a capital letter first"),
]


class RepositorySettings(SettingsModel):
    """A repository behind a connection."""

    connection: ConnectionName
    """Connection of the section `connections`, in the account of the pipeline."""
    owner: Owner
    repository: RepositoryName


class WaveSettings(SettingsModel):
    """Accounts that are deployed together, and the approvals before."""

    accounts: Annotated[list[Alias], Field(min_length=1), AfterValidator(unique)]
    """Accounts by their aliases."""
    name: WaveName | None = None
    """Name of the wave. Defaults to the aliases of its accounts, such as Dev."""
    approval: Question | None = None
    """Question of a manual approval before the deployment. Defaults to no approval."""
    confirm_permissions: bool = False
    """True if broadened permissions or networks need a confirmation. Defaults to false."""

    @property
    def stage_name(self) -> str:
        """The configured name, else one made of the aliases, up to 20 characters."""
        words = "-".join(self.accounts).split("-")
        return self.name or "".join(word.capitalize() for word in words)[:20]


class PlatformPipelineSettings(InAccount):
    """The pipeline that deploys the accounts of its waves on each push to this repository."""

    name: ResourceName = "platform"
    """Name of the pipeline. Defaults to platform."""
    branch: Branch = "main"
    """Branch whose pushes start the pipeline. Defaults to main."""
    source: RepositorySettings | None = None
    """The repository. Defaults to a new CodeCommit repository with the name of the pipeline."""
    waves: Annotated[list[WaveSettings], Field(min_length=1)]
    """The accounts in the order of deployment."""
