"""Feature groups and their records, in memory."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet
import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.platform import Context, Scope
from rehearsal.aws.sagemaker import offline_writer
from rehearsal.aws.sagemaker.feature_store_runtime import FeatureStoreRuntime
from rehearsal.aws.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform, ServiceClient

Eventually = Callable[[Callable[[], Any]], Any]
KEY = "arn:aws:kms:us-east-1:111111111111:key/k"
EVENT = "SageMaker Feature Group State Change"


class FakeGlue:
    """Databases and tables that are made or changed."""

    def __init__(self) -> None:
        self.tables: dict[str, Any] = {}

    def create_database(self, **request: Any) -> None:
        if request["DatabaseInput"]["Name"] == "features":
            error = {"Error": {"Code": "AlreadyExistsException", "Message": "there"}}
            raise ClientError(error, "CreateDatabase")  # type: ignore[arg-type]

    def create_table(self, *, DatabaseName: str, TableInput: Any) -> None:  # noqa: N803
        self.tables[f"{DatabaseName}.{TableInput['Name']}"] = TableInput

    update_table = create_table


class FakeKms:
    def describe_key(self, *, KeyId: str) -> Any:  # noqa: N803
        if KeyId != KEY:
            error = {"Error": {"Code": "NotFoundException", "Message": "no such key"}}
            raise ClientError(error, "DescribeKey")  # type: ignore[arg-type]
        return {"KeyMetadata": {"Arn": KEY}}


@pytest.fixture
def glue(platform: FakePlatform) -> FakeGlue:
    made = FakeGlue()
    platform.clients |= {"glue": made, "kms": FakeKms()}
    return made


@pytest.fixture
def records(
    platform: FakePlatform, service: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setattr(offline_writer, "GATHER_SECONDS", 0.05)
    runtime = FeatureStoreRuntime(platform)
    yield ServiceClient(runtime, CALLER)
    runtime.close()


def group(**extra: Any) -> dict[str, Any]:
    return {
        "FeatureGroupName": "Customers",
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": [
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "Fractional"},
            {"FeatureName": "orders", "FeatureType": "Integral"},
        ],
        "OnlineStoreConfig": {"EnableOnlineStore": True},
        **extra,
    }


def offline(**extra: Any) -> dict[str, Any]:
    config = {"S3StorageConfig": {"S3Uri": "s3://features/prefix/"}, **extra}
    return {"OfflineStoreConfig": config, "RoleArn": ROLE}


def record(at: str = "100", **values: str) -> list[dict[str, str]]:
    given = {"id": "c1", "at": at, **values}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in given.items()]


def made(sagemaker: Any, eventually: Eventually, **extra: Any) -> dict[str, Any]:
    """A new group, when it can be used."""
    sagemaker.create_feature_group(**group(**extra))

    def settled() -> Any:
        found = sagemaker.describe_feature_group(FeatureGroupName="Customers")
        return found if found["FeatureGroupStatus"] != "Creating" else None

    found: dict[str, Any] = eventually(settled)
    return found


def test_a_group_is_created_described_listed_and_deleted(
    sagemaker: Any, platform: FakePlatform, eventually: Eventually
) -> None:
    found = made(sagemaker, eventually, Tags=[{"Key": "team", "Value": "growth"}])

    assert found["FeatureGroupStatus"] == "Created"
    assert found["FeatureGroupArn"].endswith(":feature-group/customers")
    assert found["OnlineStoreConfig"]["StorageType"] == "Standard"
    assert found["ThroughputConfig"] == {"ThroughputMode": "OnDemand"}
    by_arn = sagemaker.describe_feature_group(FeatureGroupName=found["FeatureGroupArn"])
    assert by_arn == found
    assert sagemaker.list_tags(ResourceArn=found["FeatureGroupArn"])["Tags"]
    listed = sagemaker.list_feature_groups(NameContains="cust", FeatureGroupStatusEquals="Created")
    assert [entry["FeatureGroupName"] for entry in listed["FeatureGroupSummaries"]] == ["Customers"]
    assert not sagemaker.list_feature_groups(OfflineStoreStatusEquals="Active")[
        "FeatureGroupSummaries"
    ]

    sagemaker.delete_feature_group(FeatureGroupName="Customers")
    assert not sagemaker.list_feature_groups()["FeatureGroupSummaries"]
    statuses = [event["FeatureGroupStatus"] for event in platform.events_of(EVENT)]
    assert statuses == ["Creating", "Created", "Deleting"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RecordIdentifierFeatureName": "key"}, "RecordIdentifierFeatureName key is not present"),
        ({"EventTimeFeatureName": "orders"}, "must be of FeatureType String or Fractional"),
        ({"OnlineStoreConfig": {}}, "at least one of OnlineStoreConfig and OfflineStoreConfig"),
        ({"OfflineStoreConfig": offline()["OfflineStoreConfig"]}, "RoleArn is required with"),
        (
            {"ThroughputConfig": {"ThroughputMode": "Provisioned"}},
            "needs read and write capacity units",
        ),
        (
            offline(TableFormat="Iceberg", DisableGlueTableCreation=True),
            "the Iceberg table format needs the creation",
        ),
        (
            {
                "OnlineStoreConfig": {"EnableOnlineStore": True, "StorageType": "InMemory"},
                "ThroughputConfig": {
                    "ThroughputMode": "Provisioned",
                    "ProvisionedReadCapacityUnits": 1,
                    "ProvisionedWriteCapacityUnits": 1,
                },
            },
            "Provisioned throughput is not supported for the InMemory",
        ),
        (
            {"OnlineStoreConfig": {"EnableOnlineStore": True, "StorageType": "Standard_V2"}},
            "does not implement OnlineStoreConfig.StorageType=Standard_V2",
        ),
    ],
)
def test_a_group_that_breaks_a_rule_is_refused(
    sagemaker: Any, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_feature_group(**group(**change))


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ({"FeatureName": "id", "FeatureType": "String"}, "FeatureName id is present 2 times"),
        ({"FeatureName": "write_time", "FeatureType": "String"}, "write_time is reserved"),
        (
            {"FeatureName": "v", "FeatureType": "Fractional", "CollectionType": "Vector"},
            "v: VectorConfig is needed for a Vector",
        ),
        (
            {"FeatureName": "v", "FeatureType": "String", "CollectionType": "List"},
            "v: collections need the InMemory storage type",
        ),
    ],
)
def test_a_feature_that_breaks_a_rule_is_refused(
    sagemaker: Any, feature: dict[str, Any], message: str
) -> None:
    definitions = [*group()["FeatureDefinitions"], feature]

    with pytest.raises(ClientError, match=message):
        sagemaker.create_feature_group(**group(FeatureDefinitions=definitions))


def test_a_name_is_taken_once(sagemaker: Any, eventually: Eventually) -> None:
    made(sagemaker, eventually)

    with pytest.raises(ClientError, match="Resource Already Exists") as refusal:
        sagemaker.create_feature_group(**group())
    assert refusal.value.response["Error"]["Code"] == "ResourceInUse"


def test_the_role_is_passed_and_tried_out(
    sagemaker: Any, platform: FakePlatform, glue: FakeGlue, eventually: Eventually
) -> None:
    platform.denied = {("iam:PassRole", ROLE)}
    with pytest.raises(ClientError, match="iam:PassRole"):
        sagemaker.create_feature_group(**group(**offline()))

    platform.denied = {("sts:AssumeRole", ROLE)}
    found = made(sagemaker, eventually, **offline())
    assert found["FeatureGroupStatus"] == "CreateFailed"
    assert "may not assume" in found["FailureReason"]
    assert not glue.tables


def test_the_caller_needs_the_catalog_and_the_key(
    sagemaker: Any, platform: FakePlatform, glue: FakeGlue
) -> None:
    table = SCOPE.arn("glue", "table/features/customers")
    catalog = {"Catalog": "AwsDataCatalog", "Database": "features", "TableName": "customers"}
    platform.denied = {("glue:CreateTable", table)}
    with pytest.raises(ClientError, match="glue:CreateTable"):
        sagemaker.create_feature_group(**group(**offline(DataCatalogConfig=catalog)))

    encrypted = {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": KEY}}
    platform.denied = {("kms:CreateGrant", KEY)}
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        sagemaker.create_feature_group(**group(OnlineStoreConfig=encrypted))

    encrypted["SecurityConfig"] = {"KmsKeyId": "none"}
    with pytest.raises(ClientError, match="the KMS key none cannot be used: no such key"):
        sagemaker.create_feature_group(**group(OnlineStoreConfig=encrypted))


def test_features_are_added_one_kind_of_change_at_a_time(
    sagemaker: Any, glue: FakeGlue, eventually: Eventually
) -> None:
    found = made(sagemaker, eventually, **offline())
    names = found["OfflineStoreConfig"]["DataCatalogConfig"]
    table = f"{names['Database']}.{names['TableName']}"
    addition = {"FeatureName": "city", "FeatureType": "String"}
    ttl = {"TtlDuration": {"Unit": "Days", "Value": 1}}

    def update(**change: Any) -> Any:
        sagemaker.update_feature_group(FeatureGroupName="Customers", **change)

        def ended() -> Any:
            now = sagemaker.describe_feature_group(FeatureGroupName="Customers")
            return now if now["LastUpdateStatus"]["Status"] == "Successful" else None

        return eventually(ended)

    assert names["TableName"].startswith("customers_1")
    assert update(FeatureAdditions=[addition])["FeatureDefinitions"][-1] == addition
    columns = [column["Name"] for column in glue.tables[table]["StorageDescriptor"]["Columns"]]
    assert columns == [
        "id",
        "at",
        "orders",
        "city",
        "write_time",
        "api_invocation_time",
        "is_deleted",
    ]
    assert update(OnlineStoreConfig=ttl)["OnlineStoreConfig"]["TtlDuration"] == ttl["TtlDuration"]
    assert "TtlDuration" not in update(OnlineStoreConfig={"TtlDuration": {}})["OnlineStoreConfig"]
    provisioned = {
        "ThroughputMode": "Provisioned",
        "ProvisionedReadCapacityUnits": 1,
        "ProvisionedWriteCapacityUnits": 2,
    }
    assert update(ThroughputConfig=provisioned)["ThroughputConfig"] == provisioned
    update(ThroughputConfig={"ThroughputMode": "OnDemand"})
    update(ThroughputConfig=provisioned)
    for change, message in (
        ({"ThroughputConfig": {"ThroughputMode": "OnDemand"}}, "once in a 24 hour period"),
        ({"FeatureAdditions": [addition]}, "Feature city already exists"),
        ({"FeatureAdditions": [addition], "OnlineStoreConfig": ttl}, "give exactly one of"),
        ({"OnlineStoreConfig": {"StorageType": "Standard_V2"}}, "OnlineStoreConfig.StorageType"),
    ):
        with pytest.raises(ClientError, match=message):
            sagemaker.update_feature_group(FeatureGroupName="Customers", **change)


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

    answer = records.batch_get_record(
        Identifiers=[
            {"FeatureGroupName": "Customers", "RecordIdentifiersValueAsString": ["a", "x", "b"]},
            {"FeatureGroupName": "None", "RecordIdentifiersValueAsString": ["a"]},
        ]
    )

    assert [found["RecordIdentifierValueAsString"] for found in answer["Records"]] == ["a", "b"]
    assert [error["ErrorCode"] for error in answer["Errors"]] == ["ResourceNotFound"]
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
        (record(id="x" * 358_401), "id: a value has at most 350 KB"),
        (
            [*record(), {"FeatureName": "orders", "ValueAsStringList": ["1"]}],
            "orders: its value must be given as ValueAsString",
        ),
    ],
)
def test_a_record_that_breaks_the_schema_is_refused(
    sagemaker: Any, records: Any, eventually: Eventually, entry: Any, message: str
) -> None:
    made(sagemaker, eventually)

    with pytest.raises(ClientError, match=message) as refusal:
        records.put_record(FeatureGroupName="Customers", Record=entry)
    assert refusal.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("2026-11-22T18:00:00Z", True),
        ("2026-11-22T18:00:00.123Z", True),
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


def test_a_store_that_the_group_lacks_is_refused(
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

    with pytest.raises(ClientError, match="kms:Decrypt") as refusal:
        records.put_record(FeatureGroupName="Customers", Record=record())
    assert refusal.value.response["Error"]["Code"] == "AccessForbidden"
    with pytest.raises(ClientError, match="kms:Decrypt"):
        records.get_record(FeatureGroupName="Customers", RecordIdentifierValueAsString="c1")


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


def test_groups_of_another_account_are_not_seen(
    sagemaker: Any, platform: FakePlatform, service: SageMaker, eventually: Eventually
) -> None:
    made(sagemaker, eventually)
    there = Context(Scope("222222222222", "us-east-1"), "arn:aws:iam::222222222222:root")

    assert not ServiceClient(service, there).list_feature_groups()["FeatureGroupSummaries"]
