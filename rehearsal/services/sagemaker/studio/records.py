"""Records of Studio: domains and their members, custom images, lifecycle configurations."""

from typing import Any

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.sagemaker.backend import Backend, not_found
from rehearsal.services.sagemaker.records import Record, now

DOMAIN = "domain"
USER_PROFILE = "user-profile"
SPACE = "space"
APP = "app"
LIFECYCLE_CONFIG = "studio-lifecycle-config"
IMAGE = "image"
IMAGE_VERSION = "image-version"
APP_IMAGE_CONFIG = "app-image-config"

NOUNS = {
    DOMAIN: "Domain",
    USER_PROFILE: "UserProfile",
    SPACE: "Space",
    APP: "App",
    LIFECYCLE_CONFIG: "StudioLifecycleConfig",
    IMAGE: "Image",
    IMAGE_VERSION: "ImageVersion",
    APP_IMAGE_CONFIG: "AppImageConfig",
}
MISSING = "{noun} [{name}] does not exist."
EXISTING = "{noun} already exists: {arn}"
ENDED = ("Deleted", "Failed")
"""Statuses of apps that no longer count as apps of a domain, profile or space."""
_FIRST_UID = 200001
"""The POSIX user of the first profile or space of a domain, as SageMaker counts them."""


class StudioRecords:
    """Finds and changes the records of Studio, with the errors of its API.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def find(self, scope: Scope, kind: str, name: str, operation: str) -> Record:
        """Returns a record.

        Args:
            scope: account and region.
            kind: the resource type in ARNs, one of the constants of this module.
            name: the path of the resource in its ARN.
            operation: the API name of the operation that needs it.

        Raises:
            AwsError: ResourceNotFound or ValidationException, if there is no such resource.
        """
        message = MISSING.format(noun=NOUNS[kind], name=name)
        return self._backend.find(scope, kind, name, operation=operation, message=message)

    def reject_existing(self, scope: Scope, kind: str, name: str) -> None:
        """Checks that a name is free.

        Raises:
            AwsError: ResourceInUse, which the Studio operations document, if it is taken.
        """
        if name in self._backend.records.of(scope, kind):
            arn = scope.arn("sagemaker", f"{kind}/{name}")
            raise AwsError("ResourceInUse", EXISTING.format(noun=NOUNS[kind], arn=arn))

    def of_domain(self, scope: Scope, kind: str, domain_id: str) -> list[Record]:
        """Returns the records of a kind in a domain, without apps that have ended."""
        with self._backend.lock:
            return [
                record
                for record in self._backend.records.of(scope, kind).values()
                if record["DomainId"] == domain_id and record["Status"] not in ENDED
            ]

    def next_uid(self, scope: Scope, domain_id: str) -> str:
        """Returns the POSIX user of a new profile or space; the caller holds the lock."""
        domain = self._backend.records.of(scope, DOMAIN)[domain_id]
        domain["Members"] = domain.get("Members", 0) + 1
        return str(_FIRST_UID + domain["Members"] - 1)

    def change(self, record: Record, **values: Any) -> None:
        """Changes members of a record, and its time of modification."""
        with self._backend.lock:
            record.update(values, LastModifiedTime=now())


def reject_associated(kind: str, name: str, associated: list[Record], noun: str) -> None:
    """Checks that nothing depends on a resource that is to be deleted.

    Args:
        kind: the kind of the resource.
        name: the name of the resource.
        associated: the records that depend on it.
        noun: the kind of those records in SageMaker's words, such as `UserProfile`.

    Raises:
        AwsError: ResourceInUse, if there is such a record.
    """
    if associated:
        listed = ", ".join(sorted(str(record[f"{noun}Name"]) for record in associated))
        raise AwsError(
            "ResourceInUse",
            f"Unable to delete {NOUNS[kind]} [{name}] because {noun}(s) are associated with "
            f"it: {listed}",
        )


def missing(operation: str, kind: str, name: str) -> AwsError:
    """Returns the error for a resource of Studio that does not exist."""
    return not_found(operation, MISSING.format(noun=NOUNS[kind], name=name))
