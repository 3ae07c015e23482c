"""The web application that SageMaker calls: `GET /ping` and `POST /invocations`.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tabular.failure import InputError
from tabular.invocation import CSV, JSON, AnswerWriter, RowReader
from tabular.predictor import Predictor

MODEL = Path("/opt/ml/model")
LONGEST_INLINE = 64 * 1024  # a larger body is answered in a thread, so that /ping is not late


class Invocations:
    """Answers requests with one model.

    Parameters:
        predictor: the model.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._reader = RowReader(predictor.schema)
        self._writer = AnswerWriter(predictor.schema)
        # The first prediction sets up buffers: it should not be a user's.
        self._predictor.predict([[None] for _ in predictor.schema.features])

    def answer(self, body: bytes, content_type: str, accept: str) -> bytes:
        """The answer to a body.

        Parameters:
            body: the request's.
            content_type: its format, `text/csv` or `application/json`.
            accept: the format of the answer.

        Raises:
            InputError: if a row cannot be read; the message names row, column, got and expected.
        """
        columns = self._reader.csv(body) if content_type == CSV else self._reader.json(body)
        answers = self._predictor.predict(columns)
        return self._writer.csv(answers) if accept == CSV else self._writer.json(answers)

    async def invoke(self, request: Request) -> Response:
        """The endpoint `/invocations`."""
        content_type = _media_type(request.headers.get("content-type", ""))
        if content_type not in (CSV, JSON):
            return _refusal(415, f"got Content-Type {content_type!r}; allowed: {CSV}, {JSON}")
        accept = _accepted(request.headers.get("accept", ""), content_type)
        if accept is None:
            got = request.headers["accept"]
            return _refusal(406, f"got Accept {got!r}; allowed: {CSV}, {JSON}")
        body = await request.body()
        if not body.strip():
            return _refusal(400, "the body is empty; expected rows")
        try:
            if len(body) <= LONGEST_INLINE:
                answer = self.answer(body, content_type, accept)
            else:
                answer = await asyncio.to_thread(self.answer, body, content_type, accept)
        except InputError as error:
            return _refusal(400, str(error))
        return Response(answer, media_type=accept)


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _accepted(header: str, content_type: str) -> str | None:
    """The first format of an Accept header that is offered; None if there is none."""
    if not header:
        return content_type
    for entry in header.split(","):
        match _media_type(entry):
            case "*/*":
                return content_type
            case "text/csv" | "text/*":
                return CSV
            case "application/json" | "application/*":
                return JSON
    return None


def _refusal(status: int, message: str) -> Response:
    return Response(json.dumps({"error": message}), status, media_type=JSON)


def create() -> Starlette:
    """The application, with the model below `SM_MODEL_DIR` (default `/opt/ml/model`)."""
    invocations: list[Invocations] = []

    @asynccontextmanager
    async def load(_: Starlette) -> AsyncIterator[None]:
        folder = Path(os.environ.get("SM_MODEL_DIR", MODEL))
        invocations.append(Invocations(Predictor.in_folder(folder)))
        yield

    async def ping(_: Request) -> Response:
        return Response(status_code=200)

    async def invoke(request: Request) -> Response:
        return await invocations[0].invoke(request)

    routes = [
        Route("/ping", ping, methods=["GET"]),
        Route("/invocations", invoke, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=load)
