"""The web application that SageMaker calls: `GET /ping` and `POST /invocations`.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mlops_jobs.failure import InputError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tabular.invocation import CSV, FORMATS, JSON, JSON_LINES, ResponseWriter, RowReader
from tabular.predictor import Predictor

MODEL = Path("/opt/ml/model")
MAX_INLINE_BYTES = 64 * 1024  # larger bodies are predicted in a thread, so /ping is not delayed
MAX_ERROR_LENGTH = 2000  # characters; a message may quote a long value


class Invocations:
    """Serves predictions of one model.

    Args:
        predictor: the model.
        batch: True in a batch transform job: a heading is rejected, and the response to CSV or JSON
            lines has one line for each record, so that SageMaker can assemble the results. Defaults
            to False.
    """

    def __init__(self, predictor: Predictor, *, batch: bool = False) -> None:
        self._predictor = predictor
        self._batch = batch
        reader = RowReader(predictor.schema, batch=batch)
        writer = ResponseWriter(predictor.schema)
        self._read = {CSV: reader.csv, JSON: reader.json, JSON_LINES: reader.json_lines}
        self._write = {CSV: writer.csv, JSON: writer.json, JSON_LINES: writer.json_lines}
        # The first prediction allocates buffers, which should not delay a request.
        self._predictor.predict([[None] for _ in predictor.schema.features])

    def respond(self, body: bytes, content_type: str, accept: str) -> bytes:
        """Returns the predictions for a request body.

        Args:
            body: body of the request.
            content_type: format of the body, one of `FORMATS`.
            accept: format of the response, one of `FORMATS`.

        Returns:
            The body of the response.

        Raises:
            InputError: a row cannot be read; the message names row, column, the value that was
                found and the values that are allowed.
        """
        return self._write[accept](self._predictor.predict(self._read[content_type](body)))

    async def invoke(self, request: Request) -> Response:
        """Handles a request to `/invocations`.

        Args:
            request: the request.

        Returns:
            The predictions, or an error with status 400, 406 or 415.
        """
        content_type = _media_type(request.headers.get("content-type", ""))
        if content_type not in FORMATS:
            return _error(415, f"got Content-Type {content_type!r}; allowed: {_ALLOWED}")
        encoding = request.headers.get("content-encoding", "identity")
        if encoding.strip().lower() != "identity":
            return _error(415, f"got Content-Encoding {encoding!r}; send the body without encoding")
        accept = _accepted(request.headers.get("accept", ""), content_type)
        if accept is None:
            got = request.headers["accept"]
            return _error(406, f"got Accept {got!r}; allowed: {_ALLOWED}")
        if self._batch and accept == JSON and content_type != JSON:
            accept = JSON_LINES  # SageMaker expects one line for each record
        body = await request.body()
        if not body.strip():
            return _error(400, "got an empty body; send at least one row")
        try:
            if len(body) <= MAX_INLINE_BYTES:
                content = self.respond(body, content_type, accept)
            else:
                content = await asyncio.to_thread(self.respond, body, content_type, accept)
        except InputError as error:
            return _error(400, str(error))
        except RecursionError:
            return _error(400, "got a body that is nested too deeply; send a list of rows")
        return Response(content, media_type=accept)


_ALLOWED = ", ".join(FORMATS)


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _accepted(header: str, content_type: str) -> str | None:
    """Returns the first supported format of an Accept header; None if there is none."""
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


def _error(status: int, message: str) -> Response:
    if len(message) > MAX_ERROR_LENGTH:
        message = message[:MAX_ERROR_LENGTH] + "…"
    return Response(json.dumps({"error": message}), status, media_type=JSON)


def create() -> Starlette:
    """Creates the application with the model of the folder `SM_MODEL_DIR`.

    The folder defaults to `/opt/ml/model`. SageMaker sets `SAGEMAKER_BATCH` in the containers of
    batch transform jobs.

    Source:
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
