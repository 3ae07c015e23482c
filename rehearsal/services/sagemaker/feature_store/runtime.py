"""Feature Store runtime: writes and reads of the records of feature groups."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.framework.workers import Workers
from rehearsal.services.sagemaker import authorization
from rehearsal.services.sagemaker.backend import SERVICE_PRINCIPAL
from rehearsal.services.sagemaker.feature_store.feature_definitions import has_online_store
from rehearsal.services.sagemaker.feature_store.feature_values import (
    duration_of,
    event_moment,
    read_record,
    reject,
)
from rehearsal.services.sagemaker.feature_store.metrics import FeatureStoreMetrics
from rehearsal.services.sagemaker.feature_store.offline_files import Row
from rehearsal.services.sagemaker.feature_store.offline_writer import OfflineWriter
from rehearsal.services.sagemaker.feature_store.online_store import (
    OnlineStore,
    StoredRecord,
    online_store_of,
)
from rehearsal.services.sagemaker.listing import page
from rehearsal.services.sagemaker.names import known_name

Group = Mapping[str, Any]
_ONLINE, _OFFLINE = "OnlineStore", "OfflineStore"
_CLOSE_SECONDS = 1.0


class FeatureStoreRuntime(Service):
    """PutRecord, BatchWriteRecord, GetRecord, BatchGetRecord, ListRecords, DeleteRecord.

    Args:
        platform: the AWS around the service.
        online: the online store. Defaults to None: the one that SageMaker uses on this platform.
    """

    name: ClassVar[str] = "sagemaker-featurestore-runtime"
    namespace: ClassVar[str] = "sagemaker"
    validation_error: ClassVar[str] = "ValidationError"

    def __init__(self, platform: Platform, online: OnlineStore | None = None) -> None:
        super().__init__(platform)
        identity = ServiceIdentity(platform, SERVICE_PRINCIPAL, "SageMakerFeatureStore")
        self._online = online or online_store_of(platform)
        self._workers = Workers()
        self._offline = OfflineWriter(identity, self._workers)
        self._metrics = FeatureStoreMetrics(identity.service_session)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return authorization.resource_arns(operation, request, scope)

    def put_record(self, request: Request, context: Context) -> Response:
        group = self._group(request["FeatureGroupName"], context.scope)
        with self._measured("PutRecord", group, context):
            self._put(group, request, context, request.get("TtlDuration"))
        return {}

    def batch_write_record(self, request: Request, context: Context) -> Response:
        # The gateway has checked sagemaker:BatchWriteRecord; the caller needs PutRecord, too.
        for arn in self.resource_arns("BatchWriteRecord", request, context.scope):
            self.platform.authorize(context.caller_arn, "sagemaker:PutRecord", arn, context.scope)
        with self._metrics.request(context.scope, "BatchWriteRecord"):
            return self._write_batch(request, context)

    def _write_batch(self, request: Request, context: Context) -> Response:
        errors = []
        for entry in request["Entries"]:
            ttl = entry.get("TtlDuration") or request.get("TtlDuration")
            try:
                group = self._group(entry["FeatureGroupName"], context.scope)
                self._put(group, entry, context, ttl)
            except AwsError as error:
                errors.append(
                    {"Entry": entry, "ErrorCode": error.code, "ErrorMessage": error.message}
                )
        return {"Errors": errors, "UnprocessedEntries": []}

    def get_record(self, request: Request, context: Context) -> Response:
        group = self._group(request["FeatureGroupName"], context.scope)
        with self._measured("GetRecord", group, context):
            self._check_readable(group, context)
            selected = _selected_features(group, request.get("FeatureNames"))
            record = self._online.get(
                context.scope, group["FeatureGroupName"], request["RecordIdentifierValueAsString"]
            )
            if record is None or record.is_deleted:
                return {}
            return _response(record, selected, request)

    def batch_get_record(self, request: Request, context: Context) -> Response:
        with self._metrics.request(context.scope, "BatchGetRecord"):
            return self._get_batch(request, context)

    def _get_batch(self, request: Request, context: Context) -> Response:
        records: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for entry in request["Identifiers"]:
            named = {"FeatureGroupName": entry["FeatureGroupName"]}
            identifiers = entry["RecordIdentifiersValueAsString"]
            try:
                group = self._group(entry["FeatureGroupName"], context.scope)
                self._check_readable(group, context)
                selected = _selected_features(group, entry.get("FeatureNames"))
            except AwsError as error:
                reason = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors += [
                    {**named, "RecordIdentifierValueAsString": identifier, **reason}
                    for identifier in identifiers
                ]
                continue
            for identifier in identifiers:
                record = self._online.get(context.scope, group["FeatureGroupName"], identifier)
                if record is not None and not record.is_deleted:
                    found = _response(record, selected, request)
                    records.append({**named, "RecordIdentifierValueAsString": identifier, **found})
        return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}

    def list_records(self, request: Request, context: Context) -> Response:
        group = self._group(request["FeatureGroupName"], context.scope)
        with self._measured("ListRecords", group, context):
            self._check_readable(group, context)
            identifiers = self._online.identifiers(
                context.scope,
                group["FeatureGroupName"],
                with_deleted=bool(request.get("IncludeSoftDeletedRecords")),
            )
            return page(identifiers, request, "RecordIdentifiers")

    def delete_record(self, request: Request, context: Context) -> Response:
        group = self._group(request["FeatureGroupName"], context.scope)
        with self._measured("DeleteRecord", group, context):
            self._delete(group, request, context)
        return {}

    def _delete(self, group: Group, request: Request, context: Context) -> None:
        identifier = request["RecordIdentifierValueAsString"]
        moment = event_moment(group, request["EventTime"])
        values = {
            group["RecordIdentifierFeatureName"]: identifier,
            group["EventTimeFeatureName"]: request["EventTime"],
        }
        for store in _targets(group, request):
            if store == _ONLINE:
                self._check_key(group, context)
                self._delete_online(group, context.scope, request, StoredRecord(values, moment))
            else:
                row = Row(values, moment, _utc_now(), is_deleted=True)
                self._offline.append(context.scope, group, row)

    def close(self) -> None:
        self._workers.close(_CLOSE_SECONDS)
        self._metrics.close()

    def _measured(
        self, operation: str, group: Group, context: Context
    ) -> AbstractContextManager[None]:
        return self._metrics.request(context.scope, operation, group["FeatureGroupName"])

    def _put(self, group: Group, entry: Mapping[str, Any], context: Context, ttl: Any) -> None:
        values = read_record(group, entry["Record"])
        moment = event_moment(group, str(values[group["EventTimeFeatureName"]]))
        stores = list(_targets(group, entry))
        if _ONLINE in stores:
            self._check_key(group, context)
            online = group["OnlineStoreConfig"]
            duration = duration_of(ttl) or duration_of(online.get("TtlDuration"))
            expires_at = moment + duration if duration else None
            self._online.put(
                context.scope,
                group["FeatureGroupName"],
                str(values[group["RecordIdentifierFeatureName"]]),
                StoredRecord(values, moment, expires_at),
            )
        if _OFFLINE in stores:
            self._offline.append(context.scope, group, Row(values, moment, _utc_now()))

    def _delete_online(
        self, group: Group, scope: Scope, request: Request, marker: StoredRecord
    ) -> None:
        """Removes a record (hard delete), or marks it as deleted (soft delete)."""
        name, identifier = group["FeatureGroupName"], request["RecordIdentifierValueAsString"]
        if request.get("DeletionMode") != "HardDelete":
            deleted = StoredRecord(marker.values, marker.event_time, is_deleted=True)
            self._online.put(scope, name, identifier, deleted)
            return
        present = self._online.get(scope, name, identifier)
        if present is not None and marker.event_time <= present.event_time:
            reject("EventTime: it must be later than that of the record in the online store.")
        self._online.remove(scope, name, identifier)

    def _group(self, name_or_arn: str, scope: Scope) -> Group:
        name = known_name(name_or_arn, "feature-group", self._online.names(scope))
        group = self._online.group(scope, name)
        if group is None:
            message = (
                f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
            )
            raise AwsError("ResourceNotFound", message, 404)
        return group

    def _check_readable(self, group: Group, context: Context) -> None:
        if not has_online_store(group):
            reject(f"The online store of {group['FeatureGroupName']} is not enabled.")
        self._check_key(group, context)

    def _check_key(self, group: Group, context: Context) -> None:
        """Checks that the caller may use the key of the online store."""
        key = group["OnlineStoreConfig"].get("SecurityConfig", {}).get("KmsKeyId")
        if key and key.startswith("arn:"):
            try:
                self.platform.authorize(context.caller_arn, "kms:Decrypt", key, context.scope)
            except AwsError as error:
                raise AwsError("AccessForbidden", error.message, 403) from None


def _targets(group: Group, request: Mapping[str, Any]) -> Iterator[str]:
    """Yields the stores that a request names; all stores of the group if it names none."""
    present = [
        store
        for store, exists in (
            (_ONLINE, has_online_store(group)),
            (_OFFLINE, "OfflineStoreConfig" in group),
        )
        if exists
    ]
    for store in request.get("TargetStores") or present:
        if store not in present:
            reject(f"The feature group {group['FeatureGroupName']} has no {store}.")
        yield store


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _selected_features(group: Group, names: Sequence[str] | None) -> list[str]:
    """Returns the features that a request selects, in the order of the schema."""
    known = [entry["FeatureName"] for entry in group["FeatureDefinitions"]]
    unknown = set(names or ()) - set(known)
    if unknown:
        reject(f"Features {', '.join(sorted(unknown))} do not exist in the feature group.")
    return [name for name in known if not names or name in names]


def _response(record: StoredRecord, selected: Sequence[str], request: Request) -> dict[str, Any]:
    """Returns the selected features of a record, and its expiration if requested."""
    values = [
        {"FeatureName": name, _member(record.values[name]): record.values[name]}
        for name in selected
        if name in record.values
    ]
    response: dict[str, Any] = {"Record": values}
    if request.get("ExpirationTimeResponse") == "Enabled" and record.expires_at:
        response["ExpiresAt"] = record.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return response


def _member(value: Any) -> str:
    return "ValueAsStringList" if isinstance(value, list) else "ValueAsString"
