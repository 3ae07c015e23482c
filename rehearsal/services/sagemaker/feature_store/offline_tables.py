"""Tables of feature groups in the Glue Data Catalog."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.feature_store.offline_files import Location
from rehearsal.services.sagemaker.records import Record

_DATABASE = "sagemaker_featurestore"
_CATALOG = "AwsDataCatalog"
_TYPES = {"String": "string", "Integral": "bigint", "Fractional": "double"}
_PARTITIONS = ("year", "month", "day", "hour")
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def complete(record: Record, scope: Scope) -> None:
    """Adds the values that SageMaker chooses: format, catalog names, and place of the files."""
    config = record["OfflineStoreConfig"]
    storage = config["S3StorageConfig"]
    suffix = f"{record['FeatureGroupName']}-{int(record['CreationTime'].timestamp())}"
    base = storage["S3Uri"].rstrip("/")
    place = f"{scope.account}/sagemaker/{scope.region}/offline-store/{suffix}"
    storage["ResolvedOutputS3Uri"] = f"{base}/{place}/data"
    config.setdefault("DisableGlueTableCreation", False)
    config.setdefault("TableFormat", "Glue")
    if not config["DisableGlueTableCreation"]:
        table = suffix.lower().replace("-", "_")
        chosen = {"TableName": table, "Catalog": _CATALOG, "Database": _DATABASE}
        config.setdefault("DataCatalogConfig", chosen)


def needed_permissions(record: Mapping[str, Any], scope: Scope) -> Iterator[tuple[str, str]]:
    """Yields the actions and ARNs that the caller needs for SageMaker to create the table."""
    config = record["OfflineStoreConfig"]
    if config["DisableGlueTableCreation"]:
        return
    names = config["DataCatalogConfig"]
    database, table = names["Database"], names["TableName"]
    for action, resource in (
        ("glue:GetDatabase", f"database/{database}"),
        ("glue:CreateDatabase", f"database/{database}"),
        ("glue:GetTable", f"table/{database}/{table}"),
        ("glue:CreateTable", f"table/{database}/{table}"),
    ):
        yield action, scope.arn("glue", resource)


def create(record: Mapping[str, Any], service: boto3.Session, role: boto3.Session) -> None:
    """Creates the table, and its database if it does not exist."""
    config = record["OfflineStoreConfig"]
    if config["DisableGlueTableCreation"]:
        return
    names = config["DataCatalogConfig"]
    glue = service.client("glue")
    try:
        glue.create_database(DatabaseInput={"Name": names["Database"]})
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
    if config["TableFormat"] == "Iceberg":
        from rehearsal.services.sagemaker.feature_store import (
            offline_iceberg,  # loaded on demand: it takes two seconds
        )

        offline_iceberg.create_table(
            service,
            role,
            location=table_location(record),
            database=names["Database"],
            table=names["TableName"],
            group=record,
        )
    else:
        glue.create_table(DatabaseName=names["Database"], TableInput=_table_input(record))


def update(record: Mapping[str, Any], session: boto3.Session) -> None:
    """Adds the columns of new features; an Iceberg table receives them with the next records."""
    config = record["OfflineStoreConfig"]
    if config["DisableGlueTableCreation"] or config["TableFormat"] == "Iceberg":
        return
    names = config["DataCatalogConfig"]
    session.client("glue").update_table(
        DatabaseName=names["Database"], TableInput=_table_input(record)
    )


def data_location(record: Mapping[str, Any]) -> Location:
    """Returns the place of the files in the Glue format."""
    storage = record["OfflineStoreConfig"]["S3StorageConfig"]
    return Location.of(storage["ResolvedOutputS3Uri"], storage.get("KmsKeyId"))


def table_location(record: Mapping[str, Any]) -> Location:
    """Returns the place of the data and metadata of an Iceberg table."""
    data = data_location(record)
    return Location(data.bucket, data.key.rpartition("/")[0], data.key_id)


def _table_input(record: Mapping[str, Any]) -> dict[str, Any]:
    config = record["OfflineStoreConfig"]
    columns = [
        {"Name": entry["FeatureName"].lower(), "Type": _column_type(entry)}
        for entry in record["FeatureDefinitions"]
    ]
    added = (("write_time", "timestamp"), ("api_invocation_time", "timestamp"))
    columns += [{"Name": name, "Type": kind} for name, kind in (*added, ("is_deleted", "boolean"))]
    return {
        "Name": config["DataCatalogConfig"]["TableName"],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "parquet.compression": "SNAPPY"},
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in _PARTITIONS],
        "StorageDescriptor": {
            "Columns": columns,
            "Location": config["S3StorageConfig"]["ResolvedOutputS3Uri"],
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
        },
    }


def _column_type(entry: Mapping[str, Any]) -> str:
    kind = _TYPES[entry["FeatureType"]]
    return f"array<{kind}>" if entry.get("CollectionType") else kind
