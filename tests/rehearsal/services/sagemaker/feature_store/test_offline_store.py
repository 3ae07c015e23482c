"""Records in the offline store, in memory."""

from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker.feature_store.fakes import (
    Eventually,
    FakeGlue,
    made,
    offline,
    record,
)


def test_all_records_reach_the_offline_store_as_parquet_by_the_hour(
    sagemaker: Any, records: Any, eventually: Eventually, platform: FakePlatform, glue: FakeGlue
) -> None:
    found = made(sagemaker, eventually, **offline())
    base = found["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    assert base.startswith(
        "s3://features/prefix/111111111111/sagemaker/us-east-1/offline-store/Customers-"
    )
    assert base.endswith("/data")

    for at, orders in (("3600", "2"), ("3599", "1"), ("3601", "3")):
        records.put_record(FeatureGroupName="Customers", Record=record(at, orders=orders))
    records.delete_record(
        FeatureGroupName="Customers", RecordIdentifierValueAsString="c1", EventTime="3700"
    )

    files = eventually(lambda: len(platform.objects) == 2 and dict(platform.objects))
    rows = {
        uri.removeprefix(base).rpartition("/")[0]: pyarrow.parquet.read_table(
            io.BytesIO(content)
        ).to_pylist()
        for uri, content in files.items()
    }
    first, second = (f"/year=1970/month=01/day=01/hour={hour}" for hour in ("00", "01"))
    assert [(row["orders"], row["is_deleted"]) for row in rows[first]] == [(1, False)]
    assert [(row["at"], row["orders"], row["is_deleted"]) for row in rows[second]] == [
        (3600.0, 2, False),
        (3601.0, 3, False),
        (3700.0, None, True),
    ]
    assert rows[first][0]["write_time"] >= rows[first][0]["api_invocation_time"]


def test_an_offline_store_that_cannot_be_written_is_blocked_with_the_reason(
    sagemaker: Any, records: Any, eventually: Eventually, platform: FakePlatform, glue: FakeGlue
) -> None:
    made(sagemaker, eventually, **offline())
    platform.denied = {("sts:AssumeRole", ROLE)}

    records.put_record(FeatureGroupName="Customers", Record=record())

    def blocked() -> Any:
        found = sagemaker.describe_feature_group(FeatureGroupName="Customers")
        return found["OfflineStoreStatus"] if found["OfflineStoreStatus"] != active else None

    active = {"Status": "Active"}
    status = eventually(blocked)
    assert status["Status"] == "Blocked"
    assert "may not assume" in status["BlockedReason"]
