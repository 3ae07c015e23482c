"""A client that calls a web application as its server does, without a port."""

import asyncio
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from mlops_jobs.serving.application import Application


@dataclass
class Response:
    """A response of the application."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    """Starts the application, and stops it at the end of the `with` block."""

    def __init__(self, app: Application, stack: ExitStack) -> None:
        self._app = app
        self._runner = stack.enter_context(asyncio.Runner())
        self._runner.run(self._start())
        stack.callback(lambda: self._runner.run(self._stop()))

    async def _start(self) -> None:
        self._events: asyncio.Queue[Any] = asyncio.Queue()
        replies: asyncio.Queue[Any] = asyncio.Queue()
        await self._events.put({"type": "lifespan.startup"})
        application = self._app({"type": "lifespan"}, self._events.get, replies.put)
        self._lifespan = asyncio.ensure_future(application)
        assert await replies.get() == {"type": "lifespan.startup.complete"}

    async def _stop(self) -> None:
        await self._events.put({"type": "lifespan.shutdown"})
        await self._lifespan

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Response:
        response = Response()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                response.status = message["status"]
                pairs = ((name.decode(), value.decode()) for name, value in message["headers"])
                response.headers = dict(pairs)
            else:
                response.content += message.get("body", b"")

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        }
        self._runner.run(self._app(scope, receive, send))
        return response
