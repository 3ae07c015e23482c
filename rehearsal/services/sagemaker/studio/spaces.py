"""Spaces of a Studio domain, private or shared."""

from collections.abc import Mapping
from typing import Any

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
from rehearsal.services.sagemaker.studio.user_settings import merged

LISTING = Listing(
    operation="ListSpaces",
    member="Spaces",
    name="SpaceName",
    status="Status",
    newest_first=False,
    equal={"DomainIdEquals": "DomainId"},
)
_SPACE_OPERATIONS = ("CreateApp", "CreateSpace", "DeleteApp", "DeleteSpace", "UpdateSpace")
"""Operations with condition keys for owner and sharing, in the service authorization reference."""


class Spaces:
    """Create-, Describe-, List-, Update-, DeleteSpace.

    Args:
        backend: the backend of SageMaker.
        records: the records of Studio.
    """

    def __init__(self, backend: Backend, records: StudioRecords) -> None:
        self._backend = backend
        self._records = records

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> dict[str, str]:
        """Returns the condition keys for owner and sharing of the space that a request names."""
        if operation not in _SPACE_OPERATIONS or "SpaceName" not in request:
            return {}
        space: Mapping[str, Any] = request
        if operation != "CreateSpace":
            name = f"{request['DomainId']}/{request['SpaceName']}"
            with self._backend.lock:
                space = self._backend.records.of(scope, SPACE).get(name, {})
        return _owner_keys(scope, request["DomainId"], space)

    def create_space(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateSpace", request)
        domain_id, scope = record["DomainId"], context.scope
        domain = self._records.find(scope, DOMAIN, domain_id, "CreateSpace")
        self._check_owner(scope, record)
        _check_size(domain, record.get("SpaceSettings", {}))
        name = f"{domain_id}/{record['SpaceName']}"
        with self._backend.lock:
            self._records.reject_existing(scope, SPACE, name)
            record |= {
                "SpaceArn": scope.arn("sagemaker", f"{SPACE}/{name}"),
                "HomeEfsFileSystemUid": self._records.next_uid(scope, domain_id),
                "Url": f"{domain['Url']}/jupyterlab/spaces/{record['SpaceName']}",
                "Status": "InService",
                "CreationTime": now(),
                "LastModifiedTime": now(),
            }
            self._backend.register(context, SPACE, name, record, request)
        return {"SpaceArn": record["SpaceArn"]}

    def describe_space(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DescribeSpace")
        return self._backend.describe("DescribeSpace", record)

    def list_spaces(self, request: Request, context: Context) -> Response:
        part = request.get("SpaceNameContains", "").lower()
        found = [
            _summary(record)
            for record in self._backend.all(context.scope, SPACE)
            if part in record["SpaceName"].lower()
        ]
        return LISTING.respond(found, request)

    def update_space(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateSpace", request)
        record = self._find(context.scope, request, "UpdateSpace")
        domain = self._records.find(context.scope, DOMAIN, request["DomainId"], "UpdateSpace")
        settings = merged(record.get("SpaceSettings"), given.get("SpaceSettings"))
        _check_size(domain, settings)
        display_name = given.get("SpaceDisplayName", record.get("SpaceDisplayName"))
        self._records.change(record, SpaceSettings=settings, SpaceDisplayName=display_name)
        return {"SpaceArn": record["SpaceArn"]}

    def delete_space(self, request: Request, context: Context) -> Response:
        scope = context.scope
        record = self._find(scope, request, "DeleteSpace")
        apps = [
            app
            for app in self._records.of_domain(scope, APP, record["DomainId"])
            if app.get("SpaceName") == record["SpaceName"]
        ]
        reject_associated(SPACE, record["SpaceName"], apps, "App")
        name = f"{record['DomainId']}/{record['SpaceName']}"
        self._backend.remove(scope, SPACE, name, record["SpaceArn"])
        return {}

    def _find(self, scope: Scope, request: Request, operation: str) -> Record:
        name = f"{request['DomainId']}/{request['SpaceName']}"
        return self._records.find(scope, SPACE, name, operation)

    def _check_owner(self, scope: Scope, record: Record) -> None:
        """Checks that the owner exists."""
        ownership = record.get("OwnershipSettings")
        if ownership is None:
            return
        owner = f"{record['DomainId']}/{ownership['OwnerUserProfileName']}"
        with self._backend.lock:
            known = owner in self._backend.records.of(scope, USER_PROFILE)
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
    maximum = limits.get("DefaultEbsStorageSettings", {}).get("MaximumEbsVolumeSizeInGb")
    if maximum is not None and _size(settings) > maximum:
        message = (
            f"EbsVolumeSizeInGb {_size(settings)} exceeds the maximum of the domain, {maximum}"
        )
        raise AwsError("ValidationException", message)


def _summary(record: Record) -> Record:
    """Returns a space as ListSpaces shows it."""
    settings = record.get("SpaceSettings", {})
    summary = {
        name: settings[name] for name in ("AppType", "SpaceStorageSettings") if name in settings
    }
    return {
        **record,
        "SpaceSettingsSummary": summary,
        "SpaceSharingSettingsSummary": record.get("SpaceSharingSettings"),
        "OwnershipSettingsSummary": record.get("OwnershipSettings"),
    }
