"""The command that adds features to a table."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import polars
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.features import job
from mlops_jobs.ingestion import job as ingestion
from tests.jobs.feature_store_in_memory import PREFIX, FeatureStore

DATA = "store/data"
TABLE = (
    "customer,signed_at,late\n"
    "c-1,2026-11-22,yes\n"
    "c-1,2026-11-23 12:00,no\n"
    'c-2,2026-11-23T12:00:00+01:00,"a, b"\n'
)
RECORDS = (
    "customer_id,at,orders,balance,city\n"
    "c-1,2026-11-22T18:00:00Z,3,-12.5,Łódź\n"
    "c-1,2026-11-23T12:00:00.001Z,4,,Rom\n"
    "c-2,2026-11-23T11:00:00Z,9007199254740993,0.1,\n"
)

Run = Callable[..., str]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FeatureStore:
    """A group with the records."""
    found = FeatureStore()
    found.offline = {
        "S3StorageConfig": {"ResolvedOutputS3Uri": f"s3://offline/{DATA}"},
        "TableFormat": "Glue",
    }
    monkeypatch.setattr(boto3, "client", lambda service, region_name, config: found)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return found


def ingest(store: FeatureStore, text: str) -> None:
    """Ingests records as the pipeline does."""
    store.fill(f"{len(store.objects)}.csv", text)
    options = [
        "--feature-group=customers",
        f"--source=s3://bucket/{PREFIX}",
        "--ledger=s3://bucket/ledger",
        "--store=direct",
    ]
    ingestion.ingest(ingestion.parser().parse_args(options))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run_once(*arguments: str, table: str = TABLE) -> str:
        source = tmp_path / "data"
        source.mkdir(exist_ok=True)
        (source / "table.csv").write_text(table, encoding="utf-8")
        options = [
            "--feature-group=customers",
            "--identifier=customer",
            "--time=signed_at",
            f"--input={source}",
            f"--output={tmp_path / 'output'}",
            *arguments,
        ]
        return job.add_features(job.parser().parse_args(options))

    return run_once


def result(tmp_path: Path) -> list[dict[str, str]]:
    text = (tmp_path / "output" / job.RESULT).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_get_the_values_of_their_time(store: FeatureStore, run: Run, tmp_path: Path) -> None:
    ingest(store, RECORDS)

    assert run() == (
        "Completed: 3 features of customers were added to 3 rows, 1 of which have no record at "
        "their time."
    )

    assert [tuple(row.values()) for row in result(tmp_path)] == [
        ("c-1", "2026-11-22", "yes", "", "", ""),
        ("c-1", "2026-11-23 12:00", "no", "3", "-12.5", "Łódź"),
        ("c-2", "2026-11-23T12:00:00+01:00", "a, b", "9007199254740993", "0.1", ""),
    ]


def test_features_can_be_chosen(store: FeatureStore, run: Run, tmp_path: Path) -> None:
    ingest(store, RECORDS)
    run("--feature=city")
    assert list(result(tmp_path)[0]) == ["customer", "signed_at", "late", "city"]


def test_a_training_set_is_repeated_as_of_a_time(
    store: FeatureStore, run: Run, tmp_path: Path
) -> None:
    ingest(store, RECORDS)
    with pytest.raises(InputError, match="customers: got no records in the offline store"):
        run("--as-of=2026-11-01")
    run("--as-of=2200-01-01")
    assert result(tmp_path)[1]["orders"] == "3"


def test_late_records_can_be_ignored(store: FeatureStore, run: Run) -> None:
    # The records are written now, after the time of each row.
    ingest(store, RECORDS.replace("2026", "2020"))
    assert "3 of which have no record" in run("--late=ignored", table=TABLE.replace("2026", "2020"))


def test_files_before_a_feature_was_added_and_of_other_writers_are_read(
    store: FeatureStore, run: Run, tmp_path: Path
) -> None:
    ingest(store, RECORDS)
    naive = polars.Datetime("ns")
    for key in [key for key in store.objects if key.startswith(DATA)]:
        frame = polars.read_parquet(io.BytesIO(store.objects[key])).drop("city")
        added = polars.col("write_time", "api_invocation_time")
        body = io.BytesIO()
        frame.with_columns(added.dt.replace_time_zone(None).cast(naive)).write_parquet(body)
        store.objects[key] = body.getvalue()
    store.objects[f"{DATA}/year=2026/_SUCCESS"] = b""

    run()

    assert [row["orders"] for row in result(tmp_path)] == ["", "3", "9007199254740993"]
    assert {row["city"] for row in result(tmp_path)} == {""}


@pytest.mark.parametrize(
    ("arguments", "table", "problem"),
    [
        (["--feature=age"], TABLE, "features 'age': the group customers does not have them"),
        (["--feature=at"], TABLE, "allowed: orders, balance, city"),
        (["--identifier=client"], TABLE, "got no column 'client' in the table; allowed: customer"),
        ([], TABLE.replace("late", "city"), "features 'city': the table has columns of these"),
        ([], TABLE.replace("2026-11-22", "NA"), "row 1, column 'signed_at': got no time"),
        ([], TABLE.replace("2026-11-23 12:00", "noon"), "row 2, column 'signed_at': got 'noon'"),
        ([], "", "got an empty file"),
    ],
)
def test_a_table_that_does_not_fit_is_rejected(
    store: FeatureStore, run: Run, arguments: list[str], table: str, problem: str
) -> None:
    ingest(store, RECORDS)
    with pytest.raises(InputError, match=problem):
        run(*arguments, table=table)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (None, "customers: got a group without an offline store"),
        (
            {"S3StorageConfig": {"ResolvedOutputS3Uri": "s3://b/p"}, "TableFormat": "Iceberg"},
            "customers: got a table in the format Iceberg; allowed: Glue",
        ),
    ],
)
def test_a_group_whose_files_cannot_be_read_is_rejected(
    store: FeatureStore, run: Run, config: dict[str, Any] | None, problem: str
) -> None:
    store.offline = config
    with pytest.raises(InputError, match=problem):
        run()


def test_a_damaged_file_is_named(store: FeatureStore, run: Run) -> None:
    store.objects[f"{DATA}/year=2026/a.parquet"] = b"PAR1 and then nothing"
    with pytest.raises(InputError, match=rf"s3://offline/{DATA}/year=2026/a.parquet: cannot be"):
        run()
