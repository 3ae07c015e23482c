"""Glue and KMS in memory, and requests for a feature group of customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE

Eventually = Callable[[Callable[[], Any]], Any]
KEY = "arn:aws:kms:us-east-1:111111111111:key/k"


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


def catalog(**extra: str) -> dict[str, str]:
    return {
        "Catalog": "AwsDataCatalog",
        "Database": "features",
        "TableName": "customers",
        **extra,
    }


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
