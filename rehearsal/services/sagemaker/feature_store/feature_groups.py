"""Feature groups: their schema, and the life of their stores."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.feature_store import offline_tables
from rehearsal.services.sagemaker.feature_store.feature_definitions import (
    has_online_store,
    reject,
)
from rehearsal.services.sagemaker.feature_store.offline_files import Location
from rehearsal.services.sagemaker.feature_store.online_store import OnlineStore
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now

KIND = "feature-group"
METADATA = "feature-metadata"
"""The kind of the records with the metadata of the features of a group."""
LISTING = Listing(
    operation="ListFeatureGroups",
    member="FeatureGroupSummaries",
    name="FeatureGroupName",
    modified=None,
    equal={"FeatureGroupStatusEquals": "FeatureGroupStatus"},
)
_EVENT = "SageMaker Feature Group State Change"
_EVENT_MEMBERS = (
    "FeatureGroupArn",
    "FeatureGroupName",
    "RecordIdentifierFeatureName",
    "EventTimeFeatureName",
    "FeatureDefinitions",
    "CreationTime",
    "OnlineStoreConfig",
    "OfflineStoreConfig",
    "RoleArn",
    "FeatureGroupStatus",
    "OfflineStoreStatus",
    "FailureReason",
    "Description",
)
# The permissions that the caller needs for the key of the online store.
# Source: OnlineStoreSecurityConfig in the API reference.
_KEY_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:RevokeGrant",
)
_ON_DEMAND_INTERVAL = datetime.timedelta(hours=24)


class FeatureGroups:
    """Create-, Describe-, Update-, List-, DeleteFeatureGroup.

    Args:
        backend: the backend of SageMaker.
        online: the online store, which the Feature Store runtime shares.
    """

    def __init__(self, backend: Backend, online: OnlineStore) -> None:
        self._backend = backend
        self._identity = backend.identity
        self._platform = backend.platform
        self._online = online

    def create_feature_group(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateFeatureGroup", request)
        self._identity.check_role(context, record.get("RoleArn"))
        scope, name = context.scope, record["FeatureGroupName"]
        # SageMaker writes names in its ARNs in lower case.
        arn = scope.arn("sagemaker", f"{KIND}/{name.lower()}")
        record |= {
            "FeatureGroupArn": arn,
            "CreationTime": now(),
            "LastModifiedTime": now(),
            "FeatureGroupStatus": "Creating",
        }
        record.setdefault("ThroughputConfig", {"ThroughputMode": "OnDemand"})
        if has_online_store(record):
            record["OnlineStoreConfig"].setdefault("StorageType", "Standard")
            key = record["OnlineStoreConfig"].get("SecurityConfig", {}).get("KmsKeyId")
            self._backend.check_key(context, key, *_KEY_ACTIONS)
        if "OfflineStoreConfig" in record:
            offline_tables.complete(record, scope)
            for action, resource in offline_tables.needed_permissions(record, scope):
                self._identity.authorize_caller(context, action, resource)
        with self._backend.lock:
            if name in self._backend.records.of(scope, KIND):
                message = f"Resource Already Exists: FeatureGroup with name {name} already exists."
                raise AwsError("ResourceInUse", message)
            self._backend.tag_new(context, arn, request.get("Tags", ()))
            record.pop("Tags", None)
            self._backend.records.of(scope, KIND)[name] = record
        self._emit(scope, record)
        self._backend.workers.start(
            f"create feature group {name}", lambda: self._create(scope, record)
        )
        return {"FeatureGroupArn": arn}

    def describe_feature_group(self, request: Request, context: Context) -> Response:
        group = self._find(context.scope, request["FeatureGroupName"])
        response = self._backend.describe("DescribeFeatureGroup", group)
        # The API requires the member; all features fit into one response.
        return {**response, "NextToken": ""}

    def list_feature_groups(self, request: Request, context: Context) -> Response:
        self._backend.accept("ListFeatureGroups", request)
        status = request.get("OfflineStoreStatusEquals")
        groups = [
            group
            for group in self._backend.all(context.scope, KIND)
            if status in (None, group.get("OfflineStoreStatus", {}).get("Status"))
        ]
        return LISTING.respond(groups, request)

    def update_feature_group(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateFeatureGroup", request)
        group = self._find(context.scope, given["FeatureGroupName"], "UpdateFeatureGroup")
        change = next(member for member in _CHANGES if member in given)
        with self._backend.lock:
            _CHANGES[change](group, given[change])
            group.update(LastModifiedTime=now(), LastUpdateStatus={"Status": "InProgress"})
        self._backend.workers.start(
            f"update {group['FeatureGroupName']}", lambda: self._update_table(context.scope, group)
        )
        return {"FeatureGroupArn": group["FeatureGroupArn"]}

    def delete_feature_group(self, request: Request, context: Context) -> Response:
        scope = context.scope
        group = self._find(scope, request["FeatureGroupName"], "DeleteFeatureGroup")
        name = group["FeatureGroupName"]
        with self._backend.lock:
            group["FeatureGroupStatus"] = "Deleting"
        self._online.remove_group(scope, name)
        self._emit(scope, group)
        # The files of the offline store and its table stay.
        with self._backend.lock:
            self._backend.remove(scope, KIND, name, group["FeatureGroupArn"])
            self._backend.records.of(scope, METADATA).pop(name, None)
        return {}

    def _find(
        self, scope: Scope, name_or_arn: str, operation: str = "DescribeFeatureGroup"
    ) -> Record:
        """Returns a group by its name or ARN."""
        with self._backend.lock:
            name = known_name(name_or_arn, KIND, self._backend.records.of(scope, KIND))
        message = f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
        return self._backend.find(scope, KIND, name, operation=operation, message=message)

    def _create(self, scope: Scope, group: Record) -> None:
        """Creates the stores of a group; a failure is reported in the group's status."""
        try:
            if "OfflineStoreConfig" in group:
                self._create_offline(scope, group)
        except Exception as error:  # any failure must end in a status with its reason
            with self._backend.lock:
                group.update(FeatureGroupStatus="CreateFailed", FailureReason=str(error)[:1024])
        else:
            self._online.add_group(scope, group)
            with self._backend.lock:
                group["FeatureGroupStatus"] = "Created"
        self._emit(scope, group)

    def _create_offline(self, scope: Scope, group: Record) -> None:
        location = offline_tables.data_location(group)
        credentials = self._identity.assume(group["RoleArn"], group["FeatureGroupArn"])
        role = self._platform.session(credentials, scope.region)
        self._check_bucket(scope, role, credentials.principal_arn, location)
        offline_tables.create(group, self._identity.service_session(scope), role)
        with self._backend.lock:
            group["OfflineStoreStatus"] = {"Status": "Active"}

    def _check_bucket(
        self, scope: Scope, role: Any, principal_arn: str, location: Location
    ) -> None:
        """Checks that the role can write, as SageMaker does before the first record."""
        role.client("s3").get_bucket_acl(Bucket=location.bucket)
        objects = f"arn:aws:s3:::{location.bucket}/{location.key}/record.parquet"
        for action in ("s3:PutObject", "s3:PutObjectAcl"):
            self._platform.authorize(principal_arn, action, objects, scope)
        if location.key_id and location.key_id.startswith("arn:"):
            self._platform.authorize(principal_arn, "kms:GenerateDataKey", location.key_id, scope)

    def _update_table(self, scope: Scope, group: Record) -> None:
        """Adds new features to the table of the offline store."""
        status: dict[str, Any] = {"Status": "Successful"}
        try:
            if "OfflineStoreConfig" in group:
                session = self._identity.role_session(
                    scope, group["RoleArn"], group["FeatureGroupArn"]
                )
                offline_tables.update(group, session)
        except Exception as error:  # any failure must end in a status with its reason
            status = {"Status": "Failed", "FailureReason": str(error)[:1024]}
        with self._backend.lock:
            group["LastUpdateStatus"] = status
        self._emit(scope, group)

    def _emit(self, scope: Scope, group: Record) -> None:
        with self._backend.lock:
            detail = {name: group[name] for name in _EVENT_MEMBERS if name in group}
        self._backend.emit(scope, _EVENT, detail, group["FeatureGroupArn"])


def _add_features(group: Record, additions: list[Mapping[str, Any]]) -> None:
    group["FeatureDefinitions"] = [*group["FeatureDefinitions"], *additions]


def _change_time_to_live(group: Record, given: Mapping[str, Any]) -> None:
    """Changes the time to live; a duration without a value removes it."""
    if not has_online_store(group):
        reject("the feature group has no online store.")
    config = {
        name: value for name, value in group["OnlineStoreConfig"].items() if name != "TtlDuration"
    }
    duration = given.get("TtlDuration") or {}
    if (duration.get("Unit") is None) != (duration.get("Value") is None):
        reject("TtlDuration needs Unit and Value, or neither to remove it.")
    if duration.get("Value") is not None:
        config["TtlDuration"] = duration
    group["OnlineStoreConfig"] = config


def _change_throughput(group: Record, given: Mapping[str, Any]) -> None:
    before = group["ThroughputConfig"]
    mode = given.get("ThroughputMode", before["ThroughputMode"])
    kept = before if mode == "Provisioned" == before["ThroughputMode"] else {}
    config = {**kept, **given, "ThroughputMode": mode}
    if mode == "OnDemand" != before["ThroughputMode"]:
        last = group.get("OnDemandSince")
        if last is not None and now() - last < _ON_DEMAND_INTERVAL:
            reject("a feature group can be switched to OnDemand once in a 24 hour period.")
        group["OnDemandSince"] = now()
    group["ThroughputConfig"] = config


_CHANGES: Mapping[str, Callable[[Record, Any], None]] = {
    "FeatureAdditions": _add_features,
    "OnlineStoreConfig": _change_time_to_live,
    "ThroughputConfig": _change_throughput,
}
"""The changes of UpdateFeatureGroup by the member that requests them."""
