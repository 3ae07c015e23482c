"""AWS CodeConnections: connections and hosts.

A connection is PENDING until a user authorises it, which the API does not support:
provider_endpoint.py is the replacement of the console, and with provider_api.py that of the
provider. git_endpoint.py is the service's git over HTTPS for AWS principals. Repository links and
sync configurations are not supported.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import RawHandler, Request, Response, Service
from rehearsal.framework.tags import TagOperations
from rehearsal.git.provider import GitProvider
from rehearsal.services.codeconnections.git_endpoint import ROUTE, ConnectionGitEndpoint
from rehearsal.services.codeconnections.provider_api import PULLS, REPOSITORIES, ProviderApi
from rehearsal.services.codeconnections.provider_endpoint import (
    CLOSE,
    GIT,
    HANDSHAKE,
    PULL_REQUESTS,
    ProviderEndpoint,
)
from rehearsal.services.codeconnections.request_rules import CODECONNECTIONS
from rehearsal.services.codeconnections.resource_types import RESOURCE_TYPES as RESOURCE_TYPES


@dataclass
class _Record:
    """A connection or a host; `shown` has the form of the API."""

    arn: str
    scope: Scope
    shown: dict[str, Any]


class CodeConnections(Service):
    """Connections and hosts of every account and region."""

    KEPT = ("_records",)

    name = "codeconnections"
    namespace = "codeconnections"
    rules = CODECONNECTIONS

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._provider = GitProvider.of(platform)
        self._endpoint = ProviderEndpoint(self._provider, self._arn_of)
        self._api = ProviderApi(self._provider, self._arn_of)
        self._git = ConnectionGitEndpoint(platform, self._provider, self._arn_of)
        self._records: dict[str, _Record] = {}
        self.compose(TagOperations(self.tags, lambda arn, _: self._find(arn)))

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        handle = self._endpoint.handle
        return [
            (ROUTE, self._git.handle),
            *((pattern, self._api.handle) for pattern in (REPOSITORIES, PULLS)),
            *((pattern, handle) for pattern in (HANDSHAKE, CLOSE, PULL_REQUESTS, GIT)),
        ]

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodeconnections.html
        """
        for member in ("ConnectionArn", "HostArn", "ResourceArn"):
            if member in request and operation != "CreateConnection":
                return [request[member]]
        return ["*"]

    def create_connection(self, request: Request, context: Context) -> Response:
        host = request.get("HostArn")
        provider = self._find(host, "host").shown["ProviderType"] if host else None
        provider = provider or request["ProviderType"]
        arn = context.scope.arn("codeconnections", f"connection/{uuid.uuid4()}")
        shown = {
            "ConnectionName": request["ConnectionName"],
            "ConnectionArn": arn,
            "ProviderType": provider,
            "OwnerAccountId": context.scope.account,
        }
        if host:
            shown["HostArn"] = host
        self._add(arn, context.scope, shown, request)
        return {"ConnectionArn": arn, "Tags": list(request.get("Tags", []))}

    def get_connection(self, request: Request, context: Context) -> Response:
        return {"Connection": self._connection(self._find(request["ConnectionArn"], "connection"))}

    def delete_connection(self, request: Request, context: Context) -> Response:
        """Deletes a connection; the provider keeps its repositories."""
        record = self._find(request["ConnectionArn"], "connection")
        with self.lock:
            del self._records[record.arn]
            self.tags.drop(record.arn)
        self._provider.available.discard(record.arn)
        return {}

    def list_connections(self, request: Request, context: Context) -> Response:
        wanted = {
            member: request[f"{member}Filter"]
            for member in ("ProviderType", "HostArn")
            if f"{member}Filter" in request
        }
        found = [
            self._connection(record)
            for record in self._of_kind(context.scope, "connection")
            if wanted.items() <= record.shown.items()
        ]
        return {"Connections": found}

    def create_host(self, request: Request, context: Context) -> Response:
        arn = context.scope.arn("codeconnections", f"host/{request['Name']}-{uuid.uuid4().hex[:8]}")
        members = ("Name", "ProviderType", "ProviderEndpoint", "VpcConfiguration")
        shown = {key: request[key] for key in members if key in request}
        self._add(arn, context.scope, {"Status": "PENDING", **shown}, request)
        return {"HostArn": arn, "Tags": list(request.get("Tags", []))}

    def get_host(self, request: Request, context: Context) -> Response:
        return dict(self._find(request["HostArn"], "host").shown)

    def update_host(self, request: Request, context: Context) -> Response:
        record = self._find(request["HostArn"], "host")
        with self.lock:
            for member in ("ProviderEndpoint", "VpcConfiguration"):
                if member in request:
                    record.shown[member] = request[member]
        return {}

    def delete_host(self, request: Request, context: Context) -> Response:
        record = self._find(request["HostArn"], "host")
        with self.lock:
            del self._records[record.arn]
            self.tags.drop(record.arn)
        return {}

    def list_hosts(self, request: Request, context: Context) -> Response:
        hosts = self._of_kind(context.scope, "host")
        return {"Hosts": [{**record.shown, "HostArn": record.arn} for record in hosts]}

    def _add(self, arn: str, scope: Scope, shown: dict[str, Any], request: Request) -> None:
        with self.lock:
            self._records[arn] = _Record(arn, scope, shown)
            self.tags.put(arn, request.get("Tags"))

    def _connection(self, record: _Record) -> dict[str, Any]:
        available = record.arn in self._provider.available
        return record.shown | {"ConnectionStatus": "AVAILABLE" if available else "PENDING"}

    def _find(self, arn: str, kind: str = "") -> _Record:
        with self.lock:
            record = self._records.get(arn)
        if record is None or f":{kind}" not in arn:
            raise AwsError("ResourceNotFoundException", f"There is no {kind or 'resource'} {arn}")
        return record

    def _of_kind(self, scope: Scope, kind: str) -> list[_Record]:
        with self.lock:
            records = list(self._records.values())
        return [one for one in records if one.scope == scope and f":{kind}/" in one.arn]

    def _arn_of(self, identifier: str) -> str | None:
        with self.lock:
            arns = [arn for arn in self._records if arn.endswith(f":connection/{identifier}")]
        return arns[0] if arns else None
