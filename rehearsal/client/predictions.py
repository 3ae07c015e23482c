"""Predictions of an endpoint for held-out rows, and their metrics."""

import csv
import io
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws

BATCH_ROWS = 500
BATCH_CHARACTERS = 1_000_000
"""Size of a batch, far below the 4 MB that a serverless endpoint accepts."""
JSON_ROWS = 3


@dataclass(frozen=True)
class HoldOut:
    """Held-out rows, as in the data, and the actual values of their target."""

    problem_type: str
    target: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    actual: Sequence[str]


@dataclass(frozen=True)
class Predictions:
    """The predictions of an endpoint for held-out rows, and their metrics.

    `first_response` is the time of the first response, in seconds since the epoch.
    """

    endpoint: str
    rows: int
    csv_requests: int
    json_requests: int
    metrics: Mapping[str, float]
    actual: Sequence[str]
    predicted: Sequence[str]
    first_response: float


def hold_out(aws: LocalAws, model_package: str) -> HoldOut:
    """Returns the held-out rows of a model package, which its customer metadata locates.

    Raises:
        RehearsalError: the metadata does not locate them.
    """
    description = aws.client("sagemaker").describe_model_package(ModelPackageName=model_package)
    metadata = description.get("CustomerMetadataProperties", {})
    missing = {"holdout", "target", "problem_type"} - metadata.keys()
    if missing:
        raise RehearsalError(
            f"Model package {model_package} does not locate its held-out rows.",
            f"Its customer metadata has no {', '.join(sorted(missing))}.",
            "Pass your own rows: `rehearse invoke NAME --file rows.csv`.",
        )
    return _rows_at(aws, metadata["holdout"], metadata)


def training_rows(aws: LocalAws, model_package: str) -> HoldOut:
    """Returns the raw rows that a model package was trained on, or else its held-out rows.

    Held-out rows that are newer than the others do not have the distribution of the training data.

    Raises:
        RehearsalError: the metadata locates neither.
    """
    description = aws.client("sagemaker").describe_model_package(ModelPackageName=model_package)
    metadata = description.get("CustomerMetadataProperties", {})
    folder, _, name = metadata.get("holdout", "").rpartition("/test/")
    if name:
        try:
            return _rows_at(aws, f"{folder}/rows/train.csv", metadata)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
    return hold_out(aws, model_package)


def _rows_at(aws: LocalAws, uri: str, metadata: Mapping[str, str]) -> HoldOut:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return parse_hold_out(body, metadata["target"], metadata["problem_type"])


def parse_hold_out(text: str, target: str, problem_type: str) -> HoldOut:
    """Returns held-out rows from CSV with a header that includes the target."""
    header, *rows = list(csv.reader(io.StringIO(text)))
    index = header.index(target)
    return HoldOut(
        problem_type=problem_type,
        target=target,
        columns=[*header[:index], *header[index + 1 :]],
        rows=[[*row[:index], *row[index + 1 :]] for row in rows],
        actual=[row[index] for row in rows],
    )


def predict(aws: LocalAws, endpoint: str, held_out: HoldOut) -> Predictions:
    """Sends all held-out rows to an endpoint as CSV, in batches, and a few again as JSON.

    Raises:
        RehearsalError: a response has another number of rows than its request, or the predictions
            for JSON and CSV differ.
    """
    runtime = aws.client("sagemaker-runtime")
    predicted: list[str] = []
    responded: list[float] = []
    for batch in _batches(held_out.rows):
        response = invoke(runtime, endpoint, write_csv(held_out.columns, batch), "text/csv")
        responded.append(time.time())
        predicted += read_csv_response(response, len(batch))
    sample = held_out.rows[:JSON_ROWS]
    for number, row in enumerate(sample):
        document = json.dumps({"instances": [as_json(held_out.columns, row)]})
        found = read_json_response(invoke(runtime, endpoint, document, "application/json"))
        if not (len(found) == 1 and _same(found[0], predicted[number])):
            raise RehearsalError(
                f"Endpoint {endpoint} predicts differently for the same row as JSON and as CSV.",
                f"Row {number + 1}: {found} as JSON, {predicted[number]!r} as CSV.",
                "Correct the parsing of requests in the model server.",
            )
    return Predictions(
        endpoint=endpoint,
        rows=len(predicted),
        csv_requests=len(responded),
        json_requests=len(sample),
        metrics=evaluate(held_out.problem_type, held_out.actual, predicted),
        actual=held_out.actual,
        predicted=predicted,
        first_response=responded[0],
    )


def invoke(runtime: Any, endpoint: str, body: str, content_type: str) -> str:
    """Returns the body of the response of an endpoint.

    Raises:
        RehearsalError: the model returns an error.
    """
    try:
        response = runtime.invoke_endpoint(
            EndpointName=endpoint, Body=body.encode(), ContentType=content_type, Accept=content_type
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        raise RehearsalError(
            f"The model of endpoint {endpoint} rejected the request "
            f"(status {error.response.get('OriginalStatusCode', 'unknown')}).",
            str(error.response.get("OriginalMessage") or error.response["Error"]["Message"]),
        ) from error
    return str(response["Body"].read().decode())


def write_csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns CSV with a header, so that the order of columns does not matter."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def as_json(columns: Sequence[str], row: Sequence[str]) -> dict[str, float | str | None]:
    """Returns a row by column name; numbers as numbers, empty fields as null."""
    return dict(zip(columns, map(_value, row), strict=True))


def _value(text: str) -> float | str | None:
    if text == "":
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _batches(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[Sequence[str]]]:
    widest = max((sum(map(len, row)) + len(row) for row in rows), default=1)
    size = max(1, min(BATCH_ROWS, BATCH_CHARACTERS // widest))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def read_csv_response(response: str, count: int) -> list[str]:
    """Returns the label or value of each row: the first field of its line.

    Raises:
        RehearsalError: the response has not `count` lines.
    """
    return [cells[0] for cells in read_csv_cells(response, count)]


def read_csv_cells(response: str, count: int) -> list[list[str]]:
    """Returns the fields of each line of a CSV response.

    Raises:
        RehearsalError: the response has not `count` lines.
    """
    lines = [line for line in csv.reader(io.StringIO(response)) if line]
    if len(lines) != count:
        raise RehearsalError(
            f"The endpoint returned {len(lines)} lines for {count} rows.",
            response,
            "Correct the response of the model server: one line per row.",
        )
    return lines


def read_json_response(response: str) -> list[str]:
    """Returns the label or value of each row of a JSON response, `{"predictions": [...]}`."""
    found = []
    for prediction in json.loads(response)["predictions"]:
        value = prediction.get("label", prediction.get("value"))
        found.append(str(value))
    return found


def evaluate(
    problem_type: str, actual: Sequence[str], predicted: Sequence[str]
) -> dict[str, float]:
    """Returns the accuracy of labels, or R2 and RMSE of numbers."""
    if problem_type != "regression":
        right = sum(_same(truth, guess) for truth, guess in zip(actual, predicted, strict=True))
        return {"accuracy": right / len(actual)}
    truths = [float(value) for value in actual]
    errors = [truth - float(guess) for truth, guess in zip(truths, predicted, strict=True)]
    mean = sum(truths) / len(truths)
    residual = sum(error * error for error in errors)
    total = sum((truth - mean) ** 2 for truth in truths)
    return {
        "r2": 1 - residual / total if total else 0.0,
        "rmse": math.sqrt(residual / len(errors)),
    }


def _same(one: str, other: str) -> bool:
    """Returns True if two values are equal: numbers by value (`1` is `1.0`), others as text."""
    try:
        return math.isclose(float(one), float(other), rel_tol=1e-6, abs_tol=1e-9)
    except ValueError:
        return one.strip() == other.strip()
