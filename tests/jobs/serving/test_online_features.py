"""Requests that omit features of an online store."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from tabular import model

from mlops_jobs.failure import InputError
from mlops_jobs.serving.application import Application
from mlops_jobs.serving.online_features import OnlineFeatures
from seed_code.model_build.tests.conftest import Fitted
from tests.jobs.serving.asgi_client import Client, Response

FEATURES = ("age", "city")
LOOKED_UP = {"group": "churn_customers", "entity": "number", "features": list(FEATURES)}


@dataclass
class Store:
    """The Feature Store runtime with one group."""

    records: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    error: Exception | None = None
    errors: list[dict[str, str]] = field(default_factory=list)
    unprocessed: int = 0
    expirations: dict[str, str] = field(default_factory=dict)
    config: Any = None

    def batch_get_record(
        self,
        *,
        Identifiers: list[dict[str, Any]],  # noqa: N803
        ExpirationTimeResponse: str,  # noqa: N803
    ) -> dict[str, Any]:
        (asked,) = Identifiers
        assert ExpirationTimeResponse == "Enabled"
        assert asked["FeatureGroupName"] == "churn_customers"
        assert asked["FeatureNames"] == list(FEATURES)
        wanted: list[str] = asked["RecordIdentifiersValueAsString"]
        assert 0 < len(wanted) <= 100
        self.calls.append(wanted)
        if self.error is not None:
            raise self.error
        left: list[dict[str, Any]] = []
        if self.unprocessed:
            self.unprocessed -= 1
            left = [{**asked, "RecordIdentifiersValueAsString": wanted[:1]}]
            wanted = wanted[1:]
        records = [
            {
                "FeatureGroupName": "churn_customers",
                "RecordIdentifierValueAsString": one,
                "Record": [
                    {"FeatureName": name, "ValueAsString": value}
                    for name, value in self.records[one].items()
                ],
                **({"ExpiresAt": self.expirations[one]} if one in self.expirations else {}),
            }
            for one in wanted
            if one in self.records
        ]
        return {"Records": records, "Errors": self.errors, "UnprocessedIdentifiers": left}


Serve = Callable[..., Client]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, binary: Fitted) -> Store:
    """The features of the held-out rows, by their number."""
    found = Store(
        {row["number"]: {name: row[name] for name in FEATURES} for row in held_out(binary)}
    )

    def make(service: str, *, region_name: str, config: Any) -> Store:
        assert (service, region_name) == ("sagemaker-featurestore-runtime", "eu-central-1")
        found.config = config
        return found

    monkeypatch.setattr(boto3, "client", make)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return found


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, binary: Fitted, store: Store) -> Iterator[Serve]:
    """Starts the server of a model whose features are looked up."""
    with ExitStack() as stack:

        def start(**changed: Any) -> Client:
            monkeypatch.setenv("SM_MODEL_DIR", str(binary.model))
            monkeypatch.setenv("ONLINE_FEATURES", json.dumps(LOOKED_UP | changed))
            return Client(Application(model.load), stack)

        yield start


def held_out(fitted: Fitted) -> list[dict[str, str]]:
    rows = [dict(row) for row in fitted.holdout()]
    for row in rows:
        del row["answer"]
    return rows


def without(
    rows: Sequence[dict[str, str]], names: Sequence[str] = FEATURES
) -> list[dict[str, str]]:
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


def post(client: Client, rows: object) -> Response:
    body = json.dumps({"instances": rows}).encode()
    return client.request("POST", "/invocations", body, {"Content-Type": "application/json"})


def as_csv(rows: Sequence[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_a_row_without_the_features_has_the_prediction_of_the_complete_row(
    serve: Serve, binary: Fitted, store: Store
) -> None:
    client, rows = serve(), held_out(binary)[:5]
    expected = post(client, rows).json()
    assert store.calls == []

    assert post(client, without(rows)).json() == expected

    assert store.calls == [[row["number"] for row in rows]]


def test_csv_with_a_heading_and_json_lines_may_omit_features(serve: Serve, binary: Fitted) -> None:
    client, rows = serve(), held_out(binary)[:3]
    for kind, complete, incomplete in (
        ("text/csv", as_csv(rows), as_csv(without(rows))),
        (
            "application/jsonlines",
            "\n".join(map(json.dumps, rows)).encode(),
            "\n".join(map(json.dumps, without(rows))).encode(),
        ),
    ):
        headers = {"Content-Type": kind}
        expected = client.request("POST", "/invocations", complete, headers)
        found = client.request("POST", "/invocations", incomplete, headers)
        assert (found.status, found.content) == (200, expected.content), kind


def test_many_rows_are_looked_up_in_requests_of_at_most_100_records(
    serve: Serve, binary: Fitted, store: Store
) -> None:
    row = without(held_out(binary))[0]
    rows = [{**row, "number": str(number % 150)} for number in range(400)]
    assert post(serve(), rows).status == 200
    assert [len(call) for call in store.calls] == [100, 50]


def test_rows_without_names_must_be_complete(serve: Serve, binary: Fitted, store: Store) -> None:
    response = post(serve(), [list(row.values()) for row in without(held_out(binary)[:2])])
    assert response.status == 400
    assert "got 6 values; allowed: " in response.json()["error"]
    assert store.calls == []


def test_a_missing_record_has_empty_features_or_is_rejected(
    serve: Serve, binary: Fitted, store: Store
) -> None:
    rows = held_out(binary)[:2]
    del store.records[rows[1]["number"]]
    empty = [rows[0], {**rows[1], "age": "", "city": ""}]
    client = serve()
    assert post(client, without(rows)).json() == post(client, empty).json()

    response = post(serve(missing="reject"), without(rows))

    assert response.status == 400
    assert response.json()["error"] == (
        f"row 2, column 'number': got {rows[1]['number']!r}, which has no record in "
        "churn_customers; send the columns age, city"
    )


@pytest.mark.parametrize("time", ["2026-11-01T00:00:00Z", "2026-11-01T00:00:00"])
def test_an_expired_record_is_a_missing_one(
    serve: Serve, binary: Fitted, store: Store, time: str
) -> None:
    """AWS deletes an expired record within days."""
    rows = held_out(binary)[:2]
    store.expirations[rows[0]["number"]] = "2999-01-01T00:00:00Z"
    client = serve(missing="reject")
    expected = post(client, rows).json()
    assert post(client, without(rows)).json() == expected

    store.expirations[rows[1]["number"]] = time

    response = post(client, without(rows))
    assert response.status == 400
    assert response.json()["error"].startswith(f"row 2, column 'number': got {rows[1]['number']!r}")
    assert post(client, rows).json() == expected


@pytest.mark.parametrize("value", ["", None])
def test_a_row_without_an_identifier_has_no_record(
    serve: Serve, binary: Fitted, store: Store, value: object
) -> None:
    rows = [{**without(held_out(binary))[0], "number": value}]
    assert post(serve(), rows).status == 200
    assert store.calls == []
    assert post(serve(missing="reject"), rows).status == 400


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://featurestore"),
        ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "busy"}}, "BatchGetRecord"),
    ],
)
def test_a_store_that_does_not_respond_is_status_503_or_empty_features(
    serve: Serve, binary: Fitted, store: Store, error: Exception
) -> None:
    rows = held_out(binary)[:2]
    store.error = error
    response = post(serve(), without(rows))
    assert response.status == 503
    assert response.json()["error"].startswith("the feature store does not respond: ")

    client = serve(unavailable="empty")

    empty = [{**row, "age": "", "city": ""} for row in rows]
    assert post(client, without(rows)).json() == post(client, empty).json()
    # An outage is no missing record.
    assert post(serve(unavailable="empty", missing="reject"), without(rows)).status == 200


def test_errors_of_the_group_are_reported(serve: Serve, binary: Fitted, store: Store) -> None:
    store.errors = [{"ErrorCode": "AccessForbidden", "ErrorMessage": "no permission"}]
    response = post(serve(), without(held_out(binary)[:1]))
    assert response.status == 503
    assert "AccessForbidden: no permission" in response.json()["error"]


def test_identifiers_that_aws_did_not_process_are_sent_once_more(
    serve: Serve, binary: Fitted, store: Store
) -> None:
    client, rows = serve(), held_out(binary)[:3]
    expected = post(client, rows).json()
    store.unprocessed = 1
    assert post(client, without(rows)).json() == expected
    store.unprocessed = 2
    assert post(client, without(rows)).status == 503


def test_the_store_has_a_time_limit_and_no_retries(serve: Serve, store: Store) -> None:
    serve(timeout_ms=250)
    assert (store.config.connect_timeout, store.config.read_timeout) == (0.25, 0.25)
    assert store.config.retries["total_max_attempts"] == 1


ROLE = "arn:aws:iam::111111111111:role/sagemaker-projects/churn-eu-central-1-features"


@pytest.mark.parametrize(
    ("account", "region", "used"),
    [
        ("222222222222", "eu-central-1", [ROLE]),
        ("111111111111", "us-east-1", [ROLE]),
        ("111111111111", "eu-central-1", []),
    ],
    ids=["other account", "other region", "own"],
)
def test_a_container_in_another_account_or_region_than_the_group_assumes_its_role(
    serve: Serve,
    binary: Fitted,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    account: str,
    region: str,
    used: list[str],
) -> None:
    assumed, regions = list[str](), list[str]()
    fake: Any = boto3.client

    def own(service: str, *, region_name: str, config: Any) -> Any:
        regions.append(region_name)
        return fake(service, region_name="eu-central-1", config=config)

    class Sts:
        def get_caller_identity(self) -> dict[str, str]:
            return {"Account": account}

    def session(role: str, own_region: str) -> SimpleNamespace:
        assert own_region == "eu-central-1"
        assumed.append(role)
        return SimpleNamespace(client=own)

    def make(service: str, **options: Any) -> Any:
        return Sts() if service == "sts" else own(service, **options)

    monkeypatch.setattr(boto3, "client", make)
    monkeypatch.setattr("mlops_jobs.aws._assuming", session)
    client = serve(role=ROLE, region=region)

    assert (assumed, regions) == (used, [region])
    assert post(client, without(held_out(binary)[:2])).status == 200
    assert store.calls


def test_a_server_whose_account_is_unknown_does_not_start(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Sts:
        def get_caller_identity(self) -> None:
            raise EndpointConnectionError(endpoint_url="https://sts")

    monkeypatch.setattr(boto3, "client", lambda *_, **__: Sts())
    with pytest.raises(AssertionError):
        serve(role=ROLE)
    assert "a network needs an endpoint for STS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("age", "ONLINE_FEATURES: got 'age' (Expecting value"),
        ("[1]", "allowed: a JSON object with group, entity, features"),
        ('{"group": "g", "entity": "e"}', "allowed: a JSON object with group, entity, features"),
        (json.dumps(LOOKED_UP | {"group": ""}), "group: got ''; allowed: text"),
        (json.dumps(LOOKED_UP | {"features": []}), "features: got []; allowed: at least one name"),
        (json.dumps(LOOKED_UP | {"missing": "ignore"}), "missing: got 'ignore'; allowed: empty, r"),
        (json.dumps(LOOKED_UP | {"timeout_ms": 5}), "timeout_ms: got 5; allowed: 10 to 30000"),
        (
            json.dumps(LOOKED_UP | {"role": "reader"}),
            "role: got 'reader'; allowed: the ARN of a ro",
        ),
        (json.dumps(LOOKED_UP | {"region": 7}), "region: got 7; allowed: text, such as eu-centr"),
        (json.dumps(LOOKED_UP | {"role": 7}), "role: got 7; allowed: the ARN of a role"),
        (json.dumps(LOOKED_UP | {"retries": 5}), "allowed: a JSON object with group, entity"),
    ],
)
def test_a_malformed_variable_is_rejected(text: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        OnlineFeatures.from_environment({"ONLINE_FEATURES": text})
    assert problem in str(error.value)


def test_without_the_variable_nothing_is_looked_up() -> None:
    assert OnlineFeatures.from_environment({}) is None


def test_a_server_that_cannot_look_up_does_not_start(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AssertionError):
        serve(features=["height"])
    assert "'height', which the model does not have; allowed: age, city" in capsys.readouterr().err
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")
    with pytest.raises(AssertionError):
        serve()
    assert "got a batch transform job; allowed: endpoints" in capsys.readouterr().err
