"""Apps of Studio.

An app is a record only: no program runs behind it, and CreatePresignedDomainUrl is not supported.
It has the statuses of AWS because deleting a space, a profile or a domain depends on them.
"""

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import SERVICE_PRINCIPAL, Backend
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import app_path
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.studio.records import (
    APP,
    DOMAIN,
    ENDED,
    SPACE,
    USER_PROFILE,
    StudioRecords,
    missing,
)

LISTING = Listing(
    operation="ListApps",
    member="Apps",
    name="AppName",
    status="Status",
    newest_first=False,
    equal={
        "DomainIdEquals": "DomainId",
        "UserProfileNameEquals": "UserProfileName",
        "SpaceNameEquals": "SpaceName",
    },
)

_FOR_AWS_RESOURCES = {"kms:GrantIsForAWSResource": "true"}


class Apps:
    """Create-, Describe-, List-, DeleteApp.

    Args:
        backend: the backend of SageMaker.
        records: the records of Studio.
    """

    def __init__(self, backend: Backend, records: StudioRecords) -> None:
        self._backend = backend
        self._records = records

    def create_app(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateApp", request)
        scope = context.scope
        self._records.find(scope, DOMAIN, record["DomainId"], "CreateApp")
        space = self._check_space(scope, record)
        self._check_identity(scope, space)
        self._check_volume_key(scope, space)
        name = app_path(record)
        arn = scope.arn("sagemaker", f"{APP}/{name}")
        with self._backend.lock:
            before = self._backend.records.of(scope, APP).get(name)
            if before is not None and before["Status"] not in ENDED:
                raise AwsError("ResourceInUse", f"App already exists: {arn}")
            record |= {"AppArn": arn, "Status": "Pending", "CreationTime": now()}
            self._backend.register(context, APP, name, record, request)
        self._backend.workers.start(
            f"start {name}", lambda: self._settle(record, "Pending", "InService")
        )
        return {"AppArn": arn}

    def describe_app(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DescribeApp")
        return self._backend.describe("DescribeApp", record)

    def list_apps(self, request: Request, context: Context) -> Response:
        return LISTING.respond(self._backend.all(context.scope, APP), request)

    def delete_app(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DeleteApp")
        if record["Status"] in ENDED:
            # An app that has ended is listed for a day and cannot be deleted again.
            raise missing("DeleteApp", APP, app_path(record))
        if record["Status"] != "InService":
            message = f"App [{app_path(record)}] cannot be deleted while it is {record['Status']}"
            raise AwsError("ResourceInUse", message)
        with self._backend.lock:
            record["Status"] = "Deleting"
        self._backend.workers.start(
            f"end {app_path(record)}", lambda: self._settle(record, "Deleting", "Deleted")
        )
        return {}

    def _settle(self, record: Record, before: str, after: str) -> None:
        with self._backend.lock:
            if record["Status"] == before:
                record["Status"] = after

    def _find(self, scope: Scope, request: Request, operation: str) -> Record:
        return self._records.find(scope, APP, app_path(request), operation)

    def _check_identity(self, scope: Scope, space: Record) -> None:
        """Checks that the execution role allows sessions with the profile's name, if configured.

        Source: "Turn on sourceIdentity in CloudTrail logs" in the Developer Guide.
        """
        domain = self._records.find(scope, DOMAIN, space["DomainId"], "CreateApp")
        named = domain.get("DomainSettings", {}).get("ExecutionRoleIdentityConfig")
        if named == "USER_PROFILE_NAME":
            role = self._execution_role(scope, domain, space)
            self._backend.platform.check_source_identity(role, SERVICE_PRINCIPAL)

    def _check_volume_key(self, scope: Scope, space: Record) -> None:
        """Checks that the execution role can create the grant that encrypts the volume of a space.

        Source: "Protect Data at Rest Using Encryption" in the Developer Guide.
        """
        domain = self._records.find(scope, DOMAIN, space["DomainId"], "CreateApp")
        key = domain.get("KmsKeyId")
        if not key:
            return
        arn = key if key.startswith("arn:") else scope.arn("kms", f"key/{key}")
        role = self._execution_role(scope, domain, space)
        for action in ("kms:DescribeKey", "kms:CreateGrant"):
            self._backend.platform.authorize(role, action, arn, scope, _FOR_AWS_RESOURCES)

    def _execution_role(self, scope: Scope, domain: Record, space: Record) -> str:
        """Returns the role of the apps of a space."""
        settings = [domain["DefaultUserSettings"]]
        if space.get("SpaceSharingSettings", {}).get("SharingType") == "Shared":
            settings.insert(0, domain.get("DefaultSpaceSettings") or {})
        else:
            owner = space.get("OwnershipSettings", {}).get("OwnerUserProfileName")
            name = f"{space['DomainId']}/{owner}"
            profile = self._records.find(scope, USER_PROFILE, name, "CreateApp")
            settings.insert(0, profile.get("UserSettings") or {})
        return next(str(one["ExecutionRole"]) for one in settings if "ExecutionRole" in one)

    def _check_space(self, scope: Scope, record: Record) -> Record:
        """Checks that an app runs in a space of its type.

        Source: "Create a space" in the Developer Guide.
        """
        if "SpaceName" not in record or "UserProfileName" in record:
            message = f"An app of type {record['AppType']} needs SpaceName, and no UserProfileName"
            raise AwsError("ValidationException", message)
        name = f"{record['DomainId']}/{record['SpaceName']}"
        space = self._records.find(scope, SPACE, name, "CreateApp")
        kind = space.get("SpaceSettings", {}).get("AppType")
        if kind not in (None, record["AppType"]):
            message = f"Space [{name}] is for apps of type {kind}, not {record['AppType']}"
            raise AwsError("ValidationException", message)
        return space
