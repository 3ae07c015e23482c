"""Spaces of a Studio domain, private or shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    operation="ListSpaces", member="Spaces", name="SpaceName", status="Status", newest_first=False
)
_OF_A_SPACE = ("CreateApp", "CreateSpace", "DeleteApp", "DeleteSpace", "UpdateSpace")
"""The actions whose conditions may ask for owner and sharing, in the authorization reference."""


class Spaces(StudioMembers):
    """Create-, Describe-, List-, Update-, DeleteSpace."""

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        """With whose space it is, and who shares it, for what changes spaces and apps in them."""
        keys = super().condition_keys(operation, request, scope)
        if operation not in _OF_A_SPACE or "SpaceName" not in request:
            return keys
        space: Mapping[str, Any] = request
        if operation != "CreateSpace":
            name = f"{request['DomainId']}/{request['SpaceName']}"
            with self.lock:
                space = self.records.of(scope, SPACE).get(name, {})
        return {**keys, **_owner_keys(scope, request["DomainId"], space)}

    def create_space(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateSpace", request)
        domain_id, scope = record["DomainId"], context.scope
        domain = self.studio_record(scope, DOMAIN, domain_id, "CreateSpace")
        self._check_space_owner(scope, record)
        _check_size(domain, record.get("SpaceSettings", {}))
        name = f"{domain_id}/{record['SpaceName']}"
        with self.lock:
            self.refuse_taken(scope, SPACE, name)
            record |= {
                "SpaceArn": scope.arn("sagemaker", f"{SPACE}/{name}"),
                "HomeEfsFileSystemUid": self.next_uid(scope, domain_id),
                "Url": f"{domain['Url']}/jupyterlab/spaces/{record['SpaceName']}",
                "Status": "InService",
                "CreationTime": now(),
                "LastModifiedTime": now(),
            }
            self.register(context, SPACE, name, record, request)
        return {"SpaceArn": record["SpaceArn"]}

    def describe_space(self, request: Request, context: Context) -> Response:
        return self.describe("DescribeSpace", self._space(context.scope, request, "DescribeSpace"))

    def list_spaces(self, request: Request, context: Context) -> Response:
        part = request.get("SpaceNameContains", "").lower()
        wanted = request.get("DomainIdEquals")
        with self.lock:
            found = [
                _summary(record)
                for record in self.records.of(context.scope, SPACE).values()
                if wanted in (None, record["DomainId"]) and part in record["SpaceName"].lower()
            ]
        return LISTING.respond(found, request)

    def update_space(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateSpace", request)
        record = self._space(context.scope, request, "UpdateSpace")
        domain = self.studio_record(context.scope, DOMAIN, request["DomainId"], "UpdateSpace")
        settings = merged(record.get("SpaceSettings"), given.get("SpaceSettings"))
        before = record.get("SpaceSettings", {})
        if settings.get("AppType") != before.get("AppType"):
            raise AwsError("ValidationException", "AppType of a space cannot change")
        _check_size(domain, settings)
        if _size(settings) < _size(before):
            raise AwsError("ValidationException", "The volume of a space cannot become smaller")
        shown = given.get("SpaceDisplayName", record.get("SpaceDisplayName"))
        self.change(record, SpaceSettings=settings, SpaceDisplayName=shown)
        return {"SpaceArn": record["SpaceArn"]}

    def delete_space(self, request: Request, context: Context) -> Response:
        scope = context.scope
        record = self._space(scope, request, "DeleteSpace")
        apps = [
            app
            for app in self.in_domain(scope, APP, record["DomainId"])
            if app.get("SpaceName") == record["SpaceName"]
        ]
        self.refuse_associated(SPACE, record["SpaceName"], apps, "App")
        with self.lock:
            self.records.of(scope, SPACE).pop(f"{record['DomainId']}/{record['SpaceName']}", None)
        self.drop_tags(record["SpaceArn"])
        return {}

    def _space(self, scope: Scope, request: Request, operation: str) -> Record:
        name = f"{request['DomainId']}/{request['SpaceName']}"
        return self.studio_record(scope, SPACE, name, operation)

    def _check_space_owner(self, scope: Scope, record: Record) -> None:
        """Owner and sharing come together (API_CreateSpace); the owner is of the domain."""
        ownership, sharing = record.get("OwnershipSettings"), record.get("SpaceSharingSettings")
        if (ownership is None) != (sharing is None):
            message = "OwnershipSettings and SpaceSharingSettings must be given together"
            raise AwsError("ValidationException", message)
        if ownership is None:
            if record.get("SpaceSettings", {}).get("AppType") in ("JupyterLab", "CodeEditor"):
                message = "A space of JupyterLab or CodeEditor needs OwnershipSettings"
                raise AwsError("ValidationException", message)
            return
        owner = f"{record['DomainId']}/{ownership['OwnerUserProfileName']}"
        with self.lock:
            known = owner in self.records.of(scope, USER_PROFILE)
        if not known:
            raise AwsError("ValidationException", f"UserProfile [{owner}] does not exist.")


def _owner_keys(scope: Scope, domain_id: str, space: Mapping[str, Any]) -> dict[str, str]:
    keys = {}
    if owner := space.get("OwnershipSettings", {}).get("OwnerUserProfileName"):
        arn = scope.arn("sagemaker", f"{USER_PROFILE}/{domain_id}/{owner}")
        keys["sagemaker:OwnerUserProfileArn"] = arn
    if sharing := space.get("SpaceSharingSettings", {}).get("SharingType"):
        keys["sagemaker:SpaceSharingType"] = sharing
    return keys


def _size(settings: dict[str, Any]) -> int:
    storage = settings.get("SpaceStorageSettings", {}).get("EbsStorageSettings", {})
    return int(storage.get("EbsVolumeSizeInGb", 0))


def _check_size(domain: Record, settings: dict[str, Any]) -> None:
    limits = domain["DefaultUserSettings"].get("SpaceStorageSettings", {})
    most = limits.get("DefaultEbsStorageSettings", {}).get("MaximumEbsVolumeSizeInGb")
    if most is not None and _size(settings) > most:
        message = f"EbsVolumeSizeInGb {_size(settings)} is more than the domain's maximum, {most}"
        raise AwsError("ValidationException", message)


def _summary(record: Record) -> Record:
    """A space as ListSpaces shows it."""
    settings = record.get("SpaceSettings", {})
    shown = {
        name: settings[name] for name in ("AppType", "SpaceStorageSettings") if name in settings
    }
    return {
        **record,
        "SpaceSettingsSummary": shown,
        "SpaceSharingSettingsSummary": record.get("SpaceSharingSettings"),
        "OwnershipSettingsSummary": record.get("OwnershipSettings"),
    }
