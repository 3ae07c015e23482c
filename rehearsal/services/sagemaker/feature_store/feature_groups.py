"""Feature groups: schema, stores, and what becomes of them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane
from rehearsal.services.sagemaker.feature_store import offline_tables
from rehearsal.services.sagemaker.feature_store.feature_definitions import (
    check_new_group,
    has_online_store,
    reject,
)
from rehearsal.services.sagemaker.feature_store.feature_group_changes import CHANGES
from rehearsal.services.sagemaker.feature_store.offline_files import Location
from rehearsal.services.sagemaker.feature_store.online_store import online_store_of
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now

KIND = "feature-group"
LISTING = Listing(
    operation="ListFeatureGroups",
    member="FeatureGroupSummaries",
    name="FeatureGroupName",
    modified=None,
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
# What CreateFeatureGroup asks of its caller on the key of the online store, as far as a key's
# policy can allow it: OnlineStoreSecurityConfig in the API reference.
_KEY_ACTIONS = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")


class FeatureGroups(ControlPlane):
    """Create-, Describe-, Update-, List-, DeleteFeatureGroup."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._online = online_store_of(platform)

    def create_feature_group(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateFeatureGroup", request)
        check_new_group(record)
        self.check_role(context, record.get("RoleArn"))
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
            self._check_online_key(context, record)
        if "OfflineStoreConfig" in record:
            offline_tables.complete(record, scope)
            for action, resource in offline_tables.needed_permissions(record, scope):
                self.authorize_caller(context, action, resource)
        with self.lock:
            if name in self.records.of(scope, KIND):
                message = f"Resource Already Exists: FeatureGroup with name {name} already exists."
                raise AwsError("ResourceInUse", message)
            self.tag_new(context, arn, request.get("Tags", ()))
            record.pop("Tags", None)
            self.records.of(scope, KIND)[name] = record
        self._emit_feature_group(scope, record)
        self.workers.start(
            f"create feature group {name}", lambda: self._provide_group(scope, record)
        )
        return {"FeatureGroupArn": arn}

    def describe_feature_group(self, request: Request, context: Context) -> Response:
        group = self.feature_group(context.scope, request["FeatureGroupName"])
        answer = self.describe("DescribeFeatureGroup", group)
        # The API requires the member; all features fit into one answer.
        return {**answer, "NextToken": ""}

    def list_feature_groups(self, request: Request, context: Context) -> Response:
        self.accept("ListFeatureGroups", request)
        wanted = (
            request.get("FeatureGroupStatusEquals"),
            request.get("OfflineStoreStatusEquals"),
        )
        with self.lock:
            groups = [
                group
                for group in self.records.of(context.scope, KIND).values()
                if wanted[0] in (None, group["FeatureGroupStatus"])
                and wanted[1] in (None, group.get("OfflineStoreStatus", {}).get("Status"))
            ]
            return LISTING.respond(groups, request)

    def update_feature_group(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateFeatureGroup", request)
        group = self.feature_group(context.scope, given["FeatureGroupName"], "UpdateFeatureGroup")
        changes = [member for member in CHANGES if member in given]
        if len(changes) != 1:
            reject(f"give exactly one of {', '.join(CHANGES)} at a time.")
        with self.lock:
            if group["FeatureGroupStatus"] != "Created":
                reject(f"the feature group is {group['FeatureGroupStatus']}, not Created.")
            if group.get("LastUpdateStatus", {}).get("Status") == "InProgress":
                reject("the feature group is being updated: wait until that has ended.")
            CHANGES[changes[0]](group, given[changes[0]])
            group.update(LastModifiedTime=now(), LastUpdateStatus={"Status": "InProgress"})
        self.workers.start(
            f"update {group['FeatureGroupName']}", lambda: self._follow_update(context.scope, group)
        )
        return {"FeatureGroupArn": group["FeatureGroupArn"]}

    def delete_feature_group(self, request: Request, context: Context) -> Response:
        scope = context.scope
        group = self.feature_group(scope, request["FeatureGroupName"], "DeleteFeatureGroup")
        name = group["FeatureGroupName"]
        with self.lock:
            group["FeatureGroupStatus"] = "Deleting"
        self._online.remove_group(scope, name)
        self._emit_feature_group(scope, group)
        # The files of the offline store and its table stay.
        with self.lock:
            self.records.of(scope, KIND).pop(name, None)
        self.drop_tags(group["FeatureGroupArn"])
        return {}

    def feature_group(
        self, scope: Scope, name_or_arn: str, operation: str = "DescribeFeatureGroup"
    ) -> Record:
        """The group, or SageMaker's refusal."""
        with self.lock:
            name = known_name(name_or_arn, KIND, self.records.of(scope, KIND))
        message = f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
        return self.find(scope, KIND, name, operation=operation, message=message)

    def _check_online_key(self, context: Context, record: Record) -> None:
        key = record["OnlineStoreConfig"].get("SecurityConfig", {}).get("KmsKeyId")
        if not key:
            return
        client = self.service_session(context.scope).client("kms")
        try:
            arn = client.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
        except ClientError as error:
            reject(f"the KMS key {key} cannot be used: {error.response['Error']['Message']}")
        for action in _KEY_ACTIONS:
            self.authorize_caller(context, action, arn)

    def _provide_group(self, scope: Scope, group: Record) -> None:
        """Makes what a group consists of. A failure is told by the group's status."""
        try:
            if "OfflineStoreConfig" in group:
                self._provide_offline(scope, group)
        except Exception as error:  # whatever it is, only the status can tell it
            with self.lock:
                group.update(FeatureGroupStatus="CreateFailed", FailureReason=str(error)[:1024])
        else:
            self._online.add_group(scope, group)
            with self.lock:
                group["FeatureGroupStatus"] = "Created"
        self._emit_feature_group(scope, group)

    def _provide_offline(self, scope: Scope, group: Record) -> None:
        location = offline_tables.data_location(group)
        credentials = self.assume(group["RoleArn"], group["FeatureGroupArn"])
        role = self.platform.session(credentials, scope.region)
        self._check_offline_bucket(scope, role, credentials.principal_arn, location)
        offline_tables.create(group, self.service_session(scope), role)
        with self.lock:
            group["OfflineStoreStatus"] = {"Status": "Active"}

    def _check_offline_bucket(
        self, scope: Scope, role: Any, principal_arn: str, location: Location
    ) -> None:
        """Whether the role can write: SageMaker finds out before the first record."""
        role.client("s3").get_bucket_acl(Bucket=location.bucket)
        objects = f"arn:aws:s3:::{location.bucket}/{location.key}/record.parquet"
        for action in ("s3:PutObject", "s3:PutObjectAcl"):
            self.platform.authorize(principal_arn, action, objects, scope)
        if location.key_id and location.key_id.startswith("arn:"):
            self.platform.authorize(principal_arn, "kms:GenerateDataKey", location.key_id, scope)

    def _follow_update(self, scope: Scope, group: Record) -> None:
        """Brings the table in step with the group."""
        status: dict[str, Any] = {"Status": "Successful"}
        try:
            if "OfflineStoreConfig" in group:
                session = self.role_session(scope, group["RoleArn"], group["FeatureGroupArn"])
                offline_tables.update(group, session)
        except Exception as error:  # whatever it is, only the status can tell it
            status = {"Status": "Failed", "FailureReason": str(error)[:1024]}
        with self.lock:
            group["LastUpdateStatus"] = status
        self._emit_feature_group(scope, group)

    def _emit_feature_group(self, scope: Scope, group: Record) -> None:
        with self.lock:
            detail = {name: group[name] for name in _EVENT_MEMBERS if name in group}
        self.emit(scope, _EVENT, detail, group["FeatureGroupArn"])
