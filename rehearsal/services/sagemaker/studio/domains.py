"""Studio domains.

A domain is what the control plane knows of it, with the file system and the security groups that
SageMaker makes for it. No IDE runs here: CreatePresignedDomainUrl is refused by name.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now, random_id
from rehearsal.services.sagemaker.studio.domain_storage import create_storage, delete_storage
from rehearsal.services.sagemaker.studio.members import (
    APP,
    DOMAIN,
    SPACE,
    USER_PROFILE,
    StudioMembers,
    merged,
)

LISTING = Listing(operation="ListDomains", member="Domains", name="DomainName", status="Status")
_ID_LENGTH = 12
_SETTINGS = ("DefaultUserSettings", "DefaultSpaceSettings")
_MUTABLE = (
    "AppNetworkAccessType",
    "AppSecurityGroupManagement",
    "SubnetIds",
    "TagPropagation",
)


class Domains(StudioMembers):
    """Create-, Describe-, List-, Update-, DeleteDomain."""

    def create_domain(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateDomain", request)
        record.setdefault("AppNetworkAccessType", "PublicInternetOnly")
        record.setdefault("TagPropagation", "DISABLED")
        record.setdefault("HomeEfsFileSystemCreation", "Enabled")
        _check_network(record)
        for name in _SETTINGS:
            self.check_settings(context, record.get(name))
        domain_id = f"d-{random_id(_ID_LENGTH)}"
        scope = context.scope
        record |= {
            "DomainId": domain_id,
            "DomainArn": scope.arn("sagemaker", f"{DOMAIN}/{domain_id}"),
            "Url": f"https://{domain_id}.studio.{scope.region}.sagemaker.aws",
            "Status": "Pending",
            "CreationTime": now(),
            "LastModifiedTime": now(),
        }
        record["HomeEfsFileSystemKmsKeyId"] = record.get("KmsKeyId")
        with self.lock:
            self.register(context, DOMAIN, domain_id, record, request)
        self.workers.start(f"create {domain_id}", lambda: self._make_domain(context, record))
        return {name: record[name] for name in ("DomainArn", "DomainId", "Url")}

    def describe_domain(self, request: Request, context: Context) -> Response:
        record = self.studio_record(context.scope, DOMAIN, request["DomainId"], "DescribeDomain")
        return self.describe("DescribeDomain", record)

    def list_domains(self, request: Request, context: Context) -> Response:
        with self.lock:
            return LISTING.respond(self.records.of(context.scope, DOMAIN).values(), request)

    def update_domain(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateDomain", request)
        record = self.studio_record(context.scope, DOMAIN, request["DomainId"], "UpdateDomain")
        self._refuse_busy_domain(record, "updated")
        self._refuse_domain_moves(context, record, given)
        changes = {name: given[name] for name in _MUTABLE if name in given}
        for name in _SETTINGS:
            if name in given:
                changes[name] = merged(record.get(name), given[name])
                self.check_settings(context, changes[name])
        if "DomainSettingsForUpdate" in given:
            settings = given["DomainSettingsForUpdate"]
            changes["DomainSettings"] = merged(record.get("DomainSettings"), settings)
        _check_network({**record, **changes})
        self.change(record, **changes)
        return {"DomainArn": record["DomainArn"]}

    def delete_domain(self, request: Request, context: Context) -> Response:
        self.accept("DeleteDomain", request)
        domain_id = request["DomainId"]
        record = self.studio_record(context.scope, DOMAIN, domain_id, "DeleteDomain")
        self._refuse_busy_domain(record, "deleted")
        for kind, noun in ((APP, "App"), (SPACE, "Space"), (USER_PROFILE, "UserProfile")):
            members = self.in_domain(context.scope, kind, domain_id)
            self.refuse_associated(DOMAIN, domain_id, members, noun)
        retention = request.get("RetentionPolicy", {}).get("HomeEfsFileSystem", "Retain")
        self.change(record, Status="Deleting")
        self.workers.start(
            f"delete {domain_id}",
            lambda: self._unmake_domain(context, record, with_storage=retention == "Delete"),
        )
        return {}

    def _make_domain(self, context: Context, record: Record) -> None:
        changes: dict[str, Any] = {"Status": "InService"}
        if record["HomeEfsFileSystemCreation"] == "Enabled":
            try:
                changes["HomeEfsFileSystemId"] = create_storage(
                    self.service_session(context.scope),
                    domain_id=record["DomainId"],
                    domain_arn=record["DomainArn"],
                    network=record,
                )
            except (ClientError, BotoCoreError) as error:
                changes = {"Status": "Failed", "FailureReason": str(error)[:1024]}
        self.change(record, **changes)

    def _unmake_domain(self, context: Context, record: Record, *, with_storage: bool) -> None:
        file_system = record.get("HomeEfsFileSystemId")
        if with_storage and file_system:
            try:
                delete_storage(self.service_session(context.scope), file_system)
            except (ClientError, BotoCoreError) as error:
                self.change(record, Status="Delete_Failed", FailureReason=str(error)[:1024])
                return
        with self.lock:
            self.records.of(context.scope, DOMAIN).pop(record["DomainId"], None)
            self.drop_tags(record["DomainArn"])

    def _refuse_busy_domain(self, record: Record, done: str) -> None:
        if record["Status"] in ("Pending", "Updating", "Deleting"):
            raise AwsError(
                "ResourceInUse",
                f"Domain [{record['DomainId']}] cannot be {done} while it is {record['Status']}",
            )

    def _refuse_domain_moves(self, context: Context, record: Record, given: Request) -> None:
        if given.get("VpcId", record.get("VpcId")) != record.get("VpcId"):
            message = "The rehearsal does not implement a change of VpcId by UpdateDomain."
            raise AwsError("ValidationException", message)
        wanted = given.get("HomeEfsFileSystemCreation", record["HomeEfsFileSystemCreation"])
        if wanted != record["HomeEfsFileSystemCreation"]:
            message = (
                "The rehearsal does not implement a change of HomeEfsFileSystemCreation by "
                "UpdateDomain."
            )
            raise AwsError("ValidationException", message)
        access = given.get("AppNetworkAccessType", record["AppNetworkAccessType"])
        running = self.in_domain(context.scope, APP, record["DomainId"])
        if access != record["AppNetworkAccessType"] and running:
            raise AwsError(
                "ResourceInUse",
                f"AppNetworkAccessType of Domain [{record['DomainId']}] cannot change while it "
                "has apps that are InService or Pending",
            )


def _check_network(record: Record) -> None:
    """What API_CreateDomain and API_UserSettings ask of the network of a domain."""
    vpc_only = record["AppNetworkAccessType"] == "VpcOnly"
    if vpc_only or record["HomeEfsFileSystemCreation"] == "Enabled":
        absent = [name for name in ("VpcId", "SubnetIds") if not record.get(name)]
        if absent:
            raise AwsError("ValidationException", f"{' and '.join(absent)} must be given")
    if vpc_only and not record["DefaultUserSettings"].get("SecurityGroups"):
        message = (
            "SecurityGroups of DefaultUserSettings are required when AppNetworkAccessType is "
            "VpcOnly"
        )
        raise AwsError("ValidationException", message)
