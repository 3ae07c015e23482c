"""A boto3 client of a service behind the gateway, without a server."""

import asyncio
import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from rehearsal.framework.gateway import Gateway
from rehearsal.framework.platform import Scope
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.framework.service import Service
from tests.rehearsal.fakes import CALLER, SCOPE


@dataclass(frozen=True)
class Evaluation:
    """A request that the gateway had IAM evaluate."""

    action: str
    resource_arn: str
    keys: Mapping[str, Any]


@dataclass
class InProcess:
    """A gateway with one service; IAM allows everything and every evaluation is kept.

    Args:
        service: the service to serve.
        evaluations: the evaluations so far. Defaults to none.
    """

    service: Service
    evaluations: list[Evaluation] = field(default_factory=list)

    def __post_init__(self) -> None:
        executor = ThreadPoolExecutor(max_workers=1)
        self._gateway = Gateway([self.service], authorizer=self, executor=executor)

    def authorize_request(
        self,
        http: HttpRequest,
        *,
        action: str,
        resource_arn: str,
        scope: Scope,
        context_keys: Mapping[str, Any],
    ) -> None:
        self.evaluations.append(Evaluation(action, resource_arn, dict(context_keys)))

    def client(self) -> Any:
        """Returns a client of the service, as boto3 makes it."""
        client: Any = boto3.client(  # type: ignore[call-overload]
            self.service.name,
            region_name=SCOPE.region,
            aws_access_key_id=SCOPE.account,
            aws_secret_access_key="any",
        )
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        body: Any = request.body or b""
        http = HttpRequest(
            method=request.method,
            path=unquote(url.path),
            headers={name.lower(): _text(value) for name, value in request.headers.items()},
            query=parse_qs(url.query, keep_blank_values=True),
            body=body if isinstance(body, bytes) else body.encode(),
        )
        (signing_name,) = self._gateway.target_prefixes
        status, headers, content = asyncio.run(
            self._gateway.handle(signing_name, http, SCOPE, CALLER.caller_arn)
        )
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Raw(content))


class _Raw(io.BytesIO):
    """A body with the interface of urllib3."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
