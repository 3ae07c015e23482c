"""The contract of the inference toolkit in a stand-in."""

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from rehearsal.containers.aws_images.stand_in import encoding, serving, sklearn


def test_media_types_of_requests() -> None:
    rows = [[1.0, 2.0], [3.0, 4.0]]
    assert encoding.decode(b"1,2\n3,4\n", "text/csv; charset=utf-8").tolist() == rows
    assert encoding.decode(b"[[1,2],[3,4]]", "application/json").tolist() == rows
    assert encoding.decode(b"[1,2]\n\n[3,4]\n", "application/jsonlines").tolist() == rows
    npy = encoding.encode(numpy.array(rows), "application/x-npy")
    assert encoding.decode(npy, "application/x-npy").tolist() == rows
    with pytest.raises(encoding.UnsupportedMediaTypeError, match="image/png is not supported"):
        encoding.decode(b"", "image/png")


def test_media_types_of_responses() -> None:
    one, two = numpy.array([0.5, 1.0]), numpy.array([[1, 2], [3, 4]])
    assert encoding.encode(one, "text/csv") == b"0.5\n1.0\n"
    assert encoding.encode(two, "text/csv") == b"1,2\n3,4\n"
    assert encoding.encode(two, "application/json") == b"[[1, 2], [3, 4]]"
    assert encoding.encode(two, "application/jsonlines") == b"[1, 2]\n[3, 4]\n"
    with pytest.raises(encoding.UnsupportedMediaTypeError, match="image/png is not supported"):
        encoding.encode(one, "image/png")


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Loads a script of the user."""

    def load(text: str) -> serving.Service:
        name = f"script_{abs(hash((request.node.name, text)))}"
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setenv("SAGEMAKER_PROGRAM", f"{name}.py")
        monkeypatch.setenv("SAGEMAKER_SUBMIT_DIRECTORY", str(tmp_path))
        monkeypatch.syspath_prepend(str(tmp_path))
        return serving.load(sklearn)

    return load


MODEL = """
class Model:
    def predict(self, data):
        return data.sum(axis=1)
def model_fn(model_dir):
    return Model()
"""


def test_a_model_with_the_default_functions(load: Any) -> None:
    service = load(MODEL)
    assert service.respond(b"1,2\n3,4", "text/csv", "application/json") == (
        b"[3.0, 7.0]",
        "application/json",
    )
    assert service.accept == "application/json"


def test_functions_of_the_script_replace_the_defaults(load: Any) -> None:
    service = load(
        MODEL
        + """
import json
def input_fn(body, content_type):
    assert (content_type, body) == ("application/json", '{"a": 1}'), (content_type, body)
    return json.loads(body)
def predict_fn(data, model):
    return {"b": data["a"] + 1}
def output_fn(prediction, accept):
    return json.dumps(prediction), "application/vnd.own"
"""
    )
    found, kind = service.respond(b'{"a": 1}', "application/json", "text/csv")
    assert (json.loads(found), kind) == ({"b": 2}, "application/vnd.own")


def test_transform_fn_replaces_all_of_them(load: Any) -> None:
    service = load(
        MODEL
        + """
def transform_fn(model, body, content_type, accept):
    return body.upper(), accept
"""
    )
    assert service.respond(b"a", "text/csv", "text/csv") == (b"A", "text/csv")


def test_transform_fn_excludes_the_others(load: Any) -> None:
    with pytest.raises(RuntimeError, match="Cannot use transform_fn"):
        load(MODEL + "\ndef transform_fn(*_): ...\ndef input_fn(*_): ...\n")


def test_a_script_without_model_fn_is_rejected(load: Any) -> None:
    with pytest.raises(NotImplementedError, match="has no model_fn"):
        load("x = 1")
