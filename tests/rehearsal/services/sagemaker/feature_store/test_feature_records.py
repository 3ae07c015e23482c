"""Records of feature groups in memory, into and out of the online store."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Context, Scope
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker.feature_store.fakes import (
    KEY,
    Eventually,
    FakeGlue,
    group,
    made,
    offline,
    record,
)


def test_the_latest_event_wins_online(sagemaker: Any, records: Any, eventually: Eventually) -> None:
    arn = made(sagemaker, eventually)["FeatureGroupArn"]
    one = {"FeatureGroupName": "Customers", "RecordIdentifierValueAsString": "c1"}
    assert records.get_record(**one) == {}

    records.put_record(FeatureGroupName="Customers", Record=record("100", orders="1"))
    records.put_record(FeatureGroupName=arn, Record=record("200"))
    records.put_record(FeatureGroupName="Customers", Record=record("150", orders="9"))
    records.put_record(FeatureGroupName="Customers", Record=record("200", orders="9"))

    # The whole record is replaced; one of the same or an earlier time is history.
    assert records.get_record(**one) == {"Record": record("200")}
    filtered = records.get_record(**{**one, "FeatureGroupName": arn}, FeatureNames=["at"])
    assert filtered["Record"] == [{"FeatureName": "at", "ValueAsString": "200"}]


def test_records_are_read_in_a_batch(sagemaker: Any, records: Any, eventually: Eventually) -> None:
    made(sagemaker, eventually)
    entries = [
        {"FeatureGroupName": "Customers", "Record": record(id=name)} for name in ("a", "b", "c")
    ]
    entries.append({"FeatureGroupName": "Customers", "Record": record(orders="many")})
    written = records.batch_write_record(Entries=entries)
    assert [error["ErrorCode"] for error in written["Errors"]] == ["ValidationError"]

    response = records.batch_get_record(
        Identifiers=[
            {"FeatureGroupName": "Customers", "RecordIdentifiersValueAsString": ["a", "x", "b"]},
            {"FeatureGroupName": "None", "RecordIdentifiersValueAsString": ["a"]},
        ]
    )

    assert [found["RecordIdentifierValueAsString"] for found in response["Records"]] == ["a", "b"]
    assert [error["ErrorCode"] for error in response["Errors"]] == ["ResourceNotFound"]
    first = records.list_records(FeatureGroupName="Customers", MaxResults=2)
    rest = records.list_records(FeatureGroupName="Customers", NextToken=first["NextToken"])
    assert first["RecordIdentifiers"] + rest["RecordIdentifiers"] == ["a", "b", "c"]


def test_a_record_is_deleted_softly_or_for_good(
    sagemaker: Any, records: Any, eventually: Eventually
) -> None:
    made(sagemaker, eventually)
    one = {"FeatureGroupName": "Customers", "RecordIdentifierValueAsString": "c1"}
    records.put_record(FeatureGroupName="Customers", Record=record("100"))

    records.delete_record(**one, EventTime="90")
    assert records.get_record(**one)  # it is older than the record
    records.delete_record(**one, EventTime="110")
    assert records.get_record(**one) == {}
    assert records.list_records(FeatureGroupName="Customers")["RecordIdentifiers"] == []
    deleted = records.list_records(FeatureGroupName="Customers", IncludeSoftDeletedRecords=True)
    assert deleted["RecordIdentifiers"] == ["c1"]
    records.put_record(FeatureGroupName="Customers", Record=record("105"))
    assert records.get_record(**one) == {}  # older than the deletion

    records.put_record(FeatureGroupName="Customers", Record=record("120"))
    with pytest.raises(ClientError, match="EventTime: it must be later"):
        records.delete_record(**one, EventTime="120", DeletionMode="HardDelete")
    records.delete_record(**one, EventTime="130", DeletionMode="HardDelete")
    records.put_record(FeatureGroupName="Customers", Record=record("10"))
    assert records.get_record(**one)["Record"] == record("10")


def test_a_record_vanishes_when_its_time_is_over(
    sagemaker: Any, records: Any, eventually: Eventually
) -> None:
    config = {
        "EnableOnlineStore": True,
        "TtlDuration": {"Unit": "Hours", "Value": 1},
    }
    made(sagemaker, eventually, OnlineStoreConfig=config)
    one = {"FeatureGroupName": "Customers", "RecordIdentifierValueAsString": "c1"}
    now = datetime.datetime.now(datetime.UTC)
    long_ago = now - datetime.timedelta(hours=2)

    records.put_record(FeatureGroupName="Customers", Record=record(str(long_ago.timestamp())))
    assert records.get_record(**one) == {}

    week = {"Unit": "Weeks", "Value": 1}
    fresh = record(str(long_ago.timestamp()))
    records.put_record(FeatureGroupName="Customers", Record=fresh, TtlDuration=week)
    found = records.get_record(**one, ExpirationTimeResponse="Enabled")
    expected = long_ago + datetime.timedelta(weeks=1)
    assert found["ExpiresAt"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "ExpiresAt" not in records.get_record(**one)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (record(orders="1.5"), "orders: '1.5' is not of type Integral"),
        (record(orders=str(2**63)), "is not of type Integral"),
        (record("nan"), "at: 'nan' is not of type Fractional"),
        (record(city="Bonn"), "Feature city does not exist in the feature group Customers"),
        (record()[:1], "The record has no value for at"),
        (record()[1:], "The record has no value for id"),
        ([*record(), *record()[:1]], "FeatureName id is present more than once"),
        (record(id="x" * 2049), "The record identifier has at most 2 KB"),
        (
            [*record(), {"FeatureName": "orders", "ValueAsStringList": ["1"]}],
            "orders: its value must be given as ValueAsString",
        ),
    ],
)
def test_a_record_that_breaks_the_schema_is_rejected(
    sagemaker: Any, records: Any, eventually: Eventually, entry: Any, message: str
) -> None:
    made(sagemaker, eventually)

    with pytest.raises(ClientError, match=message) as raised:
        records.put_record(FeatureGroupName="Customers", Record=entry)
    assert raised.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("2026-11-22T18:00:00Z", True),
        ("2026-11-22T18:00:00.123Z", True),
        ("2026-11-22T18:00:00.123456789Z", True),
        ("2026-11-22 18:00:00", False),
        ("2026-02-30T18:00:00Z", False),
        ("1700000000", False),
    ],
)
def test_an_event_time_of_text_is_iso_8601(
    sagemaker: Any, records: Any, eventually: Eventually, text: str, accepted: bool
) -> None:
    definitions = [
        {"FeatureName": "id", "FeatureType": "String"},
        {"FeatureName": "at", "FeatureType": "String"},
    ]
    made(sagemaker, eventually, FeatureDefinitions=definitions)

    if accepted:
        records.put_record(FeatureGroupName="Customers", Record=record(text))
        return
    with pytest.raises(ClientError, match="is not in the format yyyy-MM-dd"):
        records.put_record(FeatureGroupName="Customers", Record=record(text))


def test_collections_of_a_group_in_memory(
    sagemaker: Any, records: Any, eventually: Eventually
) -> None:
    vector = {
        "FeatureName": "v",
        "FeatureType": "Fractional",
        "CollectionType": "Vector",
        "CollectionConfig": {"VectorConfig": {"Dimension": 2}},
    }
    tags = {"FeatureName": "tags", "FeatureType": "String", "CollectionType": "Set"}
    made(
        sagemaker,
        eventually,
        FeatureDefinitions=[*group()["FeatureDefinitions"], vector, tags],
        OnlineStoreConfig={"EnableOnlineStore": True, "StorageType": "InMemory"},
    )

    def put(name: str, items: list[str]) -> None:
        entry = {"FeatureName": name, "ValueAsStringList": items}
        records.put_record(FeatureGroupName="Customers", Record=[*record(), entry])

    put("v", ["0.5", "1"])
    found = records.get_record(
        FeatureGroupName="Customers", RecordIdentifierValueAsString="c1", FeatureNames=["v"]
    )
    assert found["Record"] == [{"FeatureName": "v", "ValueAsStringList": ["0.5", "1"]}]
    with pytest.raises(ClientError, match="v: got 1 elements, its dimension is 2"):
        put("v", ["0.5"])
    with pytest.raises(ClientError, match="the elements of a Set must be unique"):
        put("tags", ["a", "a"])


def test_a_store_that_the_group_lacks_is_rejected(
    sagemaker: Any, records: Any, eventually: Eventually, glue: FakeGlue
) -> None:
    made(sagemaker, eventually)
    with pytest.raises(ClientError, match="has no OfflineStore"):
        records.put_record(
            FeatureGroupName="Customers", Record=record(), TargetStores=["OfflineStore"]
        )
    sagemaker.delete_feature_group(FeatureGroupName="Customers")

    made(sagemaker, eventually, OnlineStoreConfig={}, **offline())
    with pytest.raises(ClientError, match="The online store of Customers is not enabled"):
        records.get_record(FeatureGroupName="Customers", RecordIdentifierValueAsString="c1")
    with pytest.raises(ClientError, match="can't find a FeatureGroup with name Nobody"):
        records.get_record(FeatureGroupName="Nobody", RecordIdentifierValueAsString="c1")


def test_the_key_of_the_online_store_is_needed_for_records(
    sagemaker: Any, records: Any, eventually: Eventually, platform: FakePlatform, glue: FakeGlue
) -> None:
    config = {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": KEY}}
    made(sagemaker, eventually, OnlineStoreConfig=config)
    platform.denied = {("kms:Decrypt", KEY)}

    with pytest.raises(ClientError, match="kms:Decrypt") as raised:
        records.put_record(FeatureGroupName="Customers", Record=record())
    assert raised.value.response["Error"]["Code"] == "AccessForbidden"
    with pytest.raises(ClientError, match="kms:Decrypt"):
        records.get_record(FeatureGroupName="Customers", RecordIdentifierValueAsString="c1")


def test_groups_of_another_account_are_not_seen(
    sagemaker: Any, platform: FakePlatform, service: SageMaker, eventually: Eventually
) -> None:
    made(sagemaker, eventually)
    there = Context(Scope("222222222222", "us-east-1"), "arn:aws:iam::222222222222:root")

    assert not ServiceClient(service, there).list_feature_groups()["FeatureGroupSummaries"]
