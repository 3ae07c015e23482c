"""Feature groups in memory: valid and rejected requests, and their effects."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker.feature_store.fakes import (
    KEY,
    Eventually,
    FakeGlue,
    catalog,
    group,
    made,
    offline,
)

EVENT = "SageMaker Feature Group State Change"


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
        (
            {"OfflineStoreConfig": offline()["OfflineStoreConfig"]},
            "requires RoleArn",
        ),
        (
            {"ThroughputConfig": {"ThroughputMode": "Provisioned"}},
            "needs read and write capacity units",
        ),
        (
            offline(TableFormat="Iceberg"),
            "Iceberg table format needs an EventTimeFeatureName of FeatureType String",
        ),
        (
            offline(TableFormat="Iceberg", DisableGlueTableCreation=True),
            "the Iceberg table format needs the creation",
        ),
        (
            offline(DataCatalogConfig=catalog(Catalog="111111111111")),
            "Catalog must be AwsDataCatalog",
        ),
        (
            offline(DisableGlueTableCreation=True, DataCatalogConfig=catalog(Catalog="lake")),
            "Catalog must be AwsDataCatalog; got 'lake'",
        ),
        (
            offline(DataCatalogConfig=catalog(Database="Lake")),
            "Database must be compatible",
        ),
        (
            offline(DataCatalogConfig=catalog(TableName="a-b")),
            "TableName must be compatible",
        ),
        (
            offline(DataCatalogConfig=catalog(TableName="1a")),
            "TableName must be compatible",
        ),
        (offline(DataCatalogConfig=catalog(TableName="t" * 253)), "at most 252 characters"),
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
def test_a_group_that_breaks_a_rule_is_rejected(
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
            "v: VectorConfig is required for a Vector",
        ),
        (
            {"FeatureName": "v", "FeatureType": "String", "CollectionType": "List"},
            "v: collections need the InMemory storage type",
        ),
    ],
)
def test_a_feature_that_breaks_a_rule_is_rejected(
    sagemaker: Any, feature: dict[str, Any], message: str
) -> None:
    definitions = [*group()["FeatureDefinitions"], feature]

    with pytest.raises(ClientError, match=message):
        sagemaker.create_feature_group(**group(FeatureDefinitions=definitions))


def test_a_name_is_taken_once(sagemaker: Any, eventually: Eventually) -> None:
    made(sagemaker, eventually)

    with pytest.raises(ClientError, match="Resource Already Exists") as raised:
        sagemaker.create_feature_group(**group())
    assert raised.value.response["Error"]["Code"] == "ResourceInUse"


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
    platform.denied = {("glue:CreateTable", table)}
    with pytest.raises(ClientError, match="glue:CreateTable"):
        sagemaker.create_feature_group(**group(**offline(DataCatalogConfig=catalog())))

    encrypted = {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": "none"}}
    with pytest.raises(ClientError, match="The KMS key none cannot be used: no such key"):
        sagemaker.create_feature_group(**group(OnlineStoreConfig=encrypted))


@pytest.mark.parametrize(
    "action",
    [
        "CreateGrant",
        "Decrypt",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "ListGrants",
        "ReEncryptFrom",
        "ReEncryptTo",
        "RetireGrant",
        "RevokeGrant",
        "ListAliases",
    ],
)
def test_the_caller_needs_each_documented_permission_on_the_key(
    sagemaker: Any, platform: FakePlatform, glue: FakeGlue, action: str
) -> None:
    encrypted = {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": KEY}}
    platform.denied = {(f"kms:{action}", "*" if action == "ListAliases" else KEY)}

    with pytest.raises(ClientError, match=f"kms:{action}"):
        sagemaker.create_feature_group(**group(OnlineStoreConfig=encrypted))

    assert not sagemaker.list_feature_groups()["FeatureGroupSummaries"]


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
        ({"FeatureAdditions": [addition]}, "FeatureName city is present 2 times"),
        ({"FeatureAdditions": [addition], "OnlineStoreConfig": ttl}, "give exactly one of"),
        ({"OnlineStoreConfig": {"StorageType": "Standard_V2"}}, "OnlineStoreConfig.StorageType"),
    ):
        with pytest.raises(ClientError, match=message):
            sagemaker.update_feature_group(FeatureGroupName="Customers", **change)
