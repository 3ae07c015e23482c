"""Rules of Studio: domains, user profiles, spaces, apps and lifecycle configurations."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from rehearsal.framework.rules.kinds import (
    any_of,
    at_most,
    choice,
    exclusive,
    only_with,
    requires,
    rule,
)
from rehearsal.framework.rules.rule import Call, Example

_APPS = ("DescribeApp", "DeleteApp")
_DOMAINS = ("CreateDomain", "UpdateDomain")
_PROFILES = ("CreateUserProfile", "UpdateUserProfile")
_SETTINGS = "DefaultUserSettings|UserSettings|DefaultSpaceSettings"
_LABS = "JupyterLabAppSettings|CodeEditorAppSettings"
_IDLE = f"{_SETTINGS}.{_LABS}.AppLifecycleManagement.IdleSettings"
_LAB = "DefaultUserSettings.JupyterLabAppSettings.AppLifecycleManagement.IdleSettings"
_VOLUME = "SpaceStorageSettings.DefaultEbsStorageSettings"
_ROLE = {"DefaultUserSettings.ExecutionRole": "arn:aws:iam::111111111111:role/execution"}
_DOMAIN = {"AuthMode": "IAM", "VpcId": "vpc-1", "SubnetIds[0]": "subnet-1", **_ROLE}
_VPC_ONLY = {
    **_DOMAIN,
    "AppNetworkAccessType": "VpcOnly",
    "DefaultUserSettings.SecurityGroups[0]": "sg-1",
}
_APP = {"DomainId": "d-1", "AppType": "JupyterLab", "AppName": "default", "SpaceName": "lab"}
_OWNED = {
    "OwnershipSettings.OwnerUserProfileName": "ana",
    "SpaceSharingSettings.SharingType": "Private",
}
_SPACE = {"DomainId": "d-1", "SpaceName": "lab"}
_SIZE = "SpaceSettings.SpaceStorageSettings.EbsStorageSettings.EbsVolumeSizeInGb"


def _domain(call: Call) -> dict[str, Any]:
    """Returns the domain that the request makes: a new one, or the existing one after an update."""
    found = {}
    if call.operation == "UpdateDomain":
        found = dict(call.read("DescribeDomain", {"DomainId": call.get("DomainId")}) or {})
    settings = {
        **(found.get("DefaultUserSettings") or {}),
        **(call.get("DefaultUserSettings") or {}),
    }
    return {**found, **call.request, "DefaultUserSettings": settings}


def _network(call: Call) -> Iterator[str]:
    domain = _domain(call)
    homes = domain.get("HomeEfsFileSystemCreation", "Enabled") == "Enabled"
    known = call.operation == "CreateDomain" or "AuthMode" in domain
    if known and (domain.get("AppNetworkAccessType") == "VpcOnly" or homes):
        absent = [name for name in ("VpcId", "SubnetIds") if not domain.get(name)]
        if absent:
            yield f"{' and '.join(absent)} must be given"


def _groups(call: Call) -> Iterator[str]:
    domain = _domain(call)
    vpc_only = domain.get("AppNetworkAccessType") == "VpcOnly"
    if vpc_only and not domain["DefaultUserSettings"].get("SecurityGroups"):
        yield (
            "SecurityGroups of DefaultUserSettings are required when AppNetworkAccessType is "
            "VpcOnly"
        )


def _content(call: Call) -> Iterator[str]:
    try:
        base64.b64decode(call.get("StudioLifecycleConfigContent"), validate=True)
    except binascii.Error:
        yield "StudioLifecycleConfigContent is not base64"


def _together(call: Call) -> Iterator[str]:
    given = [call.get("OwnershipSettings"), call.get("SpaceSharingSettings")]
    if (given[0] is None) != (given[1] is None):
        yield "OwnershipSettings and SpaceSharingSettings must be given together"


def _owned(call: Call) -> Iterator[str]:
    lab = call.get("SpaceSettings.AppType") in ("JupyterLab", "CodeEditor")
    if lab and call.get("OwnershipSettings") is None:
        yield "A space of JupyterLab or CodeEditor needs OwnershipSettings"


def _before(call: Call) -> dict[str, Any] | None:
    asked = {name: call.get(name) for name in ("DomainId", "SpaceName")}
    found = call.read("DescribeSpace", asked)
    return dict(found.get("SpaceSettings") or {}) if found else None


def _app_type(call: Call) -> Iterator[str]:
    before, wanted = _before(call), call.get("SpaceSettings.AppType")
    if before is not None and wanted and wanted != before.get("AppType"):
        yield "AppType of a space cannot change"


def _shrinks(call: Call) -> Iterator[str]:
    before, wanted = _before(call) or {}, call.get(_SIZE)
    storage = before.get("SpaceStorageSettings", {}).get("EbsStorageSettings", {})
    if wanted is not None and wanted < storage.get("EbsVolumeSizeInGb", 0):
        yield "The volume of a space cannot become smaller"


def _space_state(size: int) -> dict[str, Any]:
    storage = {"EbsStorageSettings": {"EbsVolumeSizeInGb": size}}
    return {
        "DescribeSpace": {
            "SpaceSettings": {"AppType": "JupyterLab", "SpaceStorageSettings": storage}
        }
    }


RULES = (
    any_of(
        "app-owner",
        _APPS,
        "UserProfileName",
        "SpaceName",
        source="DescribeApp, UserProfileName",
        fails={**_APP, "SpaceName": None},
        passes=_APP,
    ),
    exclusive(
        "apps-of-one-owner",
        "ListApps",
        "UserProfileNameEquals",
        "SpaceNameEquals",
        source="ListApps, UserProfileNameEquals",
        fails={"UserProfileNameEquals": "ana", "SpaceNameEquals": "lab"},
        passes={"SpaceNameEquals": "lab"},
    ),
    rule(
        "domain-network",
        _DOMAINS,
        "VpcId and SubnetIds are required for VpcOnly, and for the file system of home folders.",
        _network,
        source="CreateDomain, VpcId",
        fails={**_DOMAIN, "VpcId": None},
        passes=_DOMAIN,
    ),
    rule(
        "domain-security-groups",
        _DOMAINS,
        "SecurityGroups are required when AppNetworkAccessType is VpcOnly.",
        _groups,
        source="UserSettings, SecurityGroups",
        fails={**_DOMAIN, "AppNetworkAccessType": "VpcOnly"},
        passes=_VPC_ONLY,
    ),
    choice(
        "domain-home-mount",
        _DOMAINS,
        "DefaultUserSettings.AutoMountHomeEFS",
        ("Enabled", "Disabled"),
        source="UserSettings, AutoMountHomeEFS",
        fails={**_DOMAIN, "DefaultUserSettings.AutoMountHomeEFS": "DefaultAsDomain"},
        passes={**_DOMAIN, "DefaultUserSettings.AutoMountHomeEFS": "Enabled"},
    ),
    only_with(
        "domain-amazon-q",
        "CreateDomain",
        "DomainSettings.AmazonQSettings",
        "AuthMode",
        "SSO",
        source="DomainSettings, AmazonQSettings",
        fails={**_DOMAIN, "DomainSettings.AmazonQSettings.Status": "ENABLED"},
        passes=_DOMAIN,
    ),
    at_most(
        "idle-limits",
        (*_DOMAINS, *_PROFILES),
        "MinIdleTimeoutInMinutes",
        "MaxIdleTimeoutInMinutes",
        at=_IDLE,
        source="IdleSettings, MinIdleTimeoutInMinutes",
        fails={
            **_DOMAIN,
            f"{_LAB}.MinIdleTimeoutInMinutes": 121,
            f"{_LAB}.MaxIdleTimeoutInMinutes": 120,
        },
        passes={
            **_DOMAIN,
            f"{_LAB}.MinIdleTimeoutInMinutes": 120,
            f"{_LAB}.MaxIdleTimeoutInMinutes": 120,
        },
    ),
    at_most(
        "default-volume",
        (*_DOMAINS, *_PROFILES),
        "DefaultEbsVolumeSizeInGb",
        "MaximumEbsVolumeSizeInGb",
        at=f"{_SETTINGS}.{_VOLUME}",
        source="DefaultEbsStorageSettings, MaximumEbsVolumeSizeInGb",
        fails={
            **_DOMAIN,
            f"DefaultUserSettings.{_VOLUME}.DefaultEbsVolumeSizeInGb": 11,
            f"DefaultUserSettings.{_VOLUME}.MaximumEbsVolumeSizeInGb": 10,
        },
        passes={
            **_DOMAIN,
            f"DefaultUserSettings.{_VOLUME}.DefaultEbsVolumeSizeInGb": 10,
            f"DefaultUserSettings.{_VOLUME}.MaximumEbsVolumeSizeInGb": 10,
        },
    ),
    requires(
        "classic-lifecycle-resources",
        (*_DOMAINS, *_PROFILES),
        "LifecycleConfigArns",
        "DefaultResourceSpec",
        at="DefaultUserSettings|UserSettings|DefaultSpaceSettings.JupyterServerAppSettings",
        source="JupyterServerAppSettings, LifecycleConfigArns",
        fails={
            **_DOMAIN,
            "DefaultUserSettings.JupyterServerAppSettings.LifecycleConfigArns[0]": (
                "arn:aws:sagemaker:us-east-1:111111111111:studio-lifecycle-config/setup"
            ),
        },
        passes=_DOMAIN,
    ),
    rule(
        "space-owner-and-sharing",
        "CreateSpace",
        "OwnershipSettings and SpaceSharingSettings are specified together.",
        _together,
        source="CreateSpace, OwnershipSettings",
        fails={**_SPACE, "OwnershipSettings.OwnerUserProfileName": "ana"},
        passes={**_SPACE, **_OWNED},
    ),
    rule(
        "space-owner",
        "CreateSpace",
        "A space of JupyterLab or Code Editor has an owner.",
        _owned,
        source='"Create a space" in the Developer Guide',
        fails={**_SPACE, "SpaceSettings.AppType": "JupyterLab"},
        passes={**_SPACE, **_OWNED, "SpaceSettings.AppType": "JupyterLab"},
    ),
    rule(
        "space-app-type",
        "UpdateSpace",
        "The app type of a space cannot be changed.",
        _app_type,
        source="UpdateSpace; SpaceSettings, AppType",
        fails=Example({**_SPACE, "SpaceSettings.AppType": "CodeEditor"}, _space_state(5)),
        passes=Example({**_SPACE, "SpaceSettings.AppType": "JupyterLab"}, _space_state(5)),
    ),
    rule(
        "space-volume",
        "UpdateSpace",
        "The volume of a space cannot become smaller.",
        _shrinks,
        source='"Customize the storage of a space" in the Developer Guide',
        fails=Example({**_SPACE, _SIZE: 9}, _space_state(10)),
        passes=Example({**_SPACE, _SIZE: 10}, _space_state(10)),
    ),
    rule(
        "lifecycle-content",
        "CreateStudioLifecycleConfig",
        "StudioLifecycleConfigContent is encoded in base64.",
        _content,
        source="CreateStudioLifecycleConfig, StudioLifecycleConfigContent",
        fails={"StudioLifecycleConfigContent": "#!/bin/sh"},
        passes={"StudioLifecycleConfigContent": "IyEvYmluL3No"},
    ),
)
