"""Predictions of one model for the bodies of requests."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import orjson

from mlops_jobs.failure import InputError
from mlops_jobs.model import Cells, FileModel, Model, QuantileModel
from mlops_jobs.serving.incomplete_rows import IncompleteRowReader
from mlops_jobs.serving.media_types import (
    ALLOWED,
    CSV,
    FORMATS,
    JSON,
    JSON_LINES,
    accepted,
    media_type,
)
from mlops_jobs.serving.online_features import VARIABLE, LookupFailedError, OnlineFeatures
from mlops_jobs.serving.requests import RowReader
from mlops_jobs.serving.responses import ResponseWriter

MAX_ERROR_LENGTH = 2000  # characters; a message may quote a long value


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response to a request.

    Args:
        status: HTTP status.
        content: body.
        media_type: format of the body.
    """

    status: int
    content: bytes
    media_type: str


class Invocations:
    """Serves predictions of one model.

    Args:
        model: the model.
        batch: True in a batch transform job: a heading is rejected, and the response to CSV or JSON
            lines has one line for each record, so that SageMaker can assemble the results. Defaults
            to False.
        online: features that are looked up for rows that omit them. Defaults to None: rows have all
            columns.

    Raises:
        InputError: features that are looked up are no columns of the model, or in batch transform.
    """

    def __init__(
        self, model: Model, *, batch: bool = False, online: OnlineFeatures | None = None
    ) -> None:
        self._batch = batch
        if online is not None and batch:
            raise InputError(
                f"{VARIABLE}: got a batch transform job; allowed: endpoints. Remove the variable, "
                "and send rows with all columns"
            )
        reader = (
            RowReader(model, batch=batch) if online is None else IncompleteRowReader(model, online)
        )
        writer = ResponseWriter(model)
        self._read = {CSV: reader.csv, JSON: reader.json, JSON_LINES: reader.json_lines}
        self._files = model.media_types if isinstance(model, FileModel) else ()
        self._read |= dict.fromkeys(self._files, _file)
        self._write = {CSV: writer.csv, JSON: writer.json, JSON_LINES: writer.json_lines}
        self._predict = (
            model.predict_quantiles if isinstance(model, QuantileModel) else model.predict
        )
        # The first prediction allocates buffers, which should not delay a request.
        with suppress(InputError):  # of a model that rejects missing values
            self._predict([[None] for _ in model.features])

    def respond(self, body: bytes, content_type: str, accept: str) -> bytes:
        """Returns the predictions for a request body.

        Args:
            body: body of the request.
            content_type: format of the body, one of `FORMATS` or of the media types of the model.
            accept: format of the response, one of `FORMATS`.

        Returns:
            The body of the response.

        Raises:
            InputError: a row cannot be read; the message names row, column, the value that was
                found and the values that are allowed.
        """
        return self._write[accept](self._predict(self._read[content_type](body)))

    def handle(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Handles a request to `/invocations`.

        Args:
            headers: headers of the request, with names in lower case.
            body: body of the request.

        Returns:
            The predictions, or an error with status 400, 406, 415 or 503.
        """
        content_type = media_type(headers.get("content-type", ""))
        if content_type not in self._read:
            allowed = ", ".join([*FORMATS, *self._files])
            return _error(415, f"got Content-Type {content_type!r}; allowed: {allowed}")
        encoding = headers.get("content-encoding", "identity")
        if encoding.strip().lower() != "identity":
            return _error(415, f"got Content-Encoding {encoding!r}; send the body without encoding")
        of_file = content_type in self._files
        accept = accepted(headers.get("accept", ""), JSON if of_file else content_type)
        if accept is None:
            return _error(406, f"got Accept {headers['accept']!r}; allowed: {ALLOWED}")
        if self._batch and accept == JSON and content_type != JSON:
            accept = JSON_LINES  # SageMaker expects one line for each record
        if not body.strip():
            return _error(400, "got an empty body; send at least one row")
        try:
            content = self.respond(body, content_type, accept)
        except InputError as error:
            return _error(400, str(error))
        except LookupFailedError as error:
            return _error(503, f"the feature store does not respond: {error}; try again")
        except RecursionError:
            return _error(400, "got a body that is nested too deeply; send a list of rows")
        return Response(status=200, content=content, media_type=accept)


def _file(body: bytes) -> Cells:
    """Returns the body as the cell of one row."""
    return [[body]]


def _error(status: int, message: str) -> Response:
    if len(message) > MAX_ERROR_LENGTH:
        message = message[:MAX_ERROR_LENGTH] + "…"
    # A message may quote half of a surrogate pair, which UTF-8 cannot represent.
    content = orjson.dumps({"error": message.encode("utf-8", "backslashreplace").decode()})
    return Response(status=status, content=content, media_type=JSON)
