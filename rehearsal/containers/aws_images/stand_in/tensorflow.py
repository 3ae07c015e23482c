"""The TensorFlow images: script mode, and TensorFlow Serving with handlers of the user.

Sources: https://sagemaker.readthedocs.io/en/stable/frameworks/tensorflow/deploying_tensorflow_serving.html
and https://www.tensorflow.org/tfx/serving/api_rest
"""

import csv
import io
import json
import threading
from collections import namedtuple
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Any

from . import encoding, serving, tensorflow_rest, user_code
from .serving import RequestError

NAME = "tensorflow"
_MODEL = "model"
_CODE = serving.MODEL / "code"
_JSON = ("application/json", "application/jsons", "application/jsonlines")
Context = namedtuple(  # scripts unpack and replace its fields, as those of the image
    "Context",
    "model_name, model_version, method, rest_uri, grpc_uri, custom_attributes, "
    "request_content_type, accept_header, content_length",
)


def train() -> None:
    """Raises an error: this image needs a script."""
    raise RuntimeError("The TensorFlow image needs a script: set sagemaker_program.")


def serve() -> None:
    """Serves the newest version of the model, with the handlers of inference.py if there is one."""
    port = _start_rest(tensorflow_rest.Model.newest(serving.MODEL))
    serving.serve(Service(port, _handlers()))


def _start_rest(model: tensorflow_rest.Model) -> int:
    """Starts TensorFlow Serving's REST API in this container and returns its port."""
    handler = type("Handler", (tensorflow_rest.Handler,), {"model": model})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


def _handlers() -> Any:
    """Returns the module inference.py of the user; None without one.

    Raises:
        RuntimeError: it lacks a handler.
    """
    if not (_CODE / "inference.py").exists():
        return None
    user_code.install_requirements(_CODE)
    return handlers_of(serving.import_script(_CODE, "inference.py"))


def handlers_of(module: Any) -> Any:
    """Returns a module with handlers of the user.

    Raises:
        RuntimeError: it lacks a handler.
    """
    if hasattr(module, "handler"):
        return module
    for name in ("input_handler", "output_handler"):
        if not hasattr(module, name):
            raise RuntimeError(
                f"inference.py has no {name}: define handler, or input_handler and output_handler"
            )
    return module


class Service:
    """Requests of SageMaker to the container, forwarded to TensorFlow Serving.

    Args:
        port: the port of its REST API.
        handlers: the module of the user. Defaults to None: requests are converted to JSON.
    """

    accept = encoding.JSON

    def __init__(self, port: int, handlers: Any = None) -> None:
        self._port = port
        self._handlers = handlers

    def respond(
        self, body: bytes, content_type: str, accept: str, attributes: str = ""
    ) -> tuple[bytes, str]:
        """Returns the body and the content type of a response."""
        import requests

        context = self._context(body, content_type, accept, attributes)
        if self._handlers is not None and hasattr(self._handlers, "handler"):
            found, kind = self._handlers.handler(io.BytesIO(body), context)
            return _bytes(found), str(kind)
        if self._handlers is None:
            sent = to_json(body, content_type)
        else:
            sent = self._handlers.input_handler(io.BytesIO(body), context)
        response = requests.post(context.rest_uri, data=sent, timeout=60)
        if self._handlers is not None:
            found, kind = self._handlers.output_handler(response, context)
            return _bytes(found), str(kind)
        if response.status_code != 200:
            raise RequestError(response.status_code, response.text)
        return response.content, encoding.JSON

    def _context(self, body: bytes, content_type: str, accept: str, attributes: str) -> Context:
        given = dict(part.strip().split("=", 1) for part in attributes.split(",") if "=" in part)
        name = given.get("tfs-model-name", _MODEL)
        version = given.get("tfs-model-version")
        method = given.get("tfs-method", "predict")
        path = f"{name}/versions/{version}" if version else name
        return Context(
            model_name=name,
            model_version=version,
            method=method,
            rest_uri=f"http://127.0.0.1:{self._port}/v1/models/{path}:{method}",
            grpc_uri=None,  # handlers that use gRPC fail, as there is no such port
            custom_attributes=attributes or None,
            request_content_type=content_type,
            accept_header=accept,
            content_length=len(body),
        )


def to_json(body: bytes, content_type: str) -> bytes:
    """Returns a request of TensorFlow Serving.

    Raises:
        RequestError: the content type is not supported.
    """
    kind = encoding.media_type(content_type)
    text = body.decode()
    if kind == encoding.CSV:
        rows = [[_number(cell) for cell in row] for row in csv.reader(io.StringIO(text)) if row]
        return json.dumps({"instances": rows}).encode()
    if kind not in _JSON:
        raise RequestError(
            415, f"Unsupported content type {content_type}: use {', '.join((*_JSON, 'text/csv'))}."
        )
    try:
        document = _documents(text)
    except ValueError as error:
        raise RequestError(400, f"the request is not JSON: {error}") from error
    if isinstance(document, Mapping) and {"instances", "inputs"} & set(document):
        return json.dumps(document).encode()
    return json.dumps(
        {"instances": document if isinstance(document, list) else [document]}
    ).encode()


def _documents(text: str) -> Any:
    """Returns a JSON document, or the list of those in the lines of a text."""
    try:
        return json.loads(text)
    except ValueError:
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return lines


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def _bytes(found: Any) -> bytes:
    return found.encode() if isinstance(found, str) else bytes(found)


def defaults() -> Any:
    """Raises an error: this image serves with handlers, and not with functions."""
    raise RuntimeError("The TensorFlow image serves with input_handler and output_handler.")


handlers = defaults
