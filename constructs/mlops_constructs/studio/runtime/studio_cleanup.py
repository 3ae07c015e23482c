"""Deletes Studio resources before CloudFormation does: the handler of a custom resource.

CloudFormation cannot delete a user profile, a space or a domain while an app runs in it, and it
keeps the file system that SageMaker created for a domain. Therefore, when a stack deletes one of
them, this function first

* deletes the apps of a space,
* deletes the apps of a user, and the spaces that the user owns,
* deletes the apps, spaces and profiles of a domain, the domain with its file system, and the two
  security groups that SageMaker created for it.

It does so only for a resource with the tag `REMOVAL_TAG`. An update of the stack that retains the
resource removes the tag first, so that the resource is kept.

Each step reads the current state from AWS, so the function is idempotent. It has 15 minutes; after
them it raises an error, and Lambda retries an asynchronous invocation twice.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REMOVAL_TAG = "mlops-constructs:removed-with-stack"
OWNER_TAG = "ManagedByAmazonSageMakerResource"
"""SageMaker's tag of the resources that it creates for a domain; its value is the domain's ARN."""
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 10.0
RESERVE_SECONDS = 20.0
MAX_REASON_LENGTH = 1000

_ENDED = ("Deleted", "Failed")
# Several profiles may be deleted at once: SageMaker throttles an account's calls.
_PATIENT = Config(retries={"mode": "adaptive", "max_attempts": 10})
_LATER = ("ResourceInUse", "ConflictException", "DependencyViolation", "ThrottlingException")


def handler(event: dict[str, Any], context: Any) -> None:
    """Deletes the resource's contents and sends the result to CloudFormation."""
    outcome = {"Status": "SUCCESS"}
    if event["RequestType"] == "Delete":
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
        try:
            Cleanup(event["ResourceProperties"], deadline - RESERVE_SECONDS).run()
        except TimeoutError:
            raise  # Lambda runs the function again
        except Exception as error:  # any failure must be reported to CloudFormation
            reason = f"{type(error).__name__}: {error}"
            outcome = {"Status": "FAILED", "Reason": reason[:MAX_REASON_LENGTH]}
    _respond(event, outcome)


class Cleanup:
    """Clears one domain, or one profile or space of it.

    `properties` are those of the custom resource: DomainId, DomainArn, ResourceArn (of the resource
    with the tag) and UserProfileName or SpaceName, or neither of them for a domain.
    """

    def __init__(self, properties: Mapping[str, str], deadline: float) -> None:
        self._domain = properties["DomainId"]
        self._domain_arn = properties["DomainArn"]
        self._arn = properties["ResourceArn"]
        self._profile = properties.get("UserProfileName")
        self._space = properties.get("SpaceName")
        self._file_system = properties.get("FileSystemId")
        self._deadline = deadline
        self._pause = MIN_PAUSE_SECONDS
        self._sagemaker: Any = boto3.client("sagemaker", config=_PATIENT)

    def run(self) -> None:
        """Deletes all resources that block the deletion.

        Raises:
            TimeoutError: if there is no time left.
        """
        whole = self._profile is None and self._space is None
        removed = self._to_be_removed()
        if removed:
            self._until_none(self._apps, self._end_app)
            if self._space is None:
                self._until_none(self._spaces, partial(self._delete, "delete_space"))
            if whole:
                self._until_none(self._profiles, partial(self._delete, "delete_user_profile"))
                self._delete_domain()
        if whole and not self._exists() and not self._file_system_stays(removed):
            self._remove_groups()

    def _to_be_removed(self) -> bool:
        pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=self._arn)
        tags = _found(lambda: [tag for page in pages for tag in page["Tags"]])
        return {"Key": REMOVAL_TAG, "Value": "true"} in (tags or [])

    def _apps(self) -> Iterator[tuple[dict[str, str], str]]:
        """Yields the arguments of DeleteApp for each app, with the app's status."""
        owned = {space["SpaceName"] for space in self._spaces()} if self._profile else set()
        for app in self._listed("list_apps", "Apps"):
            if app["Status"] not in _ENDED and self._concerns(app, owned):
                keys = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
                yield {key: app[key] for key in keys if app.get(key)}, app["Status"]

    def _concerns(self, app: Mapping[str, Any], owned: set[str]) -> bool:
        if self._space is not None:
            return bool(app.get("SpaceName") == self._space)
        if self._profile is None:
            return True
        return app.get("SpaceName") in owned or app.get("UserProfileName") == self._profile

    def _spaces(self) -> Iterator[dict[str, str]]:
        for space in self._listed("list_spaces", "Spaces"):
            owner = space.get("OwnershipSettingsSummary", {}).get("OwnerUserProfileName")
            if self._profile in (None, owner):
                yield {"DomainId": self._domain, "SpaceName": space["SpaceName"]}

    def _profiles(self) -> Iterator[dict[str, str]]:
        for profile in self._listed("list_user_profiles", "UserProfiles"):
            yield {"DomainId": self._domain, "UserProfileName": profile["UserProfileName"]}

    def _listed(self, operation: str, member: str) -> Iterator[dict[str, Any]]:
        pages = self._sagemaker.get_paginator(operation).paginate(DomainIdEquals=self._domain)
        for page in pages:
            yield from page[member]

    def _end_app(self, app: tuple[dict[str, str], str]) -> None:
        identifier, status = app
        if status == "InService":  # apps that start or stop cannot be deleted
            self._attempt(self._sagemaker.delete_app, **identifier)

    def _delete(self, operation: str, identifier: Mapping[str, str]) -> None:
        self._attempt(getattr(self._sagemaker, operation), **identifier)

    def _delete_domain(self) -> None:
        """Deletes the domain with its file system.

        Only SageMaker can delete the file system while the domain exists.
        """
        policy = {"HomeEfsFileSystem": "Delete"}
        delete = self._sagemaker.delete_domain
        while self._exists():
            self._attempt(delete, DomainId=self._domain, RetentionPolicy=policy)
            self._wait(f"domain {self._domain}")

    def _exists(self) -> bool:
        domain = _found(self._sagemaker.describe_domain, DomainId=self._domain)
        if domain is None:
            return False
        if domain["Status"] == "Delete_Failed":
            raise RuntimeError(f"{self._domain}: {domain.get('FailureReason', 'no FailureReason')}")
        return True

    def _file_system_stays(self, removed: bool) -> bool:
        """Returns True if another caller deleted the domain and kept its file system.

        Waits for a file system that is deleted with the domain.
        """
        while (state := self._file_system_state()) is not None:
            if not removed and state != "deleting":
                return True
            self._wait(f"file system {self._file_system}")
        return False

    def _file_system_state(self) -> str | None:
        if not self._file_system:
            return None
        describe = boto3.client("efs").describe_file_systems
        found = _found(describe, FileSystemId=self._file_system)
        return str(found["FileSystems"][0]["LifeCycleState"]) if found else None

    def _remove_groups(self) -> None:
        """Deletes the security groups of the file system.

        Their rules refer to each other and are revoked first.
        """
        ec2 = boto3.client("ec2")
        for group in self._groups(ec2):
            for rules, revoke in (
                ("IpPermissions", ec2.revoke_security_group_ingress),
                ("IpPermissionsEgress", ec2.revoke_security_group_egress),
            ):
                if group[rules]:
                    self._attempt(revoke, GroupId=group["GroupId"], IpPermissions=group[rules])
        self._until_none(
            lambda: self._groups(ec2),
            lambda group: self._attempt(ec2.delete_security_group, GroupId=group["GroupId"]),
        )

    def _groups(self, ec2: Any) -> list[dict[str, Any]]:
        owned = [{"Name": f"tag:{OWNER_TAG}", "Values": [self._domain_arn]}]
        found: list[dict[str, Any]] = ec2.describe_security_groups(Filters=owned)["SecurityGroups"]
        return found

    def _until_none(self, remaining: Callable[[], Any], remove: Callable[[Any], None]) -> None:
        """Deletes resources until none is left, because AWS deletes them asynchronously."""
        self._pause = MIN_PAUSE_SECONDS
        while left := list(remaining()):
            for one in left:
                remove(one)
            if list(remaining()):
                self._wait(", ".join(str(one) for one in left))

    def _attempt(self, call: Callable[..., Any], **request: Any) -> None:
        """Makes a call that may come too early or too late; the next round checks the state."""
        try:
            call(**request)
        except ClientError as error:
            if not _is_gone(error) and error.response["Error"]["Code"] not in _LATER:
                raise

    def _wait(self, what: str) -> None:
        if time.monotonic() + self._pause > self._deadline:
            raise TimeoutError(f"not deleted yet: {what}")
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, MAX_PAUSE_SECONDS)


def _found(look: Callable[..., Any], **request: Any) -> Any:
    """Returns the response of a call; None if the resource does not exist."""
    try:
        return look(**request)
    except ClientError as error:
        if _is_gone(error):
            return None
        raise


def _is_gone(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    # ListTags has no specific error for a resource that does not exist.
    missing = code == "ValidationException" and "ould not find" in message
    return missing or "NotFound" in code


def _respond(event: Mapping[str, Any], outcome: Mapping[str, str]) -> None:
    """Sends the result to CloudFormation's response URL."""
    resource = event["ResourceProperties"]["ResourceArn"]
    response = {
        "PhysicalResourceId": event.get("PhysicalResourceId", resource),
        **{name: event[name] for name in ("LogicalResourceId", "RequestId", "StackId")},
        **outcome,
    }
    if event["RequestType"] != "Delete":
        # Another domain, profile or space is another resource: the old one is cleaned up.
        response["PhysicalResourceId"] = resource
    # The URL is signed without a content type, which urllib would add.
    headers = {"Content-Type": ""}
    request = urllib.request.Request(  # noqa: S310 - a URL of CloudFormation
        event["ResponseURL"], json.dumps(response).encode(), headers, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        return
