"""User profiles of a Studio domain."""

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.studio.records import (
    APP,
    DOMAIN,
    SPACE,
    USER_PROFILE,
    StudioRecords,
    reject_associated,
)
from rehearsal.services.sagemaker.studio.user_settings import UserSettings, merged

LISTING = Listing(
    operation="ListUserProfiles",
    member="UserProfiles",
    name="UserProfileName",
    status="Status",
    newest_first=False,
    equal={"DomainIdEquals": "DomainId"},
)


class UserProfiles:
    """Create-, Describe-, List-, Update-, DeleteUserProfile; CreatePresignedDomainUrl.

    Args:
        backend: the backend of SageMaker.
        records: the records of Studio.
        settings: the settings of user profiles.
    """

    def __init__(self, backend: Backend, records: StudioRecords, settings: UserSettings) -> None:
        self._backend = backend
        self._records = records
        self._settings = settings

    def create_user_profile(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateUserProfile", request)
        domain_id, scope = record["DomainId"], context.scope
        self._records.find(scope, DOMAIN, domain_id, "CreateUserProfile")
        self._settings.check(context, record.get("UserSettings"))
        name = f"{domain_id}/{record['UserProfileName']}"
        with self._backend.lock:
            self._records.reject_existing(scope, USER_PROFILE, name)
            record |= {
                "UserProfileArn": scope.arn("sagemaker", f"{USER_PROFILE}/{name}"),
                "HomeEfsFileSystemUid": self._records.next_uid(scope, domain_id),
                "Status": "InService",
                "CreationTime": now(),
                "LastModifiedTime": now(),
            }
            self._backend.register(context, USER_PROFILE, name, record, request)
        return {"UserProfileArn": record["UserProfileArn"]}

    def describe_user_profile(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DescribeUserProfile")
        return self._backend.describe("DescribeUserProfile", record)

    def list_user_profiles(self, request: Request, context: Context) -> Response:
        part = request.get("UserProfileNameContains", "").lower()
        found = [
            record
            for record in self._backend.all(context.scope, USER_PROFILE)
            if part in record["UserProfileName"].lower()
        ]
        return LISTING.respond(found, request)

    def update_user_profile(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateUserProfile", request)
        record = self._find(context.scope, request, "UpdateUserProfile")
        settings = merged(record.get("UserSettings"), given.get("UserSettings"))
        self._settings.check(context, settings)
        self._records.change(record, UserSettings=settings)
        return {"UserProfileArn": record["UserProfileArn"]}

    def delete_user_profile(self, request: Request, context: Context) -> Response:
        scope, domain_id = context.scope, request["DomainId"]
        record = self._find(scope, request, "DeleteUserProfile")
        name = record["UserProfileName"]
        apps = [
            app
            for app in self._records.of_domain(scope, APP, domain_id)
            if app.get("UserProfileName") == name
        ]
        reject_associated(USER_PROFILE, name, apps, "App")
        owned = [
            space
            for space in self._records.of_domain(scope, SPACE, domain_id)
            if space.get("OwnershipSettings", {}).get("OwnerUserProfileName") == name
        ]
        reject_associated(USER_PROFILE, name, owned, "Space")
        self._backend.remove(scope, USER_PROFILE, f"{domain_id}/{name}", record["UserProfileArn"])
        return {}

    def create_presigned_domain_url(self, request: Request, context: Context) -> Response:
        """Checks the request as any other, then raises: there is no IDE to open."""
        scope, operation = context.scope, "CreatePresignedDomainUrl"
        self._records.find(scope, DOMAIN, request["DomainId"], operation)
        self._find(scope, request, operation)
        raise AwsError(
            "UnknownOperationException",
            "The rehearsal does not support sagemaker CreatePresignedDomainUrl: no IDE runs here.",
        )

    def _find(self, scope: Scope, request: Request, operation: str) -> Record:
        name = f"{request['DomainId']}/{request['UserProfileName']}"
        return self._records.find(scope, USER_PROFILE, name, operation)
