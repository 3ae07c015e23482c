"""People of a Studio domain."""

from __future__ import annotations

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.studio.members import (
    APP,
    DOMAIN,
    SPACE,
    USER_PROFILE,
    StudioMembers,
    merged,
)

LISTING = Listing(
    operation="ListUserProfiles",
    member="UserProfiles",
    name="UserProfileName",
    status="Status",
    newest_first=False,
)


class UserProfiles(StudioMembers):
    """Create-, Describe-, List-, Update-, DeleteUserProfile."""

    def create_user_profile(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateUserProfile", request)
        domain_id, scope = record["DomainId"], context.scope
        self.studio_record(scope, DOMAIN, domain_id, "CreateUserProfile")
        self.check_settings(context, record.get("UserSettings"))
        name = f"{domain_id}/{record['UserProfileName']}"
        with self.lock:
            self.refuse_taken(scope, USER_PROFILE, name)
            record |= {
                "UserProfileArn": scope.arn("sagemaker", f"{USER_PROFILE}/{name}"),
                "HomeEfsFileSystemUid": self.next_uid(scope, domain_id),
                "Status": "InService",
                "CreationTime": now(),
                "LastModifiedTime": now(),
            }
            self.register(context, USER_PROFILE, name, record, request)
        return {"UserProfileArn": record["UserProfileArn"]}

    def describe_user_profile(self, request: Request, context: Context) -> Response:
        record = self._user_profile(context.scope, request, "DescribeUserProfile")
        return self.describe("DescribeUserProfile", record)

    def list_user_profiles(self, request: Request, context: Context) -> Response:
        part = request.get("UserProfileNameContains", "").lower()
        wanted = request.get("DomainIdEquals")
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, USER_PROFILE).values()
                if wanted in (None, record["DomainId"])
                and part in record["UserProfileName"].lower()
            ]
            return LISTING.respond(found, request)

    def update_user_profile(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateUserProfile", request)
        record = self._user_profile(context.scope, request, "UpdateUserProfile")
        settings = merged(record.get("UserSettings"), given.get("UserSettings"))
        self.check_settings(context, settings)
        self.change(record, UserSettings=settings)
        return {"UserProfileArn": record["UserProfileArn"]}

    def delete_user_profile(self, request: Request, context: Context) -> Response:
        scope, domain_id = context.scope, request["DomainId"]
        record = self._user_profile(scope, request, "DeleteUserProfile")
        name = record["UserProfileName"]
        apps = [
            app
            for app in self.in_domain(scope, APP, domain_id)
            if app.get("UserProfileName") == name
        ]
        self.refuse_associated(USER_PROFILE, name, apps, "App")
        owned = [
            space
            for space in self.in_domain(scope, SPACE, domain_id)
            if space.get("OwnershipSettings", {}).get("OwnerUserProfileName") == name
        ]
        self.refuse_associated(USER_PROFILE, name, owned, "Space")
        with self.lock:
            self.records.of(scope, USER_PROFILE).pop(f"{domain_id}/{name}", None)
        self.drop_tags(record["UserProfileArn"])
        return {}

    def create_presigned_domain_url(self, request: Request, context: Context) -> Response:
        """Judged as any request, and then refused by name: there is no IDE to open."""
        scope = context.scope
        self.studio_record(scope, DOMAIN, request["DomainId"], "CreatePresignedDomainUrl")
        self._user_profile(scope, request, "CreatePresignedDomainUrl")
        raise AwsError(
            "UnknownOperationException",
            "The rehearsal does not support sagemaker CreatePresignedDomainUrl: no IDE runs here.",
        )

    def _user_profile(self, scope: Scope, request: Request, operation: str) -> Record:
        name = f"{request['DomainId']}/{request['UserProfileName']}"
        return self.studio_record(scope, USER_PROFILE, name, operation)
