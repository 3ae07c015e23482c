"""Connections to git providers: which there are, and a person's consent to one of them."""

from __future__ import annotations

import ssl
import urllib.request
from dataclasses import dataclass
from urllib.error import HTTPError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws

_SECONDS = 30


@dataclass(frozen=True)
class Connection:
    """A connection of the local AWS, in its first account and region."""

    name: str
    arn: str
    status: str
    url: str

    @property
    def remote(self) -> str:
        """Address of the repositories behind it, for git."""
        return f"{self.url}/OWNER/REPOSITORY.git"


def connections(aws: LocalAws) -> list[Connection]:
    """All connections, by their names."""
    answer = aws.client("codeconnections").list_connections()
    found = [
        Connection(
            name=one["ConnectionName"],
            arn=one["ConnectionArn"],
            status=one["ConnectionStatus"],
            url=f"{aws.url}/connections/{one['ConnectionArn'].rpartition('/')[2]}",
        )
        for one in answer["Connections"]
    ]
    return sorted(found, key=lambda one: (one.name, one.arn))


def authorize(aws: LocalAws, wanted: str) -> Connection:
    """Consents to a connection, as a person does at the provider; what is AVAILABLE stays so.

    `wanted` is its name, or its ARN where two have one name. Raises `RehearsalError` when there
    is no such connection, or several.
    """
    there = connections(aws)
    found = [one for one in there if wanted in (one.name, one.arn)]
    if len(found) != 1:
        what = "There is no connection" if not found else f"{len(found)} connections are called"
        listed = [f"{one.name} ({one.status}): {one.arn}" for one in found or there]
        raise RehearsalError(
            f"{what} {wanted!r}.",
            "\n".join(listed) or "There are none in this account and region.",
            "Name one of these, or its ARN." if listed else "Deploy a stack that defines one.",
        )
    _shake_hands(aws, found[0])
    return next(one for one in connections(aws) if one.arn == found[0].arn)


def _shake_hands(aws: LocalAws, connection: Connection) -> None:
    request = urllib.request.Request(f"{connection.url}/handshake", method="POST")  # noqa: S310
    trust = ssl.create_default_context(cafile=str(aws.ca_bundle))
    # Without the proxies of the environment: the local AWS is on this machine.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    try:
        with opener.open(request, timeout=_SECONDS):
            pass
    except HTTPError as error:
        raise RehearsalError(
            f"The connection {connection.name!r} could not be authorised.",
            error.read().decode(errors="replace").strip(),
        ) from error
