"""The contract of TensorFlow Serving's image, with a model in the place of TensorFlow."""

import base64
import json
import threading
import types
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy
import pytest

from rehearsal.containers.aws_images.stand_in import tensorflow, tensorflow_rest
from rehearsal.containers.aws_images.stand_in.serving import RequestError
from rehearsal.containers.aws_images.stand_in.tensorflow_rest import Model, ModelError


class Signature:
    """A signature that adds its inputs."""

    def __init__(self, inputs: tuple[str, ...], outputs: int = 1) -> None:
        spec = types.SimpleNamespace(dtype="float32")
        self.structured_input_signature = ((), dict.fromkeys(inputs, spec))
        self._outputs = outputs

    def __call__(self, **given: Any) -> dict[str, Any]:
        total = sum(given.values())
        found = {"output_0": total, "output_1": -total}
        return {
            name: types.SimpleNamespace(numpy=lambda value=value: value)
            for name, value in list(found.items())[: self._outputs]
        }


def model(*inputs: str, outputs: int = 1) -> Model:
    """Returns a model without TensorFlow."""
    made = Model.__new__(Model)
    made.version = "3"
    made._tensorflow = types.SimpleNamespace(
        constant=lambda value, dtype: numpy.array(value, dtype=dtype),
        errors=types.SimpleNamespace(OpError=RuntimeError),
    )
    made._signatures = {"serving_default": Signature(inputs or ("x",), outputs)}
    return made


@pytest.mark.parametrize(
    ("inputs", "outputs", "request_", "response"),
    [
        (("x",), 1, {"instances": [[1, 2], [3, 4]]}, {"predictions": [[1.0, 2.0], [3.0, 4.0]]}),
        (("x",), 1, {"instances": [{"x": [1]}, {"x": [2]}]}, {"predictions": [[1.0], [2.0]]}),
        (("x",), 1, {"inputs": [[1], [2]]}, {"outputs": [[1.0], [2.0]]}),
        (
            ("a", "b"),
            1,
            {"instances": [{"a": [1], "b": [2]}, {"a": [3], "b": [4]}]},
            {"predictions": [[3.0], [7.0]]},
        ),
        (("a", "b"), 1, {"inputs": {"a": [1], "b": [2]}}, {"outputs": [3.0]}),
        (
            ("x",),
            2,
            {"instances": [1, 2]},
            {
                "predictions": [
                    {"output_0": 1.0, "output_1": -1.0},
                    {"output_0": 2.0, "output_1": -2.0},
                ]
            },
        ),
    ],
)
def test_rows_and_columns(
    inputs: tuple[str, ...], outputs: int, request_: dict[str, Any], response: dict[str, Any]
) -> None:
    assert model(*inputs, outputs=outputs).predict(request_) == response


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({}, "either 'instances' or 'inputs'"),
        ({"instances": [1], "inputs": [1]}, "either 'instances' or 'inputs'"),
        ({"instances": []}, "must be a list that is not empty"),
        ({"instances": [1], "signature_name": "other"}, "'other' not found"),
        ({"inputs": {"y": [1]}}, r"got the inputs \['y'\], expected \['x'\]"),
        ({"instances": ["word"]}, "Failed to process element"),
    ],
)
def test_requests_that_do_not_fit_the_model(request_: dict[str, Any], problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        model().predict(request_)


def test_binary_values_are_decoded() -> None:
    text = base64.b64encode(b"image").decode()
    assert tensorflow_rest._decoded([{"b64": text}, [1]]) == [b"image", [1]]


def test_a_folder_without_a_model_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest/saved_model.pb").touch()
    with pytest.raises(RuntimeError, match="save it to a folder with a number"):
        Model.newest(tmp_path)


@pytest.fixture
def port() -> Iterator[int]:
    handler = type("Handler", (tensorflow_rest.Handler,), {"model": model()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "predictions"),
    [
        (b"1,2\n3,4\n", "text/csv", [[1.0, 2.0], [3.0, 4.0]]),
        (b'{"instances": [[1]]}', JSON, [[1.0]]),
        (b"[[1], [2]]", JSON, [[1.0], [2.0]]),
        (b'{"x": [1]}', JSON, [[1.0]]),
        (b"[1]\n[2]\n", "application/jsonlines", [[1.0], [2.0]]),
    ],
)
def test_requests_of_the_endpoint(port: int, body: bytes, kind: str, predictions: Any) -> None:
    found, content_type = tensorflow.Service(port).respond(body, kind, JSON)
    assert (json.loads(found), content_type) == ({"predictions": predictions}, JSON)


@pytest.mark.parametrize(
    ("body", "kind", "attributes", "status"),
    [
        (b"x", "image/png", "", 415),
        (b"{", JSON, "", 400),
        (b'["word"]', JSON, "", 400),
        (b"[1]", JSON, "tfs-method=classify", 400),
        (b"[1]", JSON, "tfs-model-version=7", 404),
    ],
)
def test_errors_have_the_status_of_tensorflow_serving(
    port: int, body: bytes, kind: str, attributes: str, status: int
) -> None:
    with pytest.raises(RequestError) as raised:
        tensorflow.Service(port).respond(body, kind, JSON, attributes)
    assert raised.value.status == status


def test_handlers_of_the_user_convert_request_and_response(port: int) -> None:
    def input_handler(data: Any, context: Any) -> str:
        assert (context.request_content_type, context.model_version) == ("text/plain", "3")
        return json.dumps({"instances": [float(data.read())]})

    def output_handler(data: Any, context: Any) -> tuple[str, str]:
        return f"{data.json()['predictions'][0]} {context.accept_header}", "text/plain"

    module = types.SimpleNamespace(input_handler=input_handler, output_handler=output_handler)
    service = tensorflow.Service(port, tensorflow.handlers_of(module))
    found = service.respond(b"4", "text/plain", "text/plain", "tfs-model-version=3")
    assert found == (b"4.0 text/plain", "text/plain")


def test_one_handler_sends_its_request_itself(port: int) -> None:
    def handler(data: Any, context: Any) -> tuple[bytes, str]:
        assert context.rest_uri == f"http://127.0.0.1:{port}/v1/models/model:predict"
        return data.read().upper(), context.accept_header

    service = tensorflow.Service(port, types.SimpleNamespace(handler=handler))
    assert service.respond(b"a", "text/csv", "text/csv") == (b"A", "text/csv")


def test_a_script_without_an_output_handler_is_rejected() -> None:
    module = types.SimpleNamespace(input_handler=print)
    with pytest.raises(RuntimeError, match="has no output_handler"):
        tensorflow.handlers_of(module)
