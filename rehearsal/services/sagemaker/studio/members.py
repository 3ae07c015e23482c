"""What belongs to a Studio domain: how it is found, checked and described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.services.sagemaker.control_plane import ControlPlane, not_found
from rehearsal.services.sagemaker.records import Record, now

DOMAIN = "domain"
USER_PROFILE = "user-profile"
SPACE = "space"
APP = "app"
LIFECYCLE_CONFIG = "studio-lifecycle-config"
IMAGE = "image"
IMAGE_VERSION = "image-version"
APP_IMAGE_CONFIG = "app-image-config"

_NOUNS = {
    DOMAIN: "Domain",
    USER_PROFILE: "UserProfile",
    SPACE: "Space",
    APP: "App",
    LIFECYCLE_CONFIG: "StudioLifecycleConfig",
    IMAGE: "Image",
    IMAGE_VERSION: "ImageVersion",
    APP_IMAGE_CONFIG: "AppImageConfig",
}
_FIRST_UID = 200001
"""The POSIX user of the first profile of a domain, as SageMaker counts them."""
ENDED = ("Deleted", "Failed")
"""Statuses of apps that stand in nobody's way."""


class StudioMembers(ControlPlane):
    """The base of domains, user profiles, spaces and apps."""

    def studio_record(self, scope: Scope, kind: str, name: str, operation: str) -> Record:
        """A record by the path of its ARN, or SageMaker's refusal."""
        message = f"{_NOUNS[kind]} [{name}] does not exist."
        return self.find(scope, kind, name, operation=operation, message=message)

    def refuse_taken(self, scope: Scope, kind: str, name: str) -> None:
        """SageMaker's refusal of a name that is taken, by the code that Studio's calls document."""
        if name in self.records.of(scope, kind):
            arn = scope.arn("sagemaker", f"{kind}/{name}")
            raise AwsError("ResourceInUse", f"{_NOUNS[kind]} already exists: {arn}")

    def in_domain(self, scope: Scope, kind: str, domain_id: str) -> list[Record]:
        """The records of a kind in a domain; of apps only those that have not ended."""
        with self.lock:
            return [
                record
                for record in self.records.of(scope, kind).values()
                if record["DomainId"] == domain_id and record["Status"] not in ENDED
            ]

    def refuse_associated(self, kind: str, name: str, found: list[Record], noun: str) -> None:
        """SageMaker's refusal to delete what others still belong to."""
        if found:
            listed = ", ".join(sorted(str(record[f"{noun}Name"]) for record in found))
            raise AwsError(
                "ResourceInUse",
                f"Unable to delete {_NOUNS[kind]} [{name}] because {noun}(s) are associated with "
                f"it: {listed}",
            )

    def next_uid(self, scope: Scope, domain_id: str) -> str:
        """The POSIX user of a new profile or space; the caller holds the lock."""
        domain = self.records.of(scope, DOMAIN)[domain_id]
        domain["Members"] = domain.get("Members", 0) + 1
        return str(_FIRST_UID + domain["Members"] - 1)

    def check_settings(self, context: Context, settings: Mapping[str, Any] | None) -> None:
        """The role of user or space settings may be passed, and what they name exists."""
        if not settings:
            return
        self.check_role(context, settings.get("ExecutionRole"))
        with self.lock:
            for kind, name in named_in(settings):
                if name not in self.records.of(context.scope, kind):
                    raise AwsError(
                        "ValidationException",
                        f"{_NOUNS[kind]} [{name}] in the settings does not exist.",
                    )

    def refuse_in_settings(self, scope: Scope, kind: str, name: str) -> None:
        """SageMaker's refusal to delete what the settings of a domain or a profile name."""
        with self.lock:
            owners = [
                record
                for owner in (DOMAIN, USER_PROFILE)
                for record in self.records.of(scope, owner).values()
            ]
        users = [
            str(owner.get("UserProfileName", owner["DomainId"]))
            for owner in owners
            if (kind, name) in set(named_in(owner))
        ]
        if users:
            raise AwsError(
                "ResourceInUse",
                f"{_NOUNS[kind]} [{name}] is used by the settings of {', '.join(sorted(users))}",
            )

    def change(self, record: Record, **values: Any) -> None:
        """New values of a record, with the time of the change."""
        with self.lock:
            record.update(values, LastModifiedTime=now())


def merged(before: Mapping[str, Any] | None, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings after an update: what a request names replaces what was there, the rest stays."""
    return {**(before or {}), **(given or {})}


def named_in(settings: Any) -> Iterator[tuple[str, str]]:
    """The lifecycle configurations and images (kind, name) that settings refer to."""
    if isinstance(settings, Mapping):
        if "AppImageConfigName" in settings and "ImageName" in settings:
            yield APP_IMAGE_CONFIG, str(settings["AppImageConfigName"])
            yield IMAGE, str(settings["ImageName"])
        for value in settings.values():
            yield from named_in(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from named_in(value)
    elif isinstance(settings, str) and f":{LIFECYCLE_CONFIG}/" in settings:
        yield LIFECYCLE_CONFIG, settings.rpartition("/")[2]


def missing(operation: str, kind: str, name: str) -> AwsError:
    """The error for something of Studio that does not exist."""
    return not_found(operation, f"{_NOUNS[kind]} [{name}] does not exist.")
