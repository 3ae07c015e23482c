"""The raw table on S3, before the pipeline starts."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mlops_jobs.failure import InputError

from pipeline import departures
from pipeline.configuration import Configuration
from pipeline.data import prepare
from tests.fakes import PROJECT, Bucket

TABLE = b"shop,time,sales\nnorth,2026-01-01,1\n"
FLIGHTS = (
    "month,day,hour,dep_time,origin\n1,1,5,517,EWR\n1,1,5,533,EWR\n1,1,5,NA,EWR\n1,2,6,601,JFK\n"
)


def configuration(**data: Any) -> Configuration:
    table = {"uri": "s3://churn-artifacts/data/table.csv", "timestamp": "time", "target": "sales"}
    return Configuration.model_validate(
        {
            "data": {**table, "series": "shop", "frequency": "day", **data},
            "forecast": {"horizon": 7, "season": 7},
            "tuning": {"ranges": {"eta": [0.1, 0.2]}},
        }
    )


def test_the_table_is_found_with_the_version_of_its_content() -> None:
    one, other, again = (
        prepare(configuration(), PROJECT, Bucket({"data/table.csv": content}))
        for content in (TABLE, TABLE + b"north,2026-01-02,2\n", TABLE)
    )
    assert (one.uri, one.target) == ("s3://churn-artifacts/data/table.csv", "sales")
    assert one.version == again.version != other.version


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"target": "x"}, "data: got column 'x'; allowed: shop, time, sales"),
        ({"covariates": ["offer"]}, "data: got column 'offer'; allowed: shop, time, sales"),
        ({"series": "time"}, "data: got column 'time' twice; use each column once"),
        ({"uri": "s3://churn-artifacts/none.csv"}, "which does not exist"),
    ],
)
def test_what_does_not_fit_is_rejected_before_anything_starts(
    data: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as error:
        prepare(configuration(**data), PROJECT, Bucket({"data/table.csv": TABLE}))
    assert message in str(error.value)


def test_the_default_data_is_put_once_and_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures, "table", lambda: TABLE)
    bucket = Bucket()
    for _ in range(2):
        raw = prepare(configuration(uri=""), PROJECT, bucket)
    assert raw.uri == "s3://churn-artifacts/data/departures.csv"
    (put,) = bucket.puts
    assert put["SSEKMSKeyId"] == PROJECT.artifact_key_arn


def test_departures_are_counted_in_each_hour_of_each_airport(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", FLIGHTS)
    rows = list(csv.DictReader(io.StringIO(departures.table(tmp_path).decode())))
    assert len(rows) == 3 * 365 * 24
    counted = [(row["airport"], row["hour"], row["departures"]) for row in rows]
    # A cancelled flight does not count.
    assert [one for one in counted if one[2] != "0"] == [
        ("EWR", "2013-01-01T05:00", "2"),
        ("JFK", "2013-01-02T06:00", "1"),
    ]
