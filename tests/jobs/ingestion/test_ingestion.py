"""Ingestion of files below a prefix into a feature group, each file once."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlops_jobs.failure import InputError
from mlops_jobs.ingestion import job, writer
from mlops_jobs.ingestion.schema import GroupSchema

HEADING = "customer_id,at,orders,balance,city\n"
GOOD = "c-1,2026-11-22T18:00:00Z,3,-12.5,Łódź\n"
PREFIX = "features/customers"

Run = Callable[..., str]


@dataclass
class FeatureStore:
    """S3, SageMaker and the Feature Store runtime in memory; a group has two pages."""

    objects: dict[str, bytes] = field(default_factory=dict)
    records: list[dict[str, str]] = field(default_factory=list)
    status: str = "Created"
    collection: str | None = None
    error: tuple[str, int] | None = None

    def describe_feature_group(self, **request: str) -> dict[str, Any]:
        kinds = {"customer_id": "String", "at": "String", "orders": "Integral"}
        more = {"balance": "Fractional", "city": "String"}
        response = {
            "FeatureGroupStatus": self.status,
            "RecordIdentifierFeatureName": "customer_id",
            "EventTimeFeatureName": "at",
            "NextToken": "",
        }
        if "NextToken" in request:
            return {**response, "FeatureDefinitions": _definitions(more, self.collection)}
        return {**response, "FeatureDefinitions": _definitions(kinds), "NextToken": "more"}

    def put_record(self, *, FeatureGroupName: str, Record: list[dict[str, str]]) -> None:  # noqa: N803
        assert FeatureGroupName == "customers"
        if self.error is not None:
            code, status = self.error
            raise ClientError(
                {
                    "Error": {"Code": code, "Message": "said AWS"},
                    "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
                },
                "PutRecord",
            )
        self.records.append({one["FeatureName"]: one["ValueAsString"] for one in Record})

    def get_paginator(self, operation: str) -> "FeatureStore":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        for key, body in sorted(self.objects.items()):  # one on each page
            if key.startswith(Prefix):
                yield {"Contents": [{"Key": key, "ETag": f'"{hash(body)}"'}]}
        yield {}

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(self.objects[key])

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[Key] = Body

    def fill(self, name: str, text: str) -> None:
        self.objects[f"{PREFIX}/{name}"] = text.encode()


def _definitions(kinds: dict[str, str], collection: str | None = None) -> list[dict[str, str]]:
    found = [{"FeatureName": name, "FeatureType": kind} for name, kind in kinds.items()]
    if collection is not None:
        found[0]["CollectionType"] = collection
    return found


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FeatureStore:
    found = FeatureStore()
    monkeypatch.setattr(boto3, "client", lambda service, region_name, config: found)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return found


@pytest.fixture
def run(store: FeatureStore) -> Run:
    def run_once(**options: str) -> str:
        arguments = {
            "feature-group": "customers",
            "source": f"s3://bucket/{PREFIX}",
            "ledger": "s3://bucket/ledger",
            "concurrency": "4",
            **options,
        }
        listed = [f"--{name}={value}" for name, value in arguments.items()]
        return job.ingest(job.parser().parse_args(listed))

    return run_once


def failure(run: Run) -> str:
    with pytest.raises(InputError) as error:
        run()
    return str(error.value)


def test_rows_of_csv_and_json_become_records(store: FeatureStore, run: Run) -> None:
    store.fill("a.csv", "\ufeff" + HEADING + GOOD + "\nc-2,2026-11-22T18:00:00.123Z,4,,\n")
    row = {"customer_id": "c-3", "at": "2026-11-22T18:00:00Z", "orders": 5, "city": None}
    store.fill(
        "day=22/b.jsonl",
        json.dumps(row) + "\n\n" + '{"customer_id":"c-4",'
        '"at":"2026-11-22T18:00:00.123456789Z","balance":0.10}\n',
    )
    store.fill("_SUCCESS", "")
    store.fill(".part.csv", "unfinished")
    store.objects["features/customers-2/other.csv"] = b"not read"

    assert run() == "Completed: 4 records of 2 files were written."

    assert sorted(store.records, key=lambda one: one["customer_id"]) == [
        {
            "customer_id": "c-1",
            "at": "2026-11-22T18:00:00Z",
            "orders": "3",
            "balance": "-12.5",
            "city": "Łódź",
        },
        {"customer_id": "c-2", "at": "2026-11-22T18:00:00.123Z", "orders": "4"},
        {"customer_id": "c-3", "at": "2026-11-22T18:00:00Z", "orders": "5"},
        # Numbers keep their digits.
        {"customer_id": "c-4", "at": "2026-11-22T18:00:00.123456789Z", "balance": "0.10"},
    ]


def test_a_file_is_ingested_once_and_again_when_it_changes(store: FeatureStore, run: Run) -> None:
    store.fill("a.csv", HEADING + GOOD)
    run()

    assert run() == "Completed: 0 records of 0 files were written."

    store.fill("a.csv", HEADING + GOOD.replace("c-1", "c-9"))
    run()
    assert [one["customer_id"] for one in store.records] == ["c-1", "c-9"]


def test_bad_rows_fail_the_job_by_file_and_line_and_the_others_are_written(
    store: FeatureStore, run: Run
) -> None:
    bad = "c-2,2026-11-22T18:00:00Z,three,1,secret\n"
    store.fill("a.csv", HEADING + GOOD + bad)
    store.fill("b.csv", HEADING + GOOD)

    message = failure(run)

    assert message == (
        "1 records were not written, 2 were: features/customers/a.csv, line 3: 'orders' is not "
        "a 64-bit whole number"
    )
    # The file with the bad row is ingested again, the other one is not.
    store.records.clear()
    failure(run)
    assert len(store.records) == 1
    store.fill("a.csv", HEADING + GOOD + bad.replace("three", "3"))
    assert run() == "Completed: 2 records of 1 files were written."


@pytest.fixture
def default_recursion_limit() -> Iterator[None]:
    """Python's default limit, which other libraries of the test run raise."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.parquet", "PAR1", "a.parquet: got the suffix '.parquet'; allowed: .csv, .jsonl"),
        ("a.csv", "", "a.csv: line 1: got no heading with unique names"),
        ("a.csv", "at,at\n", "a.csv: line 1: got no heading with unique names"),
        ("a.csv", HEADING + "c-1\n", "a.csv, line 2: got 1 fields; allowed: 5"),
        ("a.csv", HEADING + GOOD + 'c-1,"no end', "a.csv: line 3: not CSV"),
        (
            "a.csv",
            "age\n1\n",
            "'age' is not a feature of the group; 'customer_id', the record",
        ),
        ("a.csv", HEADING + "c-1,,1,1,x\n", "'at', the event time of the group, is missing"),
        (
            "a.jsonl",
            '{"city": ["x"]}',
            "a.jsonl, line 1: 'city': allowed: a string, a number or nu",
        ),
        ("a.jsonl", '{"balance": NaN}', "a.jsonl, line 1: not JSON: NaN is not a number"),
        ("a.jsonl", "[" * 5000, "a.jsonl, line 1: not JSON: it is nested too deeply"),
        ("a.jsonl", "\n[]", "a.jsonl, line 2: got no JSON object"),
    ],
)
def test_what_is_no_record_is_named(
    store: FeatureStore,
    run: Run,
    name: str,
    text: str,
    problem: str,
    default_recursion_limit: None,
) -> None:
    store.fill(name, text)

    assert problem in failure(run)


def test_a_file_that_is_not_utf_8_is_named(store: FeatureStore, run: Run) -> None:
    store.objects[f"{PREFIX}/a.csv"] = HEADING.encode() + b"\xff\n"

    assert "a.csv: is not UTF-8 text" in failure(run)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("String", "2026-11-22"),
        ("String", "2026-11-22T18:00:00+01:00"),
        ("String", "2026-02-30T18:00:00Z"),
        ("String", "2026-11-22T18:00:00.12Z"),
        ("Fractional", "1e300"),
        ("Fractional", "nan"),
        ("Fractional", " 1"),
    ],
)
def test_event_times_have_the_formats_of_feature_store(kind: str, text: str) -> None:
    schema = GroupSchema(
        group="g", types={"id": "String", "at": kind}, record_identifier="id", event_time="at"
    )

    with pytest.raises(InputError, match="'at' is no"):
        schema.record({"id": "1", "at": text})


def test_a_record_that_aws_rejects_is_named_and_a_denial_ends_the_run(
    store: FeatureStore, run: Run
) -> None:
    store.fill("a.csv", HEADING + GOOD * 3)
    store.error = ("ValidationError", 400)
    assert "3 records were not written, 0 were: features/customers/a.csv, line 2" in failure(run)

    store.error = ("AccessDeniedException", 403)
    assert failure(run).startswith("AWS denied PutRecord: ")


def test_a_run_stops_when_everything_fails(
    store: FeatureStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_FAILURES", 10)
    store.fill("a.csv", HEADING + "c-1,today,1,1,x\n" * 50)

    assert failure(run).startswith(
        "stopped after 10 failures: 10 records were not written, 0 were: "
    )


def test_a_group_that_files_cannot_fill_is_rejected(store: FeatureStore, run: Run) -> None:
    store.collection = "List"
    assert "customers: got collections (balance)" in failure(run)

    store.status = "Creating"
    assert "customers: got the status Creating; allowed: Created" in failure(run)


def test_an_address_that_is_malformed_is_rejected(run: Run) -> None:
    with pytest.raises(InputError, match="got 's3://bucket'; allowed: s3://BUCKET/PREFIX"):
        run(source="s3://bucket")
