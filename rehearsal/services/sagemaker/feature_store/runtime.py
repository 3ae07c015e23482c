"""Feature Store's runtime: records into and out of the feature groups of the control plane."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.framework.workers import Workers
from rehearsal.services.sagemaker import authorization
from rehearsal.services.sagemaker.feature_store.feature_answers import answer, wanted_features
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
from rehearsal.services.sagemaker.feature_store.online_store import StoredRecord, online_store_of
from rehearsal.services.sagemaker.listing import page
from rehearsal.services.sagemaker.metric_batches import sessions_of
from rehearsal.services.sagemaker.names import known_name

Group = Mapping[str, Any]
_ONLINE, _OFFLINE = "OnlineStore", "OfflineStore"
_CLOSE_SECONDS = 1.0


class FeatureStoreRuntime(Service):
    """PutRecord, BatchWriteRecord, GetRecord, BatchGetRecord, ListRecords, DeleteRecord."""

    name: ClassVar[str] = "sagemaker-featurestore-runtime"
    namespace: ClassVar[str] = "sagemaker"
    validation_error: ClassVar[str] = "ValidationError"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._online = online_store_of(platform)
        self._workers = Workers()
        self._offline = OfflineWriter(platform, self._workers)
        self._metrics = FeatureStoreMetrics(sessions_of(platform))

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return authorization.resource_arns(operation, request, scope)

    def put_record(self, request: Request, context: Context) -> Response:
        group = self._group(request["FeatureGroupName"], context.scope)
        with self._counted("PutRecord", group, context):
            self._put(group, request, context, request.get("TtlDuration"))
        return {}

    def batch_write_record(self, request: Request, context: Context) -> Response:
        # The request itself is judged already; it needs the permission to put records besides.
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
        with self._counted("GetRecord", group, context):
            self._check_readable(group, context)
            wanted = wanted_features(group, request.get("FeatureNames"))
            record = self._online.get(
                context.scope, group["FeatureGroupName"], request["RecordIdentifierValueAsString"]
            )
            if record is None or record.is_deleted:
                return {}
            return answer(group, record, wanted, request)

    def batch_get_record(self, request: Request, context: Context) -> Response:
        with self._metrics.request(context.scope, "BatchGetRecord"):
            return self._get_batch(request, context)

    def _get_batch(self, request: Request, context: Context) -> Response:
        records: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for asked in request["Identifiers"]:
            named = {"FeatureGroupName": asked["FeatureGroupName"]}
            identifiers = asked["RecordIdentifiersValueAsString"]
            try:
                group = self._group(asked["FeatureGroupName"], context.scope)
                self._check_readable(group, context)
                wanted = wanted_features(group, asked.get("FeatureNames"))
            except AwsError as error:
                described = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors += [
                    {**named, "RecordIdentifierValueAsString": identifier, **described}
                    for identifier in identifiers
                ]
                continue
            for identifier in identifiers:
                record = self._online.get(context.scope, group["FeatureGroupName"], identifier)
                if record is not None and not record.is_deleted:
                    found = answer(group, record, wanted, request)
                    records.append({**named, "RecordIdentifierValueAsString": identifier, **found})
        return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}

    def list_records(self, request: Request, context: Context) -> Response:
        group = self._group(request["FeatureGroupName"], context.scope)
        with self._counted("ListRecords", group, context):
            self._check_readable(group, context)
            identifiers = self._online.identifiers(
                context.scope,
                group["FeatureGroupName"],
                with_deleted=bool(request.get("IncludeSoftDeletedRecords")),
            )
            return page(identifiers, {"MaxResults": 10, **request}, "RecordIdentifiers")

    def delete_record(self, request: Request, context: Context) -> Response:
        group = self._group(request["FeatureGroupName"], context.scope)
        with self._counted("DeleteRecord", group, context):
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

    def _counted(
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
        """Without a trace, or as a record that is known to be deleted."""
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
        """Whoever reads or writes records needs the key of the online store."""
        key = group["OnlineStoreConfig"].get("SecurityConfig", {}).get("KmsKeyId")
        if key and key.startswith("arn:"):
            try:
                self.platform.authorize(context.caller_arn, "kms:Decrypt", key, context.scope)
            except AwsError as error:
                raise AwsError("AccessForbidden", error.message, 403) from None


def _targets(group: Group, request: Mapping[str, Any]) -> Iterator[str]:
    """The stores that a request is about: those of the group, or the ones that it names."""
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
