"""Settings of Studio users and spaces: their validation and the resources that they name."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.studio.records import (
    APP_IMAGE_CONFIG,
    DOMAIN,
    IMAGE,
    LIFECYCLE_CONFIG,
    NOUNS,
    USER_PROFILE,
)


class UserSettings:
    """The settings of domains and user profiles.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def check(self, context: Context, settings: Mapping[str, Any] | None) -> None:
        """Checks that settings name a role that the caller may pass, and existing resources.

        Raises:
            AwsError: AccessDeniedException for the role, ValidationException for a resource.
        """
        if not settings:
            return
        self._backend.identity.check_role(context, settings.get("ExecutionRole"))
        with self._backend.lock:
            for kind, name in named_in(settings):
                if name not in self._backend.records.of(context.scope, kind):
                    raise AwsError(
                        "ValidationException",
                        f"{NOUNS[kind]} [{name}] in the settings does not exist.",
                    )

    def reject_in_use(self, scope: Scope, kind: str, name: str) -> None:
        """Checks that no settings name a resource that is to be deleted.

        Raises:
            AwsError: ResourceInUse, if the settings of a domain or a user profile name it.
        """
        owners = [
            record for owner in (DOMAIN, USER_PROFILE) for record in self._backend.all(scope, owner)
        ]
        users = [
            str(owner.get("UserProfileName", owner["DomainId"]))
            for owner in owners
            if (kind, name) in set(named_in(owner))
        ]
        if users:
            raise AwsError(
                "ResourceInUse",
                f"{NOUNS[kind]} [{name}] is used by the settings of {', '.join(sorted(users))}",
            )


def merged(before: Mapping[str, Any] | None, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns settings after an update, which replaces the members that the request has."""
    return {**(before or {}), **(given or {})}


def named_in(settings: Any) -> Iterator[tuple[str, str]]:
    """Yields the kind and name of each lifecycle configuration and image that settings name."""
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
