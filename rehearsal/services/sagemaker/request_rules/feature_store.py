"""Rules of feature groups: their schema and their stores."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import matching, required, requires, rule, sized
from rehearsal.framework.rules.rule import Call, Example

_CREATE = "CreateFeatureGroup"
_BOTH = (_CREATE, "UpdateFeatureGroup")
_RESERVED = ("is_deleted", "write_time", "api_invocation_time")
_MAX_FEATURES = 2500
_CATALOG_SOURCE = "the notebook on DataCatalogConfig among the examples of SageMaker's Python SDK"
_CATALOG = "OfflineStoreConfig.DataCatalogConfig"
_SCHEMA = {
    "FeatureDefinitions[0].FeatureName": "id",
    "FeatureDefinitions[0].FeatureType": "String",
    "FeatureDefinitions[1].FeatureName": "moment",
    "FeatureDefinitions[1].FeatureType": "String",
    "RecordIdentifierFeatureName": "id",
    "EventTimeFeatureName": "moment",
}
_ONLINE = {**_SCHEMA, "OnlineStoreConfig.EnableOnlineStore": True}
_IN_MEMORY = {**_ONLINE, "OnlineStoreConfig.StorageType": "InMemory"}
_OFFLINE = {
    **_SCHEMA,
    "OfflineStoreConfig.S3StorageConfig.S3Uri": "s3://bucket/features",
    "RoleArn": "arn:aws:iam::111111111111:role/execution",
}
_NAMED = {
    **_OFFLINE,
    f"{_CATALOG}.Catalog": "AwsDataCatalog",
    f"{_CATALOG}.Database": "features",
    f"{_CATALOG}.TableName": "customers",
}
_THROUGHPUT = {
    **_ONLINE,
    "ThroughputConfig.ThroughputMode": "Provisioned",
    "ThroughputConfig.ProvisionedReadCapacityUnits": 1,
    "ThroughputConfig.ProvisionedWriteCapacityUnits": 1,
}
_VECTOR = {
    "FeatureDefinitions[2].FeatureName": "embedding",
    "FeatureDefinitions[2].FeatureType": "Fractional",
    "FeatureDefinitions[2].CollectionType": "Vector",
    "FeatureDefinitions[2].CollectionConfig.VectorConfig.Dimension": 8,
}


def _group(call: Call) -> Mapping[str, Any]:
    """Returns the group that the request makes: the new one, or the existing one with additions."""
    if call.operation == _CREATE:
        return call.request
    name = call.get("FeatureGroupName")
    found = call.read("DescribeFeatureGroup", {"FeatureGroupName": name}) or {}
    present = [*found.get("FeatureDefinitions", ()), *(call.get("FeatureAdditions") or ())]
    return {**found, "FeatureDefinitions": present}


def _definitions(call: Call) -> list[Mapping[str, Any]]:
    return list(_group(call).get("FeatureDefinitions") or ())


def _online(group: Mapping[str, Any]) -> bool:
    return bool((group.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"))


def _storage(group: Mapping[str, Any]) -> str:
    return str((group.get("OnlineStoreConfig") or {}).get("StorageType", "Standard"))


def _error(message: str) -> str:
    return f"Validation Error: {message}"


def _unique(call: Call) -> Iterator[str]:
    for name, count in Counter(one["FeatureName"] for one in _definitions(call)).items():
        if count > 1:
            yield _error(f"FeatureName {name} is present {count} times.")


def _reserved(call: Call) -> Iterator[str]:
    for one in _definitions(call):
        if one["FeatureName"] in _RESERVED:
            yield _error(f"FeatureName {one['FeatureName']} is reserved.")


def _number(call: Call) -> Iterator[str]:
    number = len(_definitions(call))
    if number > _MAX_FEATURES:
        yield _error(f"a feature group has at most {_MAX_FEATURES} features, not {number}.")


def _present(call: Call) -> Iterator[str]:
    names = [one["FeatureName"] for one in _definitions(call)]
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if call.get(member) not in names:
            yield _error(f"{member} {call.get(member)} is not present in FeatureDefinitions.")


def _scalars(call: Call) -> Iterator[str]:
    kinds = {one["FeatureName"]: one.get("CollectionType") for one in _definitions(call)}
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if kinds.get(call.get(member)):
            yield _error(f"{member} {call.get(member)} cannot be a collection.")


def _event_time(call: Call) -> str | None:
    types = {one["FeatureName"]: one["FeatureType"] for one in _definitions(call)}
    return types.get(call.get("EventTimeFeatureName"))


def _event_time_type(call: Call) -> Iterator[str]:
    if _event_time(call) == "Integral":
        yield _error("EventTimeFeatureName must be of FeatureType String or Fractional.")


def _vectors(call: Call) -> Iterator[str]:
    for one in _definitions(call):
        dimension = (one.get("CollectionConfig") or {}).get("VectorConfig")
        if (one.get("CollectionType") == "Vector") != bool(dimension):
            name = one["FeatureName"]
            yield _error(f"{name}: VectorConfig is required for a Vector, and for a Vector only.")


def _fractional(call: Call) -> Iterator[str]:
    for one in _definitions(call):
        if one.get("CollectionType") == "Vector" and one["FeatureType"] != "Fractional":
            yield _error(f"{one['FeatureName']}: the elements of a Vector are Fractional.")


def _collections(call: Call) -> Iterator[str]:
    group = _group(call)
    if _online(group) and _storage(group) != "InMemory":
        for one in _definitions(call):
            if one.get("CollectionType"):
                name = one["FeatureName"]
                yield _error(f"{name}: collections need the InMemory storage type.")


def _stores(call: Call) -> Iterator[str]:
    if not _online(call.request) and not call.get("OfflineStoreConfig"):
        yield _error("at least one of OnlineStoreConfig and OfflineStoreConfig must be provided.")


def _iceberg_table(call: Call) -> Iterator[str]:
    offline = call.get("OfflineStoreConfig") or {}
    if offline.get("TableFormat") == "Iceberg" and offline.get("DisableGlueTableCreation"):
        yield _error("the Iceberg table format needs the creation of a Glue table.")


def _iceberg_time(call: Call) -> Iterator[str]:
    iceberg = call.get("OfflineStoreConfig.TableFormat") == "Iceberg"
    if iceberg and _event_time(call) != "String":
        yield _error(
            "the Iceberg table format needs an EventTimeFeatureName of FeatureType String."
        )


def _throughput(call: Call) -> Mapping[str, Any]:
    """Returns the throughput that the request makes, with what an update keeps."""
    given = call.get("ThroughputConfig") or {}
    if call.operation == _CREATE or not given:
        return given
    before = _group(call).get("ThroughputConfig") or {}
    mode = given.get("ThroughputMode", before.get("ThroughputMode"))
    kept = before if mode == "Provisioned" == before.get("ThroughputMode") else {}
    return {**kept, **given, "ThroughputMode": mode}


def _provisioned(call: Call) -> Iterator[str]:
    provisioned = _throughput(call).get("ThroughputMode") == "Provisioned"
    if provisioned and _storage(_group(call)) == "InMemory":
        yield _error("Provisioned throughput is not supported for the InMemory storage type.")


def _units(call: Call) -> list[Any]:
    config = _throughput(call)
    return [config.get(f"Provisioned{verb}CapacityUnits") for verb in ("Read", "Write")]


def _units_given(call: Call) -> Iterator[str]:
    if _throughput(call).get("ThroughputMode") == "Provisioned" and None in _units(call):
        yield _error("Provisioned throughput needs read and write capacity units.")


def _units_allowed(call: Call) -> Iterator[str]:
    mode = _throughput(call).get("ThroughputMode")
    if mode != "Provisioned" and _units(call) != [None, None]:
        yield _error("Capacity units can only be given with the throughput mode Provisioned.")


def _one_change(call: Call) -> Iterator[str]:
    names = ("FeatureAdditions", "OnlineStoreConfig", "ThroughputConfig")
    if sum(call.get(name) is not None for name in names) != 1:
        yield _error(f"give exactly one of {', '.join(names)} at a time.")


def _state(**changes: Any) -> dict[str, Any]:
    return {
        "DescribeFeatureGroup": {
            "FeatureGroupStatus": "Created",
            "FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"}],
            **changes,
        }
    }


_PARAMETER = {
    "FeatureGroupName": "customers",
    "FeatureName": "age",
    "ParameterAdditions[0].Key": "unit",
}
_ADDED = {
    "FeatureGroupName": "customers",
    "FeatureAdditions[0].FeatureName": "age",
    "FeatureAdditions[0].FeatureType": "Integral",
}


def _not_created(call: Call) -> Iterator[str]:
    status = _group(call).get("FeatureGroupStatus", "Created")
    if status != "Created":
        yield _error(f"the feature group is {status}, not Created.")


def _being_updated(call: Call) -> Iterator[str]:
    if (_group(call).get("LastUpdateStatus") or {}).get("Status") == "InProgress":
        yield _error("the feature group is being updated: wait until the update has ended.")


RULES = (
    required(
        "feature-parameters",
        "UpdateFeatureMetadata",
        "Key",
        "Value",
        at="ParameterAdditions[]",
        source="FeatureParameter",
        fails=_PARAMETER,
        passes={**_PARAMETER, "ParameterAdditions[0].Value": "years"},
    ),
    rule(
        "feature-group-created",
        "UpdateFeatureGroup",
        "A feature group is updated after its creation only.",
        _not_created,
        source="UpdateFeatureGroup; DescribeFeatureGroup, FeatureGroupStatus",
        fails=Example(_ADDED, _state(FeatureGroupStatus="Creating")),
        passes=Example(_ADDED, _state()),
    ),
    rule(
        "feature-group-updating",
        "UpdateFeatureGroup",
        "A feature group is not updated while another update is in progress.",
        _being_updated,
        source="ThroughputConfigUpdate, ThroughputMode",
        fails=Example(_ADDED, _state(LastUpdateStatus={"Status": "InProgress"})),
        passes=Example(_ADDED, _state(LastUpdateStatus={"Status": "Successful"})),
    ),
    rule(
        "feature-group-one-change",
        "UpdateFeatureGroup",
        "An update has features, an online store or a throughput, one at a time.",
        _one_change,
        source="UpdateFeatureGroup",
        fails={"FeatureGroupName": "customers"},
        passes=Example(_ADDED, _state()),
    ),
    rule(
        "feature-names",
        _BOTH,
        "Names of features are unique in a feature group.",
        _unique,
        source="CreateFeatureGroup, FeatureDefinitions",
        fails={**_ONLINE, "FeatureDefinitions[1].FeatureName": "id"},
        passes=_ONLINE,
    ),
    rule(
        "feature-reserved-names",
        _BOTH,
        "A feature is not named is_deleted, write_time or api_invocation_time.",
        _reserved,
        source="FeatureDefinition, FeatureName",
        fails={**_ONLINE, "FeatureDefinitions[1].FeatureName": "write_time"},
        passes=_ONLINE,
    ),
    rule(
        "feature-number",
        _BOTH,
        "A feature group has at most 2,500 features.",
        _number,
        source="CreateFeatureGroup, FeatureDefinitions",
        fails=Example(
            _ADDED,
            _state(
                FeatureDefinitions=[
                    {"FeatureName": f"f{n}", "FeatureType": "String"} for n in range(2500)
                ]
            ),
            "UpdateFeatureGroup",
        ),
        passes=_ONLINE,
    ),
    rule(
        "feature-record-members",
        _CREATE,
        "The record identifier and the event time are features of the group.",
        _present,
        source="CreateFeatureGroup, RecordIdentifierFeatureName",
        fails={**_ONLINE, "RecordIdentifierFeatureName": "customer"},
        passes=_ONLINE,
    ),
    rule(
        "feature-record-scalars",
        _CREATE,
        "The record identifier and the event time are no collections.",
        _scalars,
        source="CreateFeatureGroup, EventTimeFeatureName",
        fails={**_IN_MEMORY, "FeatureDefinitions[0].CollectionType": "List"},
        passes=_IN_MEMORY,
    ),
    rule(
        "feature-event-time",
        _CREATE,
        "The event time is of type String or Fractional.",
        _event_time_type,
        source="CreateFeatureGroup, EventTimeFeatureName",
        fails={**_ONLINE, "FeatureDefinitions[1].FeatureType": "Integral"},
        passes={**_ONLINE, "FeatureDefinitions[1].FeatureType": "Fractional"},
    ),
    rule(
        "feature-vector-config",
        _BOTH,
        "VectorConfig is specified for Vector features, and for them only.",
        _vectors,
        source="FeatureDefinition, CollectionConfig",
        fails={
            **_IN_MEMORY,
            **_VECTOR,
            "FeatureDefinitions[2].CollectionType": "List",
        },
        passes={**_IN_MEMORY, **_VECTOR},
    ),
    rule(
        "feature-vector-type",
        _BOTH,
        "The elements of a Vector are Fractional.",
        _fractional,
        source="FeatureDefinition, CollectionType",
        fails={**_IN_MEMORY, **_VECTOR, "FeatureDefinitions[2].FeatureType": "String"},
        passes={**_IN_MEMORY, **_VECTOR},
    ),
    rule(
        "feature-collections",
        _BOTH,
        "Collections need the InMemory storage type of the online store.",
        _collections,
        source='"Collection types" in the Developer Guide',
        fails={**_ONLINE, **_VECTOR},
        passes={**_IN_MEMORY, **_VECTOR},
    ),
    rule(
        "feature-stores",
        _CREATE,
        "A feature group has an online store or an offline store.",
        _stores,
        source="CreateFeatureGroup",
        fails=_SCHEMA,
        passes=_OFFLINE,
    ),
    requires(
        "offline-store-role",
        _CREATE,
        "OfflineStoreConfig",
        "RoleArn",
        source="CreateFeatureGroup, RoleArn",
        fails={k: v for k, v in _OFFLINE.items() if k != "RoleArn"},
        passes=_OFFLINE,
    ),
    rule(
        "iceberg-glue-table",
        _CREATE,
        "The Iceberg table format needs the creation of a Glue table.",
        _iceberg_table,
        source="OfflineStoreConfig, DisableGlueTableCreation",
        fails={
            **_OFFLINE,
            "OfflineStoreConfig.TableFormat": "Iceberg",
            "OfflineStoreConfig.DisableGlueTableCreation": True,
        },
        passes={**_OFFLINE, "OfflineStoreConfig.TableFormat": "Iceberg"},
    ),
    rule(
        "iceberg-event-time",
        _CREATE,
        "The Iceberg table format needs an event time of type String.",
        _iceberg_time,
        source='"Create feature groups in the offline store with Iceberg" in the Developer Guide',
        fails={
            **_OFFLINE,
            "OfflineStoreConfig.TableFormat": "Iceberg",
            "FeatureDefinitions[1].FeatureType": "Fractional",
        },
        passes={**_OFFLINE, "OfflineStoreConfig.TableFormat": "Iceberg"},
    ),
    matching(
        "catalog-name",
        _CREATE,
        f"{_CATALOG}.Catalog",
        "AwsDataCatalog",
        "be AwsDataCatalog",
        source=_CATALOG_SOURCE,
        fails={**_NAMED, f"{_CATALOG}.Catalog": "MyCatalog"},
        passes=_NAMED,
    ),
    *(
        matching(
            f"catalog-{name}",
            _CREATE,
            f"{_CATALOG}.{member}",
            "[a-z_][a-z0-9_]*",
            "be compatible with Athena: lower-case letters, digits and underscores, with no digit "
            "first",
            source=_CATALOG_SOURCE,
            fails={**_NAMED, f"{_CATALOG}.{member}": "Features"},
            passes=_NAMED,
        )
        for name, member in (("database", "Database"), ("table", "TableName"))
    ),
    sized(
        "catalog-table-length",
        _CREATE,
        f"{_CATALOG}.TableName",
        None,
        252,
        of="characters",
        source=_CATALOG_SOURCE,
        fails={**_NAMED, f"{_CATALOG}.TableName": "a" * 253},
        passes={**_NAMED, f"{_CATALOG}.TableName": "a" * 252},
    ),
    rule(
        "throughput-in-memory",
        _BOTH,
        "Provisioned throughput is not supported for the InMemory storage type.",
        _provisioned,
        source="CreateFeatureGroup, ThroughputConfig",
        fails={**_THROUGHPUT, "OnlineStoreConfig.StorageType": "InMemory"},
        passes=_THROUGHPUT,
    ),
    rule(
        "throughput-units",
        _BOTH,
        "Provisioned throughput has read and write capacity units.",
        _units_given,
        source="ThroughputConfig, ProvisionedReadCapacityUnits",
        fails={k: v for k, v in _THROUGHPUT.items() if "Write" not in k},
        passes=_THROUGHPUT,
    ),
    rule(
        "throughput-on-demand",
        _BOTH,
        "Capacity units are for provisioned throughput only.",
        _units_allowed,
        source="ThroughputConfig, ProvisionedWriteCapacityUnits",
        fails={**_THROUGHPUT, "ThroughputConfig.ThroughputMode": "OnDemand"},
        passes=_THROUGHPUT,
    ),
)
