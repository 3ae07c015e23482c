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
from tabular.invocation import CSV, FORMATS, JSON, JSON_LINES, AnswerWriter, RowReader
from tabular.predictor import Predictor

MODEL = Path("/opt/ml/model")
LONGEST_INLINE = 64 * 1024  # a larger body is answered in a thread, so that /ping is not late
LONGEST_REFUSAL = 2000  # a message quotes what it refuses, however long that is


class Invocations:
    """Answers requests with one model.

    Args:
        predictor: the model.
        batch: whether a batch transform job asks. Its parts of a file have no heading, and a format
            of lines is answered by lines, so that the answers can be put together again.
    """

    def __init__(self, predictor: Predictor, *, batch: bool = False) -> None:
        self._predictor = predictor
        self._batch = batch
        reader = RowReader(predictor.schema, batch=batch)
        writer = AnswerWriter(predictor.schema)
        self._read = {CSV: reader.csv, JSON: reader.json, JSON_LINES: reader.json_lines}
        self._write = {CSV: writer.csv, JSON: writer.json, JSON_LINES: writer.json_lines}
        # The first prediction sets up buffers: it should not be a user's.
        self._predictor.predict([[None] for _ in predictor.schema.features])

    def answer(self, body: bytes, content_type: str, accept: str) -> bytes:
        """The answer to a body.

        Args:
            body: the request's.
            content_type: its format, one of `FORMATS`.
            accept: the format of the answer.

        Raises:
            InputError: if a row cannot be read; the message names row, column, got and expected.
        """
        return self._write[accept](self._predictor.predict(self._read[content_type](body)))

    async def invoke(self, request: Request) -> Response:
        """The endpoint `/invocations`."""
        content_type = _media_type(request.headers.get("content-type", ""))
        if content_type not in FORMATS:
            return _refusal(415, f"got Content-Type {content_type!r}; allowed: {_ALLOWED}")
        encoding = request.headers.get("content-encoding", "identity")
        if encoding.strip().lower() != "identity":
            return _refusal(415, f"got Content-Encoding {encoding!r}; send the body as it is")
        accept = _accepted(request.headers.get("accept", ""), content_type)
        if accept is None:
            got = request.headers["accept"]
            return _refusal(406, f"got Accept {got!r}; allowed: {_ALLOWED}")
        if self._batch and accept == JSON and content_type != JSON:
            accept = JSON_LINES  # one document for each part would not be a line for each record
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
        except RecursionError:
            return _refusal(400, "the body is nested too deeply")
        return Response(answer, media_type=accept)


_ALLOWED = ", ".join(FORMATS)


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
            case "application/jsonlines":
                return JSON_LINES
    return None


def _refusal(status: int, message: str) -> Response:
    if len(message) > LONGEST_REFUSAL:
        message = message[:LONGEST_REFUSAL] + "…"
    return Response(json.dumps({"error": message}), status, media_type=JSON)


def create() -> Starlette:
    """The application, with the model below `SM_MODEL_DIR` (default `/opt/ml/model`).

    SageMaker sets `SAGEMAKER_BATCH` in the containers of batch transform jobs:
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    """
    invocations: list[Invocations] = []

    @asynccontextmanager
    async def load(_: Starlette) -> AsyncIterator[None]:
        folder = Path(os.environ.get("SM_MODEL_DIR", MODEL))
        batch = os.environ.get("SAGEMAKER_BATCH", "").lower() == "true"
        invocations.append(Invocations(Predictor.in_folder(folder), batch=batch))
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
