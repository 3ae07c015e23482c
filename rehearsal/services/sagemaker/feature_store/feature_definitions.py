"""Rules for the schema and the stores of feature groups."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.records import Record

MAX_FEATURES = 2500
_RESERVED = {"is_deleted", "write_time", "api_invocation_time"}
_CATALOG = "AwsDataCatalog"
_ATHENA_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# Athena reserves three characters of a table's name.
_MAX_CATALOG_NAME_LENGTHS = {"Database": 255, "TableName": 252}


def check_new_group(record: Record) -> None:
    """Validates the schema and the stores of a new feature group.

    Raises:
        AwsError: ValidationException, for the first violation of a rule.
    """
    definitions = record["FeatureDefinitions"]
    _check_definitions(definitions)
    types = {entry["FeatureName"]: entry for entry in definitions}
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        name = record[member]
        if name not in types:
            reject(f"{member} {name} is not present in FeatureDefinitions.")
        if types[name].get("CollectionType"):
            reject(f"{member} {name} cannot be a collection.")
    if types[record["EventTimeFeatureName"]]["FeatureType"] == "Integral":
        reject("EventTimeFeatureName must be of FeatureType String or Fractional.")
    _check_stores(record, definitions)


def check_additions(record: Record, additions: Iterable[Mapping[str, Any]]) -> None:
    """Validates features that are to be added to a feature group.

    Raises:
        AwsError: ValidationException, if a feature exists or is not supported by the group.
    """
    present = {entry["FeatureName"] for entry in record["FeatureDefinitions"]}
    added = list(additions)
    for entry in added:
        if entry["FeatureName"] in present:
            reject(f"Feature {entry['FeatureName']} already exists in the feature group.")
    _check_definitions([*record["FeatureDefinitions"], *added])
    _check_collections(record, added)


def check_throughput(record: Record) -> None:
    """Validates the throughput mode of a feature group.

    Raises:
        AwsError: ValidationException, if the online store does not support it.
    """
    config = record.get("ThroughputConfig", {})
    units = [config.get(f"Provisioned{verb}CapacityUnits") for verb in ("Read", "Write")]
    if config.get("ThroughputMode") == "Provisioned":
        if _storage_type(record) == "InMemory":
            reject("Provisioned throughput is not supported for the InMemory storage type.")
        if None in units:
            reject("Provisioned throughput needs read and write capacity units.")
    elif units != [None, None]:
        reject("Capacity units can only be given with the throughput mode Provisioned.")


def has_online_store(record: Mapping[str, Any]) -> bool:
    """Returns True if a feature group has an online store."""
    return bool(record.get("OnlineStoreConfig", {}).get("EnableOnlineStore"))


def reject(message: str) -> NoReturn:
    """Raises SageMaker's error for a request that violates a rule."""
    raise AwsError("ValidationException", f"Validation Error: {message}")


def _check_definitions(definitions: list[Mapping[str, Any]]) -> None:
    if len(definitions) > MAX_FEATURES:
        reject(f"a feature group has at most {MAX_FEATURES} features, not {len(definitions)}.")
    for name, count in Counter(entry["FeatureName"] for entry in definitions).items():
        if count > 1:
            reject(f"FeatureName {name} is present {count} times.")
        if name in _RESERVED:
            reject(f"FeatureName {name} is reserved.")
    for entry in definitions:
        _check_collection(entry)


def _check_collection(entry: Mapping[str, Any]) -> None:
    name, kind = entry["FeatureName"], entry.get("CollectionType")
    dimension = entry.get("CollectionConfig", {}).get("VectorConfig")
    if (kind == "Vector") != bool(dimension):
        reject(f"{name}: VectorConfig is required for a Vector, and for a Vector only.")
    if kind == "Vector" and entry["FeatureType"] != "Fractional":
        reject(f"{name}: the elements of a Vector are Fractional.")


def _check_stores(record: Record, definitions: list[Mapping[str, Any]]) -> None:
    if not has_online_store(record) and not record.get("OfflineStoreConfig"):
        reject("at least one of OnlineStoreConfig and OfflineStoreConfig must be provided.")
    if record.get("OfflineStoreConfig") and not record.get("RoleArn"):
        reject("RoleArn is required with OfflineStoreConfig.")
    offline = record.get("OfflineStoreConfig", {})
    if offline.get("TableFormat") == "Iceberg" and offline.get("DisableGlueTableCreation"):
        reject("the Iceberg table format needs the creation of a Glue table.")
    if "DataCatalogConfig" in offline:
        _check_catalog(offline["DataCatalogConfig"])
    types = {entry["FeatureName"]: entry["FeatureType"] for entry in definitions}
    if (
        offline.get("TableFormat") == "Iceberg"
        and types[record["EventTimeFeatureName"]] != "String"
    ):
        reject("the Iceberg table format needs an EventTimeFeatureName of FeatureType String.")
    _check_collections(record, definitions)
    check_throughput(record)


def _check_catalog(names: Mapping[str, Any]) -> None:
    """Source: the notebook on DataCatalogConfig among the examples of SageMaker's Python SDK."""
    if names["Catalog"] != _CATALOG:
        reject(f"Catalog must be {_CATALOG}, not {names['Catalog']}.")
    for member, limit in _MAX_CATALOG_NAME_LENGTHS.items():
        name = names[member]
        if len(name) > limit or not _ATHENA_NAME.fullmatch(name):
            reject(
                f"{member} {name} must be compatible with Athena: lower-case letters, digits and "
                f"underscores, with no digit first, and at most {limit} characters."
            )


def _check_collections(record: Record, definitions: Iterable[Mapping[str, Any]]) -> None:
    if has_online_store(record) and _storage_type(record) != "InMemory":
        for entry in definitions:
            if entry.get("CollectionType"):
                reject(f"{entry['FeatureName']}: collections need the InMemory storage type.")


def _storage_type(record: Mapping[str, Any]) -> str:
    return str(record.get("OnlineStoreConfig", {}).get("StorageType", "Standard"))
