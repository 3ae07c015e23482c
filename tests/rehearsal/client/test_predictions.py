"""Predictions for held-out rows and their metrics."""

import io
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.client import predictions
from rehearsal.client.errors import RehearsalError
from rehearsal.client.predictions import HoldOut
from tests.rehearsal.stubbed_aws import StubbedAws

PACKAGE = "arn:aws:sagemaker:us-east-1:111111111111:model-package/demo/1"


def rows(count: int) -> HoldOut:
    return HoldOut(
        "binary",
        "y",
        ["a", "b"],
        [[str(number), "text"] for number in range(count)],
        [str(number % 2) for number in range(count)],
    )


def parity(request: Mapping[str, Any]) -> dict[str, Any]:
    """A model that predicts if column a is odd."""
    body = request["Body"].decode()
    if request["ContentType"] == "application/json":
        found = [{"label": row["a"] % 2} for row in json.loads(body)["instances"]]
        response = json.dumps({"predictions": found})
    else:
        response = "".join(f"{int(line.split(',')[0]) % 2},0.9\n" for line in body.splitlines()[1:])
    return {"Body": io.BytesIO(response.encode()), "ContentType": request["ContentType"]}


def test_all_rows_are_sent_in_batches_and_a_few_again_as_json() -> None:
    aws = StubbedAws(InvokeEndpoint=parity)
    found = predictions.predict(aws, "demo-prod", rows(1250))
    assert (found.rows, found.csv_requests, found.json_requests) == (1250, 3, 3)
    assert found.metrics == {"accuracy": 1.0}
    bodies = [request["Body"].decode() for request in aws.asked("InvokeEndpoint")]
    assert bodies[0].startswith("a,b\n0,text\n1,text\n")
    assert json.loads(bodies[3]) == {"instances": [{"a": 0.0, "b": "text"}]}


def test_batches_of_wide_rows_are_smaller() -> None:
    aws = StubbedAws(InvokeEndpoint=parity)
    wide = rows(5)
    wide = replace(wide, rows=[[number, "x" * 400_000] for number, _ in wide.rows])
    assert predictions.predict(aws, "demo-prod", wide).csv_requests == 3
    widest = [[number, "x" * (2 * predictions.BATCH_CHARACTERS)] for number, _ in wide.rows]
    assert predictions.predict(aws, "demo-prod", replace(wide, rows=widest)).csv_requests == 5


def test_the_first_response_has_its_time() -> None:
    moments: list[float] = []

    def respond(request: Mapping[str, Any]) -> dict[str, Any]:
        moments.append(time.time())
        return parity(request)

    found = predictions.predict(StubbedAws(InvokeEndpoint=respond), "demo-prod", rows(1250))
    assert moments[0] <= found.first_response <= moments[1]


def test_a_response_with_another_number_of_rows_is_an_error() -> None:
    aws = StubbedAws(InvokeEndpoint={"Body": io.BytesIO(b"1\n")})
    with pytest.raises(RehearsalError, match="1 lines for 2 rows"):
        predictions.predict(aws, "demo-prod", rows(2))


def test_json_and_csv_must_agree() -> None:
    def inconsistent(request: Mapping[str, Any]) -> dict[str, Any]:
        is_json = request["ContentType"] == "application/json"
        response = b'{"predictions": [{"label": "other"}]}' if is_json else b"1\n1\n"
        return {"Body": io.BytesIO(response)}

    with pytest.raises(RehearsalError, match="differently"):
        predictions.predict(StubbedAws(InvokeEndpoint=inconsistent), "demo-prod", rows(2))


def test_an_error_of_the_model_has_the_models_message() -> None:
    rejection = ClientError(
        {
            "Error": {"Code": "ModelError", "Message": "Received client error (400)"},
            "OriginalStatusCode": 400,
            "OriginalMessage": "{\"error\": \"row 1, column 'a': got 'x'\"}",
        },  # type: ignore[typeddict-unknown-key]
        "InvokeEndpoint",
    )
    aws = StubbedAws(InvokeEndpoint=rejection)
    with pytest.raises(RehearsalError, match="status 400") as caught:
        predictions.invoke(aws.client("sagemaker-runtime"), "demo-prod", "x", "text/csv")
    assert "column 'a'" in caught.value.why


def test_the_model_package_locates_the_held_out_rows() -> None:
    aws = StubbedAws(
        DescribeModelPackage=package(
            {"holdout": "s3://bucket/runs/1/holdout.csv", "target": "y", "problem_type": "binary"}
        ),
        GetObject={"Body": io.BytesIO(b'a,y,b\n1,M,"x,y"\n2,B,z\n')},
    )
    found = predictions.hold_out(aws, PACKAGE)
    assert found == HoldOut("binary", "y", ["a", "b"], [["1", "x,y"], ["2", "z"]], ["M", "B"])
    assert aws.asked("GetObject") == [{"Bucket": "bucket", "Key": "runs/1/holdout.csv"}]


def test_a_model_package_without_held_out_rows_is_rejected() -> None:
    aws = StubbedAws(DescribeModelPackage=package({"target": "y"}))
    with pytest.raises(RehearsalError, match="held-out rows") as caught:
        predictions.hold_out(aws, PACKAGE)
    assert "holdout, problem_type" in caught.value.why


def package(metadata: dict[str, str]) -> dict[str, Any]:
    return {
        "ModelPackageName": "demo",
        "ModelPackageArn": PACKAGE,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CustomerMetadataProperties": metadata,
    }


def test_labels_are_evaluated_by_accuracy_and_numbers_by_r2_and_rmse() -> None:
    assert predictions.evaluate("binary", ["1", "0", "1"], ["1.0", "0", "0"]) == {
        "accuracy": pytest.approx(2 / 3)
    }
    assert predictions.evaluate("regression", ["1", "2", "3"], ["1", "2", "4"]) == {
        "r2": pytest.approx(0.5),
        "rmse": pytest.approx((1 / 3) ** 0.5),
    }


def test_a_row_as_json_has_numbers_texts_and_nulls() -> None:
    assert predictions.as_json(["a", "b", "c", "d"], ["1.5", "x", "", "nan"]) == {
        "a": 1.5,
        "b": "x",
        "c": None,
        "d": "nan",
    }
