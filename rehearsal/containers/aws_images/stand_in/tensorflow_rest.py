"""The REST API of TensorFlow Serving for one SavedModel.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json
import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

_PATH = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+))?(?::(?P<verb>\w+))?")
_SIGNATURE = "serving_default"


class ModelError(ValueError):
    """A request that the model cannot serve."""


class Model:
    """The signatures of a SavedModel.

    Args:
        folder: the folder with saved_model.pb.
    """

    def __init__(self, folder: Path) -> None:
        import tensorflow  # type: ignore[import-untyped]

        self.version = folder.name
        self._tensorflow = tensorflow
        self._model = tensorflow.saved_model.load(str(folder))
        self._signatures = self._model.signatures

    @classmethod
    def newest(cls, folder: Path) -> "Model":
        """Loads the newest version below a folder, whose name is a number.

        Raises:
            RuntimeError: it was not found.
        """
        found = [
            one.parent for one in folder.rglob("saved_model.pb") if one.parent.name.isdecimal()
        ]
        if not found:
            raise RuntimeError(
                f"There is no SavedModel below {folder}: save it to a folder with a number, as "
                "/opt/ml/model/1."
            )
        return cls(max(found, key=lambda one: int(one.name)))

    def predict(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Returns predictions in the format of the request: by instance, or by column.

        Raises:
            ModelError: the request does not fit the signature.
        """
        name = str(request.get("signature_name", _SIGNATURE))
        if name not in self._signatures:
            raise ModelError(f"Serving signature name: {name!r} not found in signature def")
        signature = self._signatures[name]
        specs = signature.structured_input_signature[1]
        if ("instances" in request) == ("inputs" in request):
            raise ModelError("JSON Value: needs either 'instances' or 'inputs'")
        by_row = "instances" in request
        columns = _columns(request["instances"], specs) if by_row else request["inputs"]
        if not isinstance(columns, dict):
            columns = {next(iter(specs)): columns}
        if set(columns) != set(specs):
            raise ModelError(f"got the inputs {sorted(columns)}, expected {sorted(specs)}")
        found = signature(**{key: self._tensor(columns[key], specs[key]) for key in specs})
        values = {key: _plain(value.numpy()) for key, value in found.items()}
        single = next(iter(values.values())) if len(values) == 1 else None
        if not by_row:
            return {"outputs": values if single is None else single}
        if single is not None:
            return {"predictions": single}
        rows = zip(*values.values(), strict=True)
        return {"predictions": [dict(zip(values, row, strict=True)) for row in rows]}

    def _tensor(self, value: Any, spec: Any) -> Any:
        try:
            return self._tensorflow.constant(_decoded(value), dtype=spec.dtype)
        except (TypeError, ValueError, self._tensorflow.errors.OpError) as error:
            raise ModelError(f"Failed to process element: {str(error)[:200]}") from error


def _columns(instances: Any, specs: Mapping[str, Any]) -> dict[str, list[Any]]:
    if not isinstance(instances, list) or not instances:
        raise ModelError("JSON Value: 'instances' must be a list that is not empty")
    if len(specs) == 1:
        (name,) = specs
        return {
            name: [
                one[name] if isinstance(one, dict) and set(one) == {name} else one
                for one in instances
            ]
        }
    if not all(isinstance(one, dict) and set(one) == set(specs) for one in instances):
        raise ModelError(f"each instance needs the inputs {sorted(specs)}")
    return {name: [one[name] for one in instances] for name in specs}


def _decoded(value: Any) -> Any:
    """Returns a value whose members `{"b64": text}` are bytes."""
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    return [_decoded(one) for one in value] if isinstance(value, list) else value


def _plain(array: Any) -> Any:
    found = array.tolist()
    return _text(found) if array.dtype == object else found


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(one) for one in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value


class Handler(BaseHTTPRequestHandler):
    """Requests to `/v1/models/NAME[/versions/N][:predict]`."""

    protocol_version = "HTTP/1.1"
    model: Model

    def do_GET(self) -> None:
        state = {"error_code": "OK", "error_message": ""}
        found = {"version": self.model.version, "state": "AVAILABLE", "status": state}
        self._reply(200, {"model_version_status": [found]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match = _PATH.fullmatch(self.path)
        if match is None or match["version"] not in (None, self.model.version):
            self._reply(404, {"error": f"Servable not found for request: {self.path}"})
        elif match["verb"] != "predict":
            verb = match["verb"]
            self._reply(400, {"error": f"{verb}: the rehearsal's stand-in serves predict only"})
        else:
            try:
                self._reply(200, self.model.predict(json.loads(body)))
            except (AttributeError, ValueError) as error:
                self._reply(400, {"error": str(error)})

    def _reply(self, status: int, content: Mapping[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Logs nothing: the container logs its requests itself."""
