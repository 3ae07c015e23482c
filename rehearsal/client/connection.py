"""Connections to git providers: listing and authorization."""

import ssl
import urllib.request
from dataclasses import dataclass
from urllib.error import HTTPError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Connection:
    """A connection of the local AWS, in its first account and region."""

    name: str
    arn: str
    status: str
    url: str

    @property
    def remote(self) -> str:
        """URL of its repositories for git."""
        return f"{self.url}/OWNER/REPOSITORY.git"


def connections(aws: LocalAws) -> list[Connection]:
    """Returns all connections, sorted by name."""
    response = aws.client("codeconnections").list_connections()
    found = [
        Connection(
            name=one["ConnectionName"],
            arn=one["ConnectionArn"],
            status=one["ConnectionStatus"],
            url=f"{aws.url}/connections/{one['ConnectionArn'].rpartition('/')[2]}",
        )
        for one in response["Connections"]
    ]
    return sorted(found, key=lambda one: (one.name, one.arn))


def authorize(aws: LocalAws, wanted: str) -> Connection:
    """Authorizes a connection, as a user does on the provider's page; returns it.

    Args:
        aws: the local AWS.
        wanted: name of the connection, or its ARN if several share the name.

    Raises:
        RehearsalError: no connection or several connections match, or the provider rejects it.
    """
    existing = connections(aws)
    found = [one for one in existing if wanted in (one.name, one.arn)]
    if len(found) != 1:
        what = f"{len(found)} connections are named" if found else "There is no connection"
        listed = [f"{one.name} ({one.status}): {one.arn}" for one in found or existing]
        raise RehearsalError(
            f"{what} {wanted!r}.",
            "\n".join(listed) or "This account and region has no connections.",
            "Pass one of these names, or its ARN."
            if listed
            else "Deploy a stack that defines one.",
        )
    _complete_handshake(aws, found[0])
    return next(one for one in connections(aws) if one.arn == found[0].arn)


def _complete_handshake(aws: LocalAws, connection: Connection) -> None:
    request = urllib.request.Request(f"{connection.url}/handshake", method="POST")  # noqa: S310
    trust = ssl.create_default_context(cafile=str(aws.ca_bundle))
    # The local AWS is on this machine, so proxies of the environment do not apply.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS):
            pass
    except HTTPError as error:
        raise RehearsalError(
            f"The connection {connection.name!r} could not be authorised.",
            error.read().decode(errors="replace").strip(),
        ) from error
