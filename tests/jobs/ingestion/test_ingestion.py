"""Ingestion of files below a prefix into a feature group, each file once."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import polars
import pyarrow.parquet
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.ingestion import job, offline, progress
from mlops_jobs.ingestion.schema import GroupSchema
from rehearsal.services.sagemaker.feature_store.offline_files import arrow_schema
from tests.jobs.feature_store_in_memory import PREFIX, FeatureStore, definitions

HEADING = "customer_id,at,orders,balance,city\n"
GOOD = "c-1,2026-11-22T18:00:00Z,3,-12.5,Łódź\n"

Run = Callable[..., str]


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
        schema.validate({"id": "1", "at": text})


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
    monkeypatch.setattr(progress, "MAX_FAILURES", 10)
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


@pytest.mark.parametrize(
    ("kind", "text"),
    [("Integral", "\u0663"), ("Integral", "9223372036854775808"), ("Integral", "1_000")]
    + [("Fractional", text) for text in ("\u0663.5", "1_0", "inf", "1e999", "0x1p3", "", ".")],
)
def test_numbers_have_the_digits_of_ascii_and_fit_into_64_bits(kind: str, text: str) -> None:
    schema = GroupSchema(
        group="g", types={"id": "String", "n": kind}, record_identifier="id", event_time="id"
    )
    with pytest.raises(InputError, match="'n' is not a"):
        schema.validate({"id": "2026-11-22T18:00:00Z", "n": text})


class TestTheOfflineStore:
    """Direct writes as Parquet files."""

    DATA = "store/111111111111/sagemaker/eu-central-1/offline-store/customers-1/data"

    @pytest.fixture(autouse=True)
    def offline(self, store: FeatureStore) -> None:
        location = {"ResolvedOutputS3Uri": f"s3://offline/{self.DATA}"}
        store.offline = {"S3StorageConfig": location, "TableFormat": "Glue"}

    def files(self, store: FeatureStore) -> dict[str, bytes]:
        return {key: body for key, body in store.objects.items() if key.startswith(self.DATA)}

    def test_records_are_in_the_partition_of_their_hour(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.fill("a.csv", HEADING + GOOD + "c-2,2026-11-22T19:59:59.999Z,,0.10,\n")

        assert run(store="offline") == "Completed: 2 records of 1 files were written."

        assert store.records == []
        first, second = sorted(self.files(store))
        assert first.startswith(f"{self.DATA}/year=2026/month=11/day=22/hour=18/20261122T180000Z_")
        assert "/hour=19/20261122T190000Z_" in second
        table = polars.read_parquet(io.BytesIO(store.objects[second]))
        assert table.drop("write_time", "api_invocation_time").to_dicts() == [
            {
                "customer_id": "c-2",
                "at": "2026-11-22T19:59:59.999Z",
                "orders": None,
                "balance": 0.1,
                "city": None,
                "is_deleted": False,
            }
        ]
        assert table.schema["orders"] == polars.Int64()
        assert table.schema["write_time"] == polars.Datetime("us", "UTC")

    def test_the_columns_are_those_that_sagemaker_writes(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.fill("a.csv", HEADING + GOOD)
        run(store="offline")
        (body,) = self.files(store).values()

        written = pyarrow.parquet.read_schema(io.BytesIO(body))

        kinds = {
            "customer_id": "String",
            "at": "String",
            "orders": "Integral",
            "balance": "Fractional",
            "city": "String",
        }
        expected = arrow_schema(definitions(kinds))
        assert [(one.name, str(one.type).removeprefix("large_")) for one in written] == [
            (one.name, str(one.type)) for one in expected
        ]

    def test_a_file_with_a_bad_row_is_not_written_at_all(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.fill("a.csv", HEADING + GOOD + "c-2,2026-11-22T18:00:00Z,three,1,x\n")
        store.fill("b.csv", HEADING + GOOD)

        with pytest.raises(InputError) as error:
            run(store="offline")

        assert str(error.value) == (
            "1 records were not written, 1 were: features/customers/a.csv, line 3: 'orders' is "
            "not a 64-bit whole number"
        )
        assert len(self.files(store)) == 1

    def test_a_repeated_run_replaces_its_objects(self, store: FeatureStore, run: Run) -> None:
        store.fill("a.csv", HEADING + GOOD)
        run(store="offline")
        before = set(self.files(store))
        for key in [key for key in store.objects if key.startswith("ledger/")]:
            del store.objects[key]  # as if the run had ended before it wrote the ledger

        run(store="offline")

        assert set(self.files(store)) == before

    def test_large_files_are_written_in_parts(
        self, store: FeatureStore, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(offline, "MAX_BUFFERED_ROWS", 2)
        store.fill("a.csv", HEADING + GOOD * 5)

        assert run(store="offline") == "Completed: 5 records of 1 files were written."

        bodies = [body for _, body in sorted(self.files(store).items())]
        tables = [polars.read_parquet(io.BytesIO(body)) for body in bodies]
        assert [len(table) for table in tables] == [2, 2, 1]

    def test_seconds_since_1970_are_event_times_too(self) -> None:
        schema = GroupSchema(
            group="g", types={"at": "Fractional"}, record_identifier="at", event_time="at"
        )
        assert schema.hour({"at": "1764439199.5"}) == datetime(2025, 11, 29, 17, tzinfo=UTC)

    def test_objects_are_encrypted_with_the_key_of_the_store(
        self, store: FeatureStore, run: Run
    ) -> None:
        assert store.offline is not None
        store.offline["S3StorageConfig"]["KmsKeyId"] = "arn:key"
        store.fill("a.csv", HEADING + GOOD)

        run(store="offline")

        assert store.encryption == [{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:key"}]

    @pytest.mark.parametrize(
        ("config", "problem"),
        [
            (None, "customers: got a group without an offline store"),
            (
                {"S3StorageConfig": {"ResolvedOutputS3Uri": "s3://b/p"}, "TableFormat": "Iceberg"},
                "customers: got a table in the format Iceberg; allowed for direct writes: Glue",
            ),
        ],
    )
    def test_a_group_that_cannot_be_written_directly_is_rejected(
        self, store: FeatureStore, run: Run, config: dict[str, Any] | None, problem: str
    ) -> None:
        store.offline = config
        with pytest.raises(InputError, match=problem):
            run(store="offline")

    def test_direct_writes_put_the_newest_records_into_the_online_store(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.fill(
            "a.csv",
            "customer_id,at,orders\n"
            "c-1,2026-11-22T18:00:00.500Z,1\n"
            + "c-1,2026-11-22T18:00:00Z,2\nc-2,2026-11-22T18:00:00Z,3\n",
        )

        assert run(store="direct") == "Completed: 3 records of 1 files were written."

        (body,) = self.files(store).values()
        assert polars.read_parquet(io.BytesIO(body))["orders"].to_list() == [1, 2, 3]
        assert sorted(record["orders"] for record in store.records) == ["1", "3"]
        assert store.stores == [["OnlineStore"]] * 2

    def test_direct_writes_need_no_online_store(self, store: FeatureStore, run: Run) -> None:
        store.online = False
        store.fill("a.csv", HEADING + GOOD)

        assert run(store="direct") == "Completed: 1 records of 1 files were written."

        assert len(self.files(store)) == 1
        assert store.records == []

    def test_a_file_whose_online_records_fail_is_written_again(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.fill("a.csv", HEADING + GOOD)
        store.error = ("ValidationError", 400)
        with pytest.raises(InputError, match=r"1 records were not written, 1 were: .*said AWS"):
            run(store="direct")
        before, store.error = set(self.files(store)), None

        assert run(store="direct") == "Completed: 1 records of 1 files were written."

        assert set(self.files(store)) == before
        assert len(store.records) == 1


class TestRejectedRows:
    """Rows that are set aside."""

    BAD = "c-2,2026-11-22T18:00:00Z,three,1,x\nc-3,2026-11-22T18:00:00Z\n"
    ASIDE = {"rejected": "s3://bucket/rejected", "max-rejected": "0.5"}

    def test_are_set_aside_with_their_reasons_and_counted(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.fill("a.csv", HEADING + GOOD * 2 + self.BAD)

        result = run(**self.ASIDE)

        assert result == "Completed: 2 records of 1 files were written. 2 rows were set aside."
        assert len(store.records) == 2
        (key,) = [key for key in store.objects if key.startswith("rejected/")]
        first, second = map(json.loads, store.objects[key].splitlines())
        assert first == {
            "file": f"s3://bucket/{PREFIX}/a.csv",
            "line": 4,
            "reason": "'orders' is not a 64-bit whole number",
            "values": {
                "customer_id": "c-2",
                "at": "2026-11-22T18:00:00Z",
                "orders": "three",
                "balance": "1",
                "city": "x",
            },
        }
        assert (second["line"], second["reason"], second["values"]) == (
            5,
            "got 2 fields; allowed: 5",
            None,
        )
        # The file is complete.
        assert run(**self.ASIDE).startswith("Completed: 0 records of 0 files")

    def test_of_a_corrected_file_leave_its_valid_rows_once(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.fill("a.csv", HEADING + GOOD * 2)
        assert run(**self.ASIDE) == (
            "Completed: 2 records of 1 files were written. 0 rows were set aside."
        )
        assert not [key for key in store.objects if key.startswith("rejected/")]

    def test_beyond_the_share_are_a_failure_of_the_file(
        self, store: FeatureStore, run: Run
    ) -> None:
        store.offline = {
            "S3StorageConfig": {"ResolvedOutputS3Uri": "s3://offline/store/data"},
            "TableFormat": "Glue",
        }
        store.fill("a.csv", HEADING + GOOD + self.BAD)

        with pytest.raises(InputError) as error:
            run(store="direct", **self.ASIDE)

        assert "a.csv: got 2 of 3 rows that are no records; allowed: a share of 0.5" in str(
            error.value
        )
        assert not [key for key in store.objects if key.startswith(("store/", "ledger/"))]

    @pytest.mark.parametrize("share", ["1.1", "-1", "many", "nan"])
    def test_have_a_share_from_0_to_1(self, share: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            job.parser().parse_args([f"--max-rejected={share}"])
        assert "allowed: a number from 0 to 1" in capsys.readouterr().err
