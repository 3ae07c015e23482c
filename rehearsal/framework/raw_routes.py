"""HTTP routes of services outside of AWS's protocols, such as git over HTTPS."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol
from urllib.parse import parse_qs

from rehearsal.framework.service import RawHandler

Application = Callable[[Any, Any, Any], Awaitable[None]]
_log = logging.getLogger("rehearsal.gateway")


class Routed(Protocol):
    """Something with raw routes, such as a service."""

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        """Returns the patterns of paths, and their handlers."""


class RawRoutes:
    """An ASGI application that serves raw routes and forwards all other requests.

    Args:
        application: the application for all other requests.
        services: the services with raw routes.
        executor: runs the handlers.
    """

    def __init__(
        self, application: Application, services: Sequence[Routed], executor: Executor
    ) -> None:
        self._application = application
        self._executor = executor
        self._routes: list[tuple[re.Pattern[str], RawHandler]] = [
            route for service in services for route in service.raw_routes()
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        handler = self._handler(scope) if scope["type"] == "http" else None
        if handler is None:
            await self._application(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:  # the client has disconnected
            return
        status, headers, content = await asyncio.get_running_loop().run_in_executor(
            self._executor, _run, handler, scope, body
        )
        lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        if not any(name == b"content-length" for name, _ in lines):
            lines.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": content})

    def _handler(self, scope: Any) -> RawHandler | None:
        for pattern, handler in self._routes:
            if pattern.fullmatch(scope["path"]):
                return handler
        return None


async def _read(receive: Any) -> bytes | None:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _run(handler: RawHandler, scope: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
    headers = {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    if headers.get("content-encoding") == "gzip":  # git compresses its requests
        body = gzip.decompress(body)
        del headers["content-encoding"]
    try:
        return handler(scope["method"], scope["path"], query, headers, body)
    except Exception as error:
        _log.exception("%s %s failed", scope["method"], scope["path"])
        message = f"{type(error).__name__}: {error}\n".encode()
        return 500, {"Content-Type": "text/plain"}, message
