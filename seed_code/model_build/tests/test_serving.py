"""The answers of `/ping` and `/invocations`."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from tabular import application
from tests.asgi_client import Client, Response
from tests.conftest import HEADING, Fitted

Serve = Callable[[Fitted], Client]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """A client of the application, for a fitted model."""
    with ExitStack() as stack:

        def start(fitted: Fitted) -> Client:
            monkeypatch.setenv("SM_MODEL_DIR", str(fitted.model))
            return Client(application.create(), stack)

        yield start


def as_csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def raw(fitted: Fitted, count: int = 5) -> list[list[str]]:
    """Raw held-out rows without the target."""
    return [list(row.values())[:-1] for row in fitted.holdout()[:count]]


def post(client: Client, body: str | bytes, kind: str = "text/csv", accept: str = "") -> Response:
    content = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": kind} | ({"Accept": accept} if accept else {})
    return client.request("POST", "/invocations", content, headers)


def post_json(client: Client, document: object) -> Response:
    return post(client, json.dumps(document), "application/json")


def refusal(response: Response) -> str:
    assert response.status == 400
    message: str = response.json()["error"]
    return message


def test_ping(serve: Serve, binary: Fitted) -> None:
    assert serve(binary).request("GET", "/ping", b"", {}).status == 200


def test_a_binary_answer_is_the_label_and_the_probability_of_the_positive_one(
    serve: Serve, binary: Fitted
) -> None:
    response = post(serve(binary), as_csv(raw(binary)))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    for line in response.text.splitlines():
        label, probability = line.split(",")
        assert label == ("stays" if float(probability) >= 0.5 else "churned")


def test_a_multiclass_answer_is_the_label_and_all_probabilities(
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


def test_a_regression_answer_is_the_value(serve: Serve, fit: Callable[[str], Fitted]) -> None:
    fitted = fit("regression")
    values = [float(line) for line in post(serve(fitted), as_csv(raw(fitted))).text.split()]
    answer = post_json(serve(fitted), {"instances": raw(fitted)}).json()
    assert answer == {"predictions": [{"value": value} for value in values]}
    actual = [float(row["answer"]) for row in fitted.holdout()[:5]]
    np.testing.assert_allclose(values, actual, atol=200)


def test_serving_answers_as_the_training_data_was_encoded(serve: Serve, fitted: Fitted) -> None:
    """The rows that training saw, sent raw, give what the model answers to their encoding."""
    with np.load(fitted.outputs / "train/train.npz") as train:
        expected = fitted.predictor.predict_encoded(train["features"])
    held_out = {tuple(row.values()) for row in fitted.holdout()}
    served = serve(fitted)
    rows = [row[:-1] for row in fitted.raw if tuple(row) not in held_out]
    lines = post(served, as_csv(rows)).text.splitlines()
    last = [float(line.split(",")[-1]) for line in lines]
    # Training rows are in the order of the table; validation rows lie between them.
    wanted = iter(expected[:, -1] if expected.ndim == 2 else expected)
    remaining = iter(last)
    assert all(any(np.float32(value) == want for value in remaining) for want in wanted)


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


def test_an_unknown_category_is_answered_as_a_missing_one(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    row = raw(binary, 1)[0]
    answers = set()
    for city in ("Atlantis", "", "NA"):
        row[1] = city
        answers.add(post(served, as_csv([row])).text)
    assert len(answers) == 1


def test_a_large_body_is_answered(serve: Serve, binary: Fitted) -> None:
    rows = raw(binary, 50) * 60
    lines = post(serve(binary), as_csv(rows)).text.splitlines()
    assert len(lines) == 3000
    assert lines[:50] == lines[50:100]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: "old"}, "row 2, column 'age': got 'old', expected a number or a missing value"),
        ({4: "1_0"}, "row 2, column 'balance': got '1_0', expected a number or a missing value"),
    ],
)
def test_a_malformed_cell_is_named(
    serve: Serve, binary: Fitted, change: dict[int, str], message: str
) -> None:
    rows = raw(binary, 3)
    for place, cell in change.items():
        rows[1][place] = cell
    served = serve(binary)
    assert refusal(post(served, as_csv(rows))) == message
    assert refusal(post_json(served, {"instances": rows})) == message


def test_rows_of_the_wrong_width_are_refused(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    rows = raw(binary, 2)
    assert refusal(post(served, as_csv([rows[0], rows[1][:-1]]))) == (
        "row 2: got 7 values, expected 8"
    )
    assert refusal(post(served, "1,2")) == (
        "row 1: got 2 values, expected 8 or 5, from 'age' to 'number'"
    )
    with_target = [*rows[0], "stays"]
    assert "expected 8 or 5 (without the target 'answer')" in refusal(
        post(served, as_csv([with_target]))
    )


def test_wrong_columns_are_refused(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    names, row = HEADING[:-1], raw(binary, 1)[0]
    misspelt = ["Age", *names[1:]]
    assert refusal(post(served, as_csv([misspelt, row]))) == (
        "the heading: column 'age' is missing"
    )
    assert refusal(post(served, as_csv([[*names, "extra"], [*row, "1"]]))) == (
        "the heading: got column 'extra', which the model does not know"
    )
    named = dict(zip(names, row, strict=True))
    assert refusal(post_json(served, [named, {**named, "extra": 1}])) == (
        "row 2: got column 'extra', which the model does not know"
    )
    del named["city"]
    assert refusal(post_json(served, [named])) == "row 1: column 'city' is missing"


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"", "text/csv", "the body is empty"),
        (b" \n", "application/json", "the body is empty"),
        (b"{", "application/json", "the body is not JSON"),
        (b'{"instances": 5}', "application/json", '"instances" is no list'),
        (b"[]", "application/json", "the body has no rows"),
        (b"[1]", "application/json", "row 1: got 1, expected a list of values, or an object"),
        (b'[[1], {"a": 1}]', "application/json", "rows are lists and objects"),
        (b"\xff", "text/csv", "the body is not UTF-8 text"),
        (b'"a"b,c', "text/csv", "the body is not CSV"),
        (b"\xff", "application/json", "the body is not JSON"),
    ],
)
def test_a_body_without_rows_is_refused(
    serve: Serve, binary: Fitted, body: bytes, kind: str, message: str
) -> None:
    assert refusal(post(serve(binary), body, kind)).startswith(message)


def test_a_heading_without_rows_is_refused(serve: Serve, binary: Fitted) -> None:
    message = refusal(post(serve(binary), as_csv([HEADING[:-1]])))
    assert message == "the body has a heading and no rows"


def test_other_formats_are_refused(serve: Serve, binary: Fitted) -> None:
    served = serve(binary)
    row = as_csv(raw(binary, 1))
    wrong = post(served, row, "text/plain")
    assert wrong.status == 415
    assert wrong.json()["error"] == (
        "got Content-Type 'text/plain'; allowed: text/csv, application/json"
    )
    wrong = post(served, row, accept="image/png")
    assert wrong.status == 406
    assert "got Accept 'image/png'" in wrong.json()["error"]


def test_parameters_of_a_format_do_not_matter(serve: Serve, binary: Fitted) -> None:
    response = post(
        serve(binary), as_csv(raw(binary, 1)), "Text/CSV; charset=utf-8", "text/html, */*;q=0.1"
    )
    assert response.status == 200
