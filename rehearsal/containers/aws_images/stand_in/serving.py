"""The contract of SageMaker's inference toolkit: `/ping`, `/invocations`, and the user's functions.

Source: https://github.com/aws/sagemaker-inference-toolkit
"""

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from . import encoding, user_code

MODEL = Path("/opt/ml/model")
_FUNCTIONS = ("input_fn", "predict_fn", "output_fn")


class Handlers(Protocol):
    """The default functions of a framework, in the words of the toolkit."""

    def model_fn(self, model_dir: str) -> Any: ...

    def input_fn(self, body: bytes, content_type: str) -> Any: ...

    def predict_fn(self, data: Any, model: Any) -> Any: ...

    def output_fn(self, prediction: Any, accept: str) -> Any: ...


class Algorithm(Protocol):
    """A framework: its defaults beside a script of the user, and its model without one."""

    def defaults(self) -> Handlers:
        """Returns the functions that a script of the user may replace."""

    def handlers(self) -> Handlers:
        """Returns the functions of the algorithm, which serves without a script."""


class RequestError(Exception):
    """A request that is not served: its status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Responder(Protocol):
    """A model that responds to requests."""

    @property
    def accept(self) -> str:
        """The media type of responses to clients that accept any."""

    def respond(
        self, body: bytes, content_type: str, accept: str, attributes: str = ""
    ) -> tuple[bytes, str]:
        """Returns the body and the content type of a response."""


@dataclass(frozen=True)
class Service:
    """A model and the functions that serve it; `transform` replaces the three others.

    `accept` is the media type of responses to clients that accept any.
    """

    model: Any
    functions: dict[str, Callable[..., Any]]
    transform: Callable[..., Any] | None
    accept: str

    def respond(
        self, body: bytes, content_type: str, accept: str, attributes: str = ""
    ) -> tuple[bytes, str]:
        """Returns the body and the content type of a response.

        Args:
            body: the body of the request.
            content_type: its content type.
            accept: the media type of the response.
            attributes: the custom attributes of the request. Defaults to "": none.
        """
        if self.transform is not None:
            result = self.transform(self.model, _for_user(body, content_type), content_type, accept)
        else:
            data = self.functions["input_fn"](body, content_type)
            prediction = self.functions["predict_fn"](data, self.model)
            result = self.functions["output_fn"](prediction, accept)
        found, kind = result if isinstance(result, tuple) else (result, accept)
        if hasattr(found, "get_data"):  # a response of Flask
            found, kind = found.get_data(), found.mimetype
        return (found.encode() if isinstance(found, str) else bytes(found)), str(kind)


def _for_user(body: bytes, content_type: str) -> Any:
    """Returns text for functions of the user, as the toolkit does for media types of text."""
    return body.decode() if encoding.media_type(content_type) in encoding.TEXT else body


def run(algorithm: Algorithm) -> None:
    """Loads the model and serves it at port 8080 until SIGTERM."""
    serve(load(algorithm))


def serve(service: Responder) -> None:
    """Serves at port 8080 until SIGTERM."""
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("0.0.0.0", port), handler)  # noqa: S104  # its own network
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"Serving at port {port}", flush=True)  # noqa: T201  # the log
    server.serve_forever()


def load(algorithm: Algorithm) -> Service:
    """Returns the service of the user's script, or of the algorithm without one.

    Raises:
        RuntimeError: the script defines functions that exclude one another.
    """
    program = os.environ.get("SAGEMAKER_PROGRAM")
    given = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT")
    if not program:
        found = algorithm.handlers()
        return Service(found.model_fn(str(MODEL)), _functions(found), None, given or encoding.CSV)
    module = _import(program)
    defaults = algorithm.defaults()
    transform = getattr(module, "transform_fn", None)
    if transform and any(hasattr(module, name) for name in _FUNCTIONS):
        raise RuntimeError(
            "Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn"
        )
    functions = _functions(defaults)
    for name in _FUNCTIONS:
        if hasattr(module, name):
            functions[name] = getattr(module, name)
    if hasattr(module, "input_fn"):
        functions["input_fn"] = lambda body, kind: module.input_fn(_for_user(body, kind), kind)
    make = getattr(module, "model_fn", defaults.model_fn)
    return Service(make(str(MODEL)), functions, transform, given or encoding.JSON)


def _functions(handlers: Handlers) -> dict[str, Callable[..., Any]]:
    return {name: getattr(handlers, name) for name in _FUNCTIONS}


def _import(program: str) -> Any:
    folder = user_code.fetch(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or str(MODEL / "code"))
    user_code.install_requirements(folder)
    return import_script(folder, program)


def import_script(folder: Path, program: str) -> Any:
    """Returns the module of a script, which may import its neighbours and `lib`."""
    sys.path[:0] = [str(folder), str(folder / "lib")]
    return importlib.import_module(program.removesuffix(".py").replace("/", "."))


class _Handler(BaseHTTPRequestHandler):
    """Requests of SageMaker to the container."""

    protocol_version = "HTTP/1.1"
    service: Responder

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._send(200, b"", encoding.JSON)
        elif self.path == "/execution-parameters":
            parameters = {
                "MaxConcurrentTransforms": os.cpu_count(),
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": 6,
            }
            self._send(200, json.dumps(parameters).encode(), encoding.JSON)
        else:
            self._send(404, b"", encoding.JSON)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self._send(404, b"", encoding.JSON)
            return
        content_type = self.headers.get("Content-Type") or encoding.JSON
        accept = (self.headers.get("Accept") or "*/*").partition(",")[0].strip()
        if accept == "*/*":
            accept = self.service.accept
        try:
            attributes = self.headers.get("X-Amzn-SageMaker-Custom-Attributes") or ""
            found, kind = self.service.respond(body, content_type, accept, attributes)
        except RequestError as error:
            self._send(error.status, error.reason.encode(), "text/plain")
        except encoding.UnsupportedMediaTypeError as error:
            self._send(415, str(error).encode(), "text/plain")
        except Exception as error:
            traceback.print_exc()
            self._send(500, f"{type(error).__name__}: {error}".encode(), "text/plain")
        else:
            self._send(200, found, kind)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        if self.path != "/ping":
            print(format % arguments, flush=True)  # noqa: T201  # the log
