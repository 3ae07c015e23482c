"""Apps of Studio, as the control plane knows them.

An app here is a record and nothing else: it costs nothing, opens no port and holds no files, and
what would open it (CreatePresignedDomainUrl) is refused by name. It has the statuses of AWS, so
that what depends on them, as deleting a space, a profile or a domain, behaves as it does there.
"""

from __future__ import annotations

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import SERVICE_PRINCIPAL
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.studio.members import (
    APP,
    DOMAIN,
    ENDED,
    SPACE,
    USER_PROFILE,
    StudioMembers,
    missing,
)
from rehearsal.services.sagemaker.studio.studio_names import app_path

LISTING = Listing(
    operation="ListApps", member="Apps", name="AppName", status="Status", newest_first=False
)

_FOR_AWS_RESOURCES = {"kms:GrantIsForAWSResource": "true"}


class Apps(StudioMembers):
    """Create-, Describe-, List-, DeleteApp."""

    def create_app(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateApp", request)
        scope = context.scope
        self.studio_record(scope, DOMAIN, record["DomainId"], "CreateApp")
        space = self._check_app_space(scope, record)
        self._check_identity(scope, space)
        self._check_volume_key(scope, space)
        name = app_path(record)
        arn = scope.arn("sagemaker", f"{APP}/{name}")
        with self.lock:
            before = self.records.of(scope, APP).get(name)
            if before is not None and before["Status"] not in ENDED:
                raise AwsError("ResourceInUse", f"App already exists: {arn}")
            record |= {"AppArn": arn, "Status": "Pending", "CreationTime": now()}
            self.register(context, APP, name, record, request)
        self.workers.start(
            f"start {name}", lambda: self._settle_app(record, "Pending", "InService")
        )
        return {"AppArn": arn}

    def describe_app(self, request: Request, context: Context) -> Response:
        return self.describe("DescribeApp", self._app(context.scope, request, "DescribeApp"))

    def list_apps(self, request: Request, context: Context) -> Response:
        filters = {
            "DomainId": "DomainIdEquals",
            "UserProfileName": "UserProfileNameEquals",
            "SpaceName": "SpaceNameEquals",
        }
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, APP).values()
                if all(
                    request.get(asked) in (None, record.get(field))
                    for field, asked in filters.items()
                )
            ]
            return LISTING.respond(found, request)

    def delete_app(self, request: Request, context: Context) -> Response:
        record = self._app(context.scope, request, "DeleteApp")
        if record["Status"] in ENDED:
            # An app that has ended is shown for a day, and cannot be deleted again.
            raise missing("DeleteApp", APP, app_path(record))
        if record["Status"] != "InService":
            message = f"App [{app_path(record)}] cannot be deleted while it is {record['Status']}"
            raise AwsError("ResourceInUse", message)
        with self.lock:
            record["Status"] = "Deleting"
        self.workers.start(
            f"end {app_path(record)}", lambda: self._settle_app(record, "Deleting", "Deleted")
        )
        return {}

    def _settle_app(self, record: Record, before: str, after: str) -> None:
        with self.lock:
            if record["Status"] == before:
                record["Status"] = after

    def _app(self, scope: Scope, request: Request, operation: str) -> Record:
        return self.studio_record(scope, APP, app_path(request), operation)

    def _check_identity(self, scope: Scope, space: Record) -> None:
        """Where sessions are named for profiles, the execution role has to let them.

        Source: "Turn on sourceIdentity in CloudTrail logs" in the Developer Guide.
        """
        domain = self.studio_record(scope, DOMAIN, space["DomainId"], "CreateApp")
        named = domain.get("DomainSettings", {}).get("ExecutionRoleIdentityConfig")
        if named == "USER_PROFILE_NAME":
            role = self._execution_role(scope, domain, space)
            self.platform.check_source_identity(role, SERVICE_PRINCIPAL)

    def _check_volume_key(self, scope: Scope, space: Record) -> None:
        """The volume of a space is encrypted through a grant that the execution role makes.

        Source: "Protect Data at Rest Using Encryption" in the Developer Guide.
        """
        domain = self.studio_record(scope, DOMAIN, space["DomainId"], "CreateApp")
        key = domain.get("KmsKeyId")
        if not key:
            return
        arn = key if key.startswith("arn:") else scope.arn("kms", f"key/{key}")
        role = self._execution_role(scope, domain, space)
        for action in ("kms:DescribeKey", "kms:CreateGrant"):
            self.platform.authorize(role, action, arn, scope, _FOR_AWS_RESOURCES)

    def _execution_role(self, scope: Scope, domain: Record, space: Record) -> str:
        """The role with which applications of a space run."""
        settings = [domain["DefaultUserSettings"]]
        if space.get("SpaceSharingSettings", {}).get("SharingType") == "Shared":
            settings.insert(0, domain.get("DefaultSpaceSettings") or {})
        else:
            owner = space.get("OwnershipSettings", {}).get("OwnerUserProfileName")
            name = f"{space['DomainId']}/{owner}"
            person = self.studio_record(scope, USER_PROFILE, name, "CreateApp")
            settings.insert(0, person.get("UserSettings") or {})
        return next(str(one["ExecutionRole"]) for one in settings if "ExecutionRole" in one)

    def _check_app_space(self, scope: Scope, record: Record) -> Record:
        """JupyterLab and Code Editor run in spaces ("Create a space" in the Developer Guide)."""
        if "SpaceName" not in record or "UserProfileName" in record:
            message = f"An app of type {record['AppType']} needs SpaceName, and no UserProfileName"
            raise AwsError("ValidationException", message)
        name = f"{record['DomainId']}/{record['SpaceName']}"
        space = self.studio_record(scope, SPACE, name, "CreateApp")
        kind = space.get("SpaceSettings", {}).get("AppType")
        if kind not in (None, record["AppType"]):
            message = f"Space [{name}] is for apps of type {kind}, not {record['AppType']}"
            raise AwsError("ValidationException", message)
        return space
