"""The web application that SageMaker calls, as an ASGI application.

Two routes and no middleware need no framework, whose request and response objects would cost as
much time as the prediction of a row.

Source:
    https://asgi.readthedocs.io/en/stable/specs/www.html
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.model import LoadModel
from mlops_jobs.serving.invocations import Invocations, Response
from mlops_jobs.serving.media_types import CSV
from mlops_jobs.serving.online_features import OnlineFeatures

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LATIN = "latin-1"  # of HTTP headers
MODEL = Path("/opt/ml/model")
MAX_INLINE_BYTES = 64 * 1024  # larger bodies are predicted in a thread, so /ping is not delayed

_METHODS = {"/ping": "GET", "/invocations": "POST"}


class Application:
    """Serves `GET /ping` and `POST /invocations`.

    The model is loaded when the server starts the application, from the folder `SM_MODEL_DIR`,
    which defaults to `/opt/ml/model`. SageMaker sets `SAGEMAKER_BATCH` in the containers of batch
    transform jobs. `ONLINE_FEATURES` names features that are looked up.

    Args:
        load: loads the model of a folder.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    """

    def __init__(self, load: LoadModel) -> None:
        self._load = load
        self._invocations: Invocations | None = None
        self._looks_up = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handles one event of the server: its lifespan, or a request.

        Args:
            scope: description of the event.
            receive: receives the next message.
            send: sends a message.
        """
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await _send(await self._respond(scope, receive), send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            folder = Path(os.environ.get("SM_MODEL_DIR", MODEL))
            batch = os.environ.get("SAGEMAKER_BATCH", "").lower() == "true"
            online = OnlineFeatures.from_environment(os.environ)
            self._invocations = Invocations(self._load(folder), batch=batch, online=online)
            self._looks_up = online is not None
        except InputError as error:
            print(f"error: the model cannot be loaded: {error}", file=sys.stderr, flush=True)
            await send({"type": "lifespan.startup.failed"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _respond(self, scope: Message, receive: Receive) -> Response:
        method = _METHODS.get(scope["path"])
        if method != scope["method"]:
            return Response(
                status=405 if method else 404,
                content=b"allowed: GET /ping, POST /invocations\n",
                media_type="text/plain",
            )
        if method == "GET":
            return Response(status=200, content=b"", media_type=CSV)
        assert self._invocations is not None  # noqa: S101  no request precedes the lifespan
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        body = await _body(receive)
        # A look-up waits for the feature store, which must not delay /ping either.
        if len(body) <= MAX_INLINE_BYTES and not self._looks_up:
            return self._invocations.handle(headers, body)
        return await asyncio.to_thread(self._invocations.handle, headers, body)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def _send(response: Response, send: Send) -> None:
    kind = response.media_type + ("; charset=utf-8" if response.media_type == CSV else "")
    headers = [
        (b"content-length", b"%d" % len(response.content)),
        (b"content-type", kind.encode()),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
