"""Studio domains.

A domain is a record, with the file system and the security groups that SageMaker creates for it.
The rehearsal runs no IDE.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.encryption_keys import check_key_of
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now, random_id
from rehearsal.services.sagemaker.studio.domain_storage import DomainStorage
from rehearsal.services.sagemaker.studio.records import (
    APP,
    DOMAIN,
    SPACE,
    USER_PROFILE,
    StudioRecords,
    reject_associated,
)
from rehearsal.services.sagemaker.studio.user_settings import UserSettings, merged

LISTING = Listing(operation="ListDomains", member="Domains", name="DomainName", status="Status")
_ID_LENGTH = 12
_SETTINGS = ("DefaultUserSettings", "DefaultSpaceSettings")
_UPDATABLE = (
    "AppNetworkAccessType",
    "AppSecurityGroupManagement",
    "SubnetIds",
    "TagPropagation",
)


class Domains:
    """Create-, Describe-, List-, Update-, DeleteDomain.

    Args:
        backend: the backend of SageMaker.
        records: the records of Studio.
        settings: the settings of domains.
        storage: the file systems of domains.
    """

    def __init__(
        self,
        backend: Backend,
        records: StudioRecords,
        settings: UserSettings,
        storage: DomainStorage,
    ) -> None:
        self._backend = backend
        self._records = records
        self._settings = settings
        self._storage = storage

    def create_domain(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateDomain", request)
        record.setdefault("AppNetworkAccessType", "PublicInternetOnly")
        record.setdefault("TagPropagation", "DISABLED")
        record.setdefault("HomeEfsFileSystemCreation", "Enabled")
        for name in _SETTINGS:
            self._settings.check(context, record.get(name))
        check_key_of(self._backend.identity, context, "CreateDomain", record.get("KmsKeyId"))
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
        with self._backend.lock:
            self._backend.register(context, DOMAIN, domain_id, record, request)
        self._backend.workers.start(f"create {domain_id}", lambda: self._create(scope, record))
        return {name: record[name] for name in ("DomainArn", "DomainId", "Url")}

    def describe_domain(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DescribeDomain")
        return self._backend.describe("DescribeDomain", record)

    def list_domains(self, request: Request, context: Context) -> Response:
        return LISTING.respond(self._backend.all(context.scope, DOMAIN), request)

    def update_domain(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateDomain", request)
        record = self._find(context.scope, request, "UpdateDomain")
        _reject_busy(record, "updated")
        self._check_changes(context.scope, record, given)
        changes = {name: given[name] for name in _UPDATABLE if name in given}
        for name in _SETTINGS:
            if name in given:
                changes[name] = merged(record.get(name), given[name])
                self._settings.check(context, changes[name])
        if "DomainSettingsForUpdate" in given:
            settings = given["DomainSettingsForUpdate"]
            changes["DomainSettings"] = merged(record.get("DomainSettings"), settings)
        self._records.change(record, **changes)
        return {"DomainArn": record["DomainArn"]}

    def delete_domain(self, request: Request, context: Context) -> Response:
        self._backend.accept("DeleteDomain", request)
        scope, domain_id = context.scope, request["DomainId"]
        record = self._find(scope, request, "DeleteDomain")
        _reject_busy(record, "deleted")
        for kind, noun in ((APP, "App"), (SPACE, "Space"), (USER_PROFILE, "UserProfile")):
            members = self._records.of_domain(scope, kind, domain_id)
            reject_associated(DOMAIN, domain_id, members, noun)
        retention = request.get("RetentionPolicy", {}).get("HomeEfsFileSystem", "Retain")
        self._records.change(record, Status="Deleting")
        self._backend.workers.start(
            f"delete {domain_id}",
            lambda: self._delete(scope, record, with_storage=retention == "Delete"),
        )
        return {}

    def _create(self, scope: Scope, record: Record) -> None:
        changes: dict[str, Any] = {"Status": "InService"}
        if record["HomeEfsFileSystemCreation"] == "Enabled":
            try:
                changes["HomeEfsFileSystemId"] = self._storage.create(scope, record)
            except (ClientError, BotoCoreError) as error:
                changes = {"Status": "Failed", "FailureReason": str(error)[:1024]}
        self._records.change(record, **changes)

    def _delete(self, scope: Scope, record: Record, *, with_storage: bool) -> None:
        file_system = record.get("HomeEfsFileSystemId")
        if with_storage and file_system:
            try:
                self._storage.delete(scope, file_system)
            except (ClientError, BotoCoreError) as error:
                reason = str(error)[:1024]
                self._records.change(record, Status="Delete_Failed", FailureReason=reason)
                return
        self._backend.remove(scope, DOMAIN, record["DomainId"], record["DomainArn"])

    def _find(self, scope: Scope, request: Request, operation: str) -> Record:
        return self._records.find(scope, DOMAIN, request["DomainId"], operation)

    def _check_changes(self, scope: Scope, record: Record, given: Request) -> None:
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
        running = self._records.of_domain(scope, APP, record["DomainId"])
        if access != record["AppNetworkAccessType"] and running:
            raise AwsError(
                "ResourceInUse",
                f"AppNetworkAccessType of Domain [{record['DomainId']}] cannot change while it "
                "has apps that are InService or Pending",
            )


def _reject_busy(record: Record, change: str) -> None:
    if record["Status"] in ("Pending", "Updating", "Deleting"):
        raise AwsError(
            "ResourceInUse",
            f"Domain [{record['DomainId']}] cannot be {change} while it is {record['Status']}",
        )
