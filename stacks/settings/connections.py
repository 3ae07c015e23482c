"""Connections to git providers."""

from typing import Annotated

from pydantic import Field, model_validator

from mlops_constructs.delivery import GitProvider
from stacks.settings.checked_text import matching
from stacks.settings.model import InAccounts
from stacks.settings.names import ConnectionName

_SELF_HOSTED = {GitProvider.GITHUB_ENTERPRISE_SERVER, GitProvider.GITLAB_SELF_MANAGED}
HostArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:code(?:star-)?connections:[a-z0-9-]+:[0-9]{12}:host/[A-Za-z0-9_/-]+",
        "the ARN of a host, arn:aws:codeconnections:REGION:ACCOUNT:host/NAME",
    ),
]
ConnectionArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:code(?:star-)?connections:[a-z0-9-]+:[0-9]{12}:connection/[A-Za-z0-9_-]+",
        "the ARN of a connection",
    ),
]


class ConnectionSettings(InAccounts):
    """A connection to a git provider, which must be authorised once in the console."""

    name: ConnectionName
    provider: Annotated[GitProvider, Field(strict=False)]
    """The git provider."""
    host_arn: HostArn | None = None
    """Host of a self-hosted provider. Defaults to none."""
    existing_arn: ConnectionArn | None = None
    """Existing connection. Defaults to a new one."""

    @model_validator(mode="after")
    def _has_its_host(self) -> "ConnectionSettings":
        needed = self.provider in _SELF_HOSTED and self.existing_arn is None
        if needed and self.host_arn is None:
            raise ValueError(f"host_arn with {self.provider.value}, which you host yourself")
        if self.host_arn is not None and not needed:
            raise ValueError("host_arn only for a new connection to a provider that you host")
        return self
