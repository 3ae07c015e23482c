"""The responses of `/ping` and `/invocations`."""

import csv
import gzip
import io
import json
import math
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from tabular import model

from mlops_jobs.serving.application import Application
from mlops_jobs.serving.invocations import MAX_ERROR_LENGTH
from seed_code.model_build.tests.conftest import HEADING, Fitted
from tests.jobs.serving.asgi_client import Client, Response

Serve = Callable[[Fitted], Client]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Returns a client of the application for a fitted model."""
    with ExitStack() as stack:

        def start(fitted: Fitted) -> Client:
            monkeypatch.setenv("SM_MODEL_DIR", str(fitted.model))
            return Client(Application(model.load), stack)

        yield start


def as_csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def raw(fitted: Fitted, count: int = 5) -> list[list[str]]:
    """Returns raw held-out rows without the target."""
    return [list(row.values())[:-1] for row in fitted.holdout()[:count]]


def post(client: Client, body: str | bytes, kind: str = "text/csv", accept: str = "") -> Response:
    content = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": kind} | ({"Accept": accept} if accept else {})
    return client.request("POST", "/invocations", content, headers)


def post_json(client: Client, document: object) -> Response:
    return post(client, json.dumps(document), "application/json")


def error_of(response: Response) -> str:
    assert response.status == 400
    message: str = response.json()["error"]
    return message


def test_ping(serve: Serve, binary: Fitted) -> None:
    assert serve(binary).request("GET", "/ping", b"", {}).status == 200


def test_a_binary_prediction_is_the_label_and_the_probability_of_the_positive_one(
    serve: Serve, binary: Fitted
) -> None:
    response = post(serve(binary), as_csv(raw(binary)))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    for line in response.text.splitlines():
        label, probability = line.split(",")
        assert label == ("stays" if float(probability) >= 0.5 else "churned")


def test_a_multiclass_prediction_is_the_label_and_all_probabilities(
    serve: Serve, fit: Callable[[str], Fitted]
) -> None:
    fitted = fit("multiclass")
    lines = post(serve(fitted), as_csv(raw(fitted))).text.splitlines()
    for line in lines:
        label, *probabilities = line.split(",")
        values = [float(value) for value in probabilities]
        assert label == ("3", "7", "20")[int(np.argmax(values))]
        assert sum(values) == pytest.approx(1)
    prediction = post_json(serve(fitted), {"instances": raw(fitted)}).json()["predictions"][0]
    assert prediction["label"] in (3, 7, 20)
    assert list(prediction["probabilities"]) == ["3", "7", "20"]


def test_a_regression_prediction_is_the_value(serve: Serve, fit: Callable[[str], Fitted]) -> None:
    fitted = fit("regression")
    values = [float(line) for line in post(serve(fitted), as_csv(raw(fitted))).text.split()]
    response = post_json(serve(fitted), {"instances": raw(fitted)}).json()
    assert response == {"predictions": [{"value": value} for value in values]}
    actual = [float(row["answer"]) for row in fitted.holdout()[:5]]
    np.testing.assert_allclose(values, actual, atol=200)


def test_serving_encodes_as_training_did(serve: Serve, fitted: Fitted) -> None:
    """The rows that training saw, sent raw, give what the model predictions to their encoding."""
    with np.load(fitted.outputs / "train/train.npz") as train:
        expected = fitted.predictor.predict_matrix(train["features"])
    held_out = {tuple(row.values()) for row in fitted.holdout()}
    served = serve(fitted)
    rows = [row[:-1] for row in fitted.raw if tuple(row) not in held_out]
    lines = post(served, as_csv(rows)).text.splitlines()
    last = [float(line.split(",")[-1]) for line in lines]
    # Training rows are in the order of the table; validation rows lie between them.
    wanted = iter(expected[:, -1] if expected.ndim == 2 else expected)
    remaining = iter(last)
    assert all(any(type(want)(value) == want for value in remaining) for want in wanted)


def test_all_forms_of_a_row_give_the_same_answer(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    rows = raw(binary)
    expected = post(served, as_csv(rows), accept="application/json").json()
    names = HEADING[:-1]
    typed: list[list[Any]] = [
        [None if cell in ("NA", "", "?") else cell for cell in row] for row in rows
    ]
    for row in typed:
        row[0] = row[0] if row[0] is None else float(row[0])
        row[2] = row[2] == "True"
    forms = [
        {"instances": rows},
        rows,
        {"instances": typed},
        {"instances": [dict(zip(names, row, strict=True)) for row in typed]},
        [dict(reversed(list(zip(names, row, strict=True)))) for row in rows],
        [{**dict(zip(names, row, strict=True)), "answer": "churned"} for row in rows],
        {"instances": [[*row[:5]] for row in rows]},
    ]
    for form in forms:
        assert post_json(served, form).json() == expected, form
    with_heading = as_csv([names, *rows])
    other_order = as_csv([names[::-1], *[row[::-1] for row in rows]])
    for text in (with_heading, other_order, with_heading.replace("\r\n", "\n")):
        assert post(served, text, accept="application/json").json() == expected
    single = post_json(served, dict(zip(names, rows[0], strict=True))).json()
    assert single == {"predictions": expected["predictions"][:1]}


def test_an_unknown_category_is_encoded_as_a_missing_one(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    row = raw(binary, 1)[0]
    predictions = set()
    for city in ("Atlantis", "", "NA"):
        row[1] = city
        predictions.add(post(served, as_csv([row])).text)
    assert len(predictions) == 1


def test_a_large_body_is_answered(serve: Serve, binary: Fitted) -> None:
    rows = raw(binary, 50) * 60
    lines = post(serve(binary), as_csv(rows)).text.splitlines()
    assert len(lines) == 3000
    assert lines[:50] == lines[50:100]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: "old"}, "row 2, column 'age': got 'old'; allowed: a number or a missing value"),
        ({4: "1_0"}, "row 2, column 'balance': got '1_0'; allowed: a number or a missing value"),
    ],
)
def test_a_malformed_cell_is_named(
    serve: Serve, binary: Fitted, change: dict[int, str], message: str
) -> None:
    rows = raw(binary, 3)
    for place, cell in change.items():
        rows[1][place] = cell
    served = serve(binary)
    assert error_of(post(served, as_csv(rows))) == message
    assert error_of(post_json(served, {"instances": rows})) == message


def test_rows_of_the_wrong_width_are_rejected(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    rows = raw(binary, 2)
    assert error_of(post(served, as_csv([rows[0], rows[1][:-1]]))) == (
        "row 2: got 7 values; allowed: 8"
    )
    assert error_of(post(served, "1,2")) == (
        "row 1: got 2 values; allowed: 8 or 5, from 'age' to 'number'"
    )
    with_target = [*rows[0], "stays"]
    assert "allowed: 8 or 5 (without the target 'answer')" in error_of(
        post(served, as_csv([with_target]))
    )


def test_wrong_columns_are_rejected(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    names, row = HEADING[:-1], raw(binary, 1)[0]
    misspelt = ["Age", *names[1:]]
    assert error_of(post(served, as_csv([misspelt, row]))) == (
        "the heading: got no column 'age'; rename 'Age'"
    )
    assert error_of(post(served, as_csv([[*names, "extra"], [*row, "1"]]))) == (
        "the heading: got column 'extra', which the model does not have; remove it"
    )
    named = dict(zip(names, row, strict=True))
    assert error_of(post_json(served, [named, {**named, "extra": 1}])) == (
        "row 2: got column 'extra', which the model does not have; remove it"
    )
    del named["city"]
    assert error_of(post_json(served, [named])) == "row 1: got no column 'city'; add it"


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"", "text/csv", "got an empty body"),
        (b" \n", "application/json", "got an empty body"),
        (b"{", "application/json", "the body is not JSON"),
        (b'{"instances": 5}', "application/json", '"instances": got 5, which is not a list'),
        (b"[]", "application/json", "got a body without rows"),
        (b"[1]", "application/json", "row 1: got 1; allowed: a list of values, or an object"),
        (b'[[1], {"a": 1}]', "application/json", "got lists and objects as rows"),
        (b"\xff", "text/csv", "the body is not UTF-8 text"),
        (b'"a"b,c', "text/csv", "the body is not CSV"),
        (b"\xff", "application/json", "the body is not JSON"),
    ],
)
def test_a_body_without_rows_is_rejected(
    serve: Serve, binary: Fitted, body: bytes, kind: str, message: str
) -> None:
    assert error_of(post(serve(binary), body, kind)).startswith(message)


def test_a_heading_without_rows_is_rejected(serve: Serve, binary: Fitted) -> None:
    message = error_of(post(serve(binary), as_csv([HEADING[:-1]])))
    assert message == "got a heading without rows; add at least one row"


def test_other_formats_are_rejected(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    row = as_csv(raw(binary, 1))
    wrong = post(served, row, "text/plain")
    assert wrong.status == 415
    assert wrong.json()["error"] == (
        "got Content-Type 'text/plain'; allowed: text/csv, application/json, application/jsonlines"
    )
    wrong = post(served, row, accept="image/png")
    assert wrong.status == 406
    assert "got Accept 'image/png'" in wrong.json()["error"]


def test_parameters_of_a_format_do_not_matter(serve: Serve, binary: Fitted) -> None:
    response = post(
        serve(binary), as_csv(raw(binary, 1)), "Text/CSV; charset=utf-8", "text/html, */*;q=0.1"
    )
    assert response.status == 200


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_json_lines_get_json_lines(serve: Serve, fit: Callable[[str], Fitted], kind: str) -> None:
    fitted = fit(kind)
    served = serve(fitted)
    rows = raw(fitted, 4)
    named = [dict(zip(HEADING[:-1], row, strict=True)) for row in rows]
    expected = post_json(served, {"instances": rows}).json()["predictions"]
    for values in (rows, named):
        body = "\n".join(json.dumps(value) for value in values) + "\n\n"
        response = post(served, body, "application/jsonlines")
        assert response.status == 200
        assert response.headers["content-type"].startswith("application/jsonlines")
        assert [json.loads(line) for line in response.text.splitlines()] == expected


def test_a_line_that_is_no_row_is_named(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    row = json.dumps(raw(binary, 1)[0])
    broken = post(served, f"{row}\n\n{{", "application/jsonlines")
    assert error_of(broken).startswith("line 3 is not JSON: ")
    number = post(served, f"{row}\n5", "application/jsonlines")
    assert error_of(number).startswith("row 2: got 5; allowed: a list of values")
    several = post(served, f"{row}\n{row}", "application/json")
    assert "for one object or list on each line, set the Content-Type application/jsonlines" in (
        error_of(several)
    )


class TestBatchTransform:
    """A batch transform job splits files at their lines, and sends the parts one by one."""

    @pytest.fixture(autouse=True)
    def batch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAGEMAKER_BATCH", "true")

    def test_a_heading_is_rejected_with_the_order_of_the_columns(
        self, serve: Serve, binary: Fitted
    ) -> None:
        names = HEADING[:-1]
        reordered = [list(reversed(names)), *(list(reversed(row)) for row in raw(binary, 3))]

        message = error_of(post(serve(binary), as_csv(reordered)))

        assert message.startswith("got a heading, which only the first part of a file has")
        assert message.endswith("in this order: " + ",".join(names))

    @pytest.mark.parametrize("kind", ["text/csv", "application/jsonlines"])
    def test_each_record_has_a_line_of_json(self, serve: Serve, binary: Fitted, kind: str) -> None:
        rows = raw(binary, 3)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        body = as_csv(rows) if kind == "text/csv" else lines

        response = post(serve(binary), body, kind, accept="application/json")

        predictions = [json.loads(line) for line in response.text.splitlines()]
        assert [set(prediction) for prediction in predictions] == [{"label", "probabilities"}] * 3

    def test_a_whole_json_document_gets_one(self, serve: Serve, binary: Fitted) -> None:
        response = post_json(serve(binary), {"instances": raw(binary, 2)})
        assert len(response.json()["predictions"]) == 2


DEEP = 5000
NOT_READABLE: dict[str, tuple[bytes, str]] = {
    "deep list": (b"[" * DEEP + b"]" * DEEP, "application/json"),
    "deep object": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "application/json"),
    "deep cell": (b"[[" + b"[" * 900 + b"]" * 900 + b",1,2,3,4]]", "application/json"),
    "deep line": (b"[" * DEEP + b"]" * DEEP + b"\n", "application/jsonlines"),
    "half a document": (b'{"instances": [[1, 2', "application/json"),
    "two documents": (b"[1] [2]", "application/json"),
    "number of many digits": (b"[[" + b"9" * 5000 + b", 1, 2, 3, 4]]", "application/json"),
    "text": (b'"text"', "application/json"),
    "null": (b"null", "application/json"),
    "rows of null": (b'{"instances": [null]}', "application/json"),
    "no UTF-8": (b'["\xff"]', "application/json"),
    "no UTF-8 line": (b'["\xff"]', "application/jsonlines"),
    "UTF-16 without an end": ("[[1]]".encode("utf-16")[:-1], "application/json"),
    "NUL": (b"\x00", "text/csv"),
    "open quote": (b'"1,2', "text/csv"),
    "field of many characters": (b"x" * 200_000, "text/csv"),
    "no text": (bytes(range(128, 256)), "text/csv"),
}


@pytest.mark.parametrize("case", NOT_READABLE)
def test_an_unreadable_request_is_a_client_error(serve: Serve, binary: Fitted, case: str) -> None:
    """A 5xx status would count as a failure of the model, and roll a deployment back."""
    body, kind = NOT_READABLE[case]
    message = error_of(post(serve(binary), body, kind))
    assert len(message) <= MAX_ERROR_LENGTH + 1


VALUES: list[Any] = [
    None,
    True,
    -1,
    10**400,
    1e400,
    -0.0,
    math.nan,
    "",
    "é",
    "\ud800",
    "1e5",
    " 7 ",
    [],
    [1],
    {},
]


@pytest.mark.parametrize("seed", range(40))
def test_no_value_of_a_cell_is_an_error_of_the_server(
    serve: Serve, binary: Fitted, seed: int
) -> None:
    chosen = random.Random(seed)  # noqa: S311  reproducible, not secret
    served = serve(binary)
    rows = [[chosen.choice(VALUES) for _ in HEADING[:-1]] for _ in range(3)]
    named = [dict(zip(HEADING[:-1], row, strict=True)) for row in rows]
    for document in (rows, named, {"instances": rows}, {"instances": rows[0]}, rows[0]):
        assert post_json(served, document).status in (200, 400)
    junk = bytes(chosen.randrange(256) for _ in range(200))
    for kind in ("text/csv", "application/json", "application/jsonlines"):
        assert post(served, junk, kind).status in (200, 400)


def test_a_compressed_body_is_rejected_by_name(serve: Serve, binary: Fitted) -> None:
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    response = serve(binary).request("POST", "/invocations", gzip.compress(b"1,2"), headers)
    assert response.status == 415
    assert response.json()["error"].startswith("got Content-Encoding 'gzip'")
