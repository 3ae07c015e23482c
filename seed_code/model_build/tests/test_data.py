"""The raw table on S3, before the pipeline starts."""

from collections.abc import Iterator
from typing import Any

import pytest
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType

from pipeline import data as data_module
from pipeline import flights
from pipeline.configuration import Configuration
from pipeline.data import prepare
from tests.fakes import PROJECT, Bucket, some_hyperparameters

TABLE = b"a,b,answer\n" + b"1,2,yes\n3,4,no\n" * 10


@pytest.fixture(scope="module", autouse=True)
def hyperparameters() -> Iterator[None]:
    with some_hyperparameters():
        yield


def configuration(**data: Any) -> Configuration:
    document = {
        "data": {"uri": "s3://churn-artifacts/data/table.csv", "target": "answer"} | data,
        "objective": {"metric": "auc", "threshold": 0.9},
        "tuning": {"ranges": {"eta": [0.1, 0.2]}},
    }
    return Configuration.model_validate(document)


def test_target_and_problem_are_found() -> None:
    raw = prepare(configuration(), PROJECT, Bucket({"data/table.csv": TABLE}))
    assert (raw.uri, raw.target) == ("s3://churn-artifacts/data/table.csv", "answer")
    assert raw.problem_type is ProblemType.BINARY


def test_a_target_by_position_gets_its_heading() -> None:
    raw = prepare(configuration(target=-1), PROJECT, Bucket({"data/table.csv": TABLE}))
    assert raw.target == "answer"


def test_a_folder_is_one_table() -> None:
    bucket = Bucket({"data/in/1.csv": TABLE, "data/in/_SUCCESS": b"", "data/other.csv": b""})
    raw = prepare(configuration(uri="s3://churn-artifacts/data/in/"), PROJECT, bucket)
    assert raw.problem_type is ProblemType.BINARY


def test_the_version_changes_with_the_content() -> None:
    """Otherwise cached preprocessing of old data would be reused."""
    first, second, again = (
        prepare(configuration(), PROJECT, Bucket({"data/table.csv": table})).version
        for table in (TABLE, TABLE + b"5,6,yes\n", TABLE)
    )
    assert first == again != second


def test_of_a_large_table_only_the_heading_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_module, "MAX_READ_BYTES", 100)
    monkeypatch.setattr(data_module, "HEADING_BYTES", 20)
    bucket = Bucket({"data/table.csv": TABLE})
    raw = prepare(configuration(problem_type="binary"), PROJECT, bucket)
    assert raw.target == "answer"
    with pytest.raises(InputError, match="set it to one of binary, multiclass, regression"):
        prepare(configuration(), PROJECT, bucket)


def test_the_default_data_is_published_once_and_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "tables", lambda months: [(f"{m}.csv", TABLE) for m in months])
    bucket = Bucket()
    for _ in range(2):
        raw = prepare(configuration(uri=""), PROJECT, bucket)
    assert raw.uri == "s3://churn-artifacts/data/flights/"
    assert [put["Key"] for put in bucket.puts] == [f"data/flights/{m}.csv" for m in (1, 2, 3)]
    assert {put["ServerSideEncryption"] for put in bucket.puts} == {"aws:kms"}
    assert {put["SSEKMSKeyId"] for put in bucket.puts} == {PROJECT.artifact_key_arn}


def test_months_that_a_feed_has_published_are_read_and_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flights, "tables", lambda months: [(f"{m}.csv", TABLE) for m in months])
    bucket = Bucket()
    before = prepare(configuration(uri=""), PROJECT, bucket)
    bucket.objects["data/flights/4.csv"] = TABLE
    after = prepare(configuration(uri=""), PROJECT, bucket)
    assert len(bucket.puts) == 3
    assert (after.uri, after.version != before.version) == (before.uri, True)


@pytest.mark.parametrize(
    ("bucket", "settings", "message"),
    [
        (Bucket(), {}, "got s3://churn-artifacts/data/table.csv, which does not exist"),
        (Bucket(), {"uri": "s3://b/x/"}, "got s3://b/x/, which holds no object"),
        (Bucket(denied=True), {}, "the role of the train build cannot read"),
        (Bucket({"data/table.csv": b""}), {}, "got an empty file; add CSV rows"),
        (Bucket({"data/table.csv": TABLE}), {"target": "x"}, "got 'x'; allowed: a, b"),
        (
            Bucket({"data/table.csv": b"a,answer\n1,2.5\n2,3.5\n3,4\n"}),
            {},
            "objective.metric: got 'auc'; allowed: rmse, mae, r2",
        ),
    ],
)
def test_what_does_not_fit_is_rejected_before_anything_starts(
    bucket: Bucket, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as error:
        prepare(configuration(**settings), PROJECT, bucket)
    assert message in str(error.value)
