"""CloudWatch metrics of requests for records."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker import metric_batches
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker.feature_store.fakes import Eventually, made, record

GROUP = ("FeatureGroupName", "Customers")


def sums(platform: FakePlatform, metric: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The sum of a metric by its dimensions."""
    found: dict[tuple[tuple[str, str], ...], float] = {}
    for datum in platform.metrics:
        assert datum["Namespace"] == "AWS/SageMaker/FeatureStore"
        named = tuple((one["Name"], one["Value"]) for one in datum["Dimensions"])
        if datum["MetricName"] == metric:
            found[named] = found.get(named, 0) + datum["Value"]
    return found


def test_requests_are_counted_by_group_and_operation_and_batches_by_operation(
    sagemaker: Any,
    records: Any,
    platform: FakePlatform,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metric_batches, "FLUSH_SECONDS", 0.05)
    arn = made(sagemaker, eventually)["FeatureGroupArn"]

    records.put_record(FeatureGroupName="Customers", Record=record())
    records.put_record(FeatureGroupName=arn, Record=record("200"))
    with pytest.raises(ClientError):
        records.put_record(FeatureGroupName="Customers", Record=record("today"))
    records.get_record(FeatureGroupName="Customers", RecordIdentifierValueAsString="c1")
    records.batch_write_record(Entries=[{"FeatureGroupName": "Customers", "Record": record("300")}])

    put, get = ((GROUP, ("OperationName", name)) for name in ("PutRecord", "GetRecord"))
    batch = (("OperationName", "BatchWriteRecord"),)
    eventually(lambda: batch in sums(platform, "Invocations"))
    assert sums(platform, "Invocations") == {put: 3, get: 1, batch: 1}
    assert sums(platform, "Operation4XXErrors") == {put: 1, get: 0, batch: 0}
    assert sums(platform, "Operation5XXErrors") == {put: 0, get: 0, batch: 0}
    assert sums(platform, "ThrottledRequests") == {put: 0, get: 0, batch: 0}
    assert min(sums(platform, "Latency").values()) > 0


def test_a_batch_of_records_needs_the_permission_to_put_them_too(
    sagemaker: Any, records: Any, platform: FakePlatform, eventually: Eventually
) -> None:
    arn = made(sagemaker, eventually)["FeatureGroupArn"]
    platform.denied.add(("sagemaker:PutRecord", arn))

    with pytest.raises(ClientError, match="AccessDenied"):
        records.batch_write_record(Entries=[{"FeatureGroupName": "Customers", "Record": record()}])
