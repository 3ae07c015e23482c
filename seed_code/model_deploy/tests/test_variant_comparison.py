"""Comparison of the variants of an endpoint."""

import base64
import datetime
import io
import json
from pathlib import Path
from typing import Any

import pytest

from model_deploy import variant_comparison
from model_deploy.variant_comparison import as_page, as_text, compare

END = datetime.datetime(2026, 3, 2, 10, 30, tzinfo=datetime.UTC)


def record(request: str, response: str, *, kind: str = "text/csv", encoded: bool = False) -> str:
    data = base64.b64encode(response.encode()).decode() if encoded else response
    output = {
        "observedContentType": kind,
        "data": data,
        "encoding": "BASE64" if encoded else "CSV",
    }
    captured = {"endpointInput": {"data": request, "encoding": "CSV"}, "endpointOutput": output}
    return json.dumps({"captureData": captured, "eventMetadata": {"eventId": "1"}})


class Aws:
    """The APIs that the comparison calls."""

    def __init__(self) -> None:
        self.config: dict[str, Any] = {
            "ProductionVariants": [{"VariantName": "AllTraffic"}],
            "ShadowProductionVariants": [{"VariantName": "Shadow"}],
            "DataCaptureConfig": {"EnableCapture": True, "DestinationS3Uri": "s3://b/capture"},
        }
        self.files: dict[str, str] = {}

    def client(self, _: str) -> "Aws":
        return self

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        return {"EndpointConfigName": "c"}

    def describe_endpoint_config(self, **_: str) -> dict[str, Any]:
        return self.config

    def get_paginator(self, operation: str) -> Any:
        aws = self

        class Pages:
            def paginate(self, **request: Any) -> list[dict[str, Any]]:
                return [getattr(aws, operation)(**request)]

        return Pages()

    def list_objects_v2(self, **request: str) -> dict[str, Any]:
        assert request["Bucket"] == "b"
        keys = [key for key in self.files if key.startswith(request["Prefix"])]
        return {"Contents": [{"Key": key} for key in keys]} if keys else {}

    def get_object(self, **request: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.files[request["Key"]].encode())}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        results = []
        for query in request["MetricDataQueries"]:
            (variant,) = (
                one["Value"]
                for one in query["MetricStat"]["Metric"]["Dimensions"]
                if one["Name"] == "VariantName"
            )
            slow = 4 if variant == "Shadow" else 1
            values = {
                "requests": [60.0, 40.0],
                "client_errors": [],
                "server_errors": [0.0, 3.0] if slow > 1 else [],
                "latency": [60 * 5000.0 * slow, 40 * 5000.0 * slow],
                "latencies": [60.0, 40.0],
                "p99": [9000.0 * slow, 8000.0 * slow],
            }
            results.append({"Id": query["Id"], "Values": values[query["Id"]]})
        return {"MetricDataResults": results}


@pytest.fixture
def aws() -> Aws:
    return Aws()


def test_requests_errors_and_latency_stand_side_by_side(aws: Aws) -> None:
    first, shadow = compare(aws, "churn-prod", end=END, hours=2)

    assert (first.name, first.requests, first.server_errors) == ("AllTraffic", 100, 0)
    assert (shadow.name, shadow.requests, shadow.server_errors) == ("Shadow", 100, 3)
    assert (first.mean_milliseconds, shadow.mean_milliseconds) == (5, 20)
    assert (first.p99_milliseconds, shadow.p99_milliseconds) == (9, 36)


def test_predictions_for_the_same_request_are_compared(aws: Aws) -> None:
    aws.files = {
        "capture/churn-prod/AllTraffic/2026/03/02/09/a.jsonl": "\n".join(
            [
                record("1,2\n3,4", "yes,0.9\nno,0.1"),
                record("5,6", '{"predictions": [{"label": "no"}]}', kind="application/json"),
                record("7,8", "yes,0.9"),
                record("9,9", ""),
            ]
        ),
        "capture/churn-prod/Shadow/2026/03/02/10/b.jsonl": "\n".join(
            [
                record("1,2\n3,4", "yes,0.7\nyes,0.6"),
                record(
                    "5,6",
                    '{"predictions": [{"label": "no"}]}',
                    kind="application/json",
                    encoded=True,
                ),
                record("9,9", "yes,0.9"),
            ]
        ),
        # Older than the compared time.
        "capture/churn-prod/Shadow/2026/03/01/10/c.jsonl": record("7,8", "no,0.1"),
    }

    _, shadow = compare(aws, "churn-prod", end=END, hours=2)

    assert (shadow.compared, shadow.same) == (3, 2)
    assert "66.67 % of 3" in as_text("Variants", [shadow])


def test_values_within_rounding_are_the_same_prediction(aws: Aws) -> None:
    for variant, value in (("AllTraffic", "1.0000001"), ("Shadow", "1.0")):
        aws.files[f"capture/churn-prod/{variant}/2026/03/02/10/a.jsonl"] = record("1", value)

    assert compare(aws, "churn-prod", end=END, hours=1)[1].same == 1


def test_without_captured_data_there_is_no_agreement(aws: Aws) -> None:
    del aws.config["DataCaptureConfig"]

    _, shadow = compare(aws, "churn-prod", end=END, hours=1)

    assert shadow.compared == 0
    assert shadow.cells()[-1] == "-"


def test_an_endpoint_with_one_variant_has_nothing_to_compare(aws: Aws) -> None:
    del aws.config["ShadowProductionVariants"]

    with pytest.raises(ValueError, match="has one variant, AllTraffic; add `second_variant` or"):
        compare(aws, "churn-prod", end=END, hours=1)


def test_the_command_prints_a_table_and_writes_the_same_page(
    aws: Aws,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("boto3.Session", lambda: aws)
    page = tmp_path / "variants.html"

    assert variant_comparison.main(["churn-prod", "--page", str(page)]) == 0

    printed = capsys.readouterr().out
    assert "3.00 %" in printed
    for cell in ("Shadow", "3.00 %", "36.0"):
        assert f"<td>{cell}</td>" in page.read_text()


def test_names_are_escaped_in_the_page(aws: Aws) -> None:
    aws.config["ShadowProductionVariants"] = [{"VariantName": "<script>"}]

    page = as_page("a & b", compare(aws, "churn-prod", end=END, hours=1))

    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "a &amp; b" in page


def test_errors_of_the_command_are_one_sentence(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del aws.config["ShadowProductionVariants"]
    monkeypatch.setattr("boto3.Session", lambda: aws)

    assert variant_comparison.main(["churn-prod"]) == 1
    assert capsys.readouterr().err.startswith("churn-prod has one variant")
    with pytest.raises(SystemExit):
        variant_comparison.main(["churn-prod", "--hours", "0"])
    assert "--hours: got 0; allowed are 1 to 336" in capsys.readouterr().err
