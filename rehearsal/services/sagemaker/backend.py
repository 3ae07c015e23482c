"""The shared backend of SageMaker's parts: records, tags, identity, errors, events and threads."""

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.network_interfaces import check_attachment
from rehearsal.framework.platform import VIA_SERVICE, AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request
from rehearsal.framework.store import Store
from rehearsal.framework.tags import Tags
from rehearsal.framework.workers import Workers
from rehearsal.services.sagemaker import (
    condition_keys,
    events,
    service_model,
    unsupported_members,
)
from rehearsal.services.sagemaker.encryption_keys import key_arn
from rehearsal.services.sagemaker.records import Record

SERVICE_PRINCIPAL = "sagemaker.amazonaws.com"
Observer = Callable[[Scope, str, Mapping[str, Any]], None]
"""Takes the scope, the detail type and the detail of an event, before its times are converted."""
CLOSE_SECONDS = 1.0
"""Seconds that the end of the service waits for its threads; the server ends the others."""
_GRANT_ACTIONS = ("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant")


class Backend:
    """Records, tags, identity, events and threads of SageMaker in all accounts.

    Each part of the service (`Models`, `Endpoints`, ...) receives it in its constructor.

    Args:
        platform: the AWS around the service.
        tags: the tags of the service's resources.
    """

    def __init__(self, platform: Platform, tags: Tags) -> None:
        self.platform = platform
        self.tags = tags
        #: Guards `records` and the members of each record.
        self.lock = threading.RLock()
        self.records: Store[Record] = Store()
        self.workers = Workers()
        self.identity = ServiceIdentity(platform, SERVICE_PRINCIPAL, "SageMaker")
        self._closers: list[Callable[[], None]] = []
        self._observers: list[Observer] = []

    # Requests

    def accept(self, operation: str, request: Request) -> dict[str, Any]:
        """Returns a copy of a request.

        Args:
            operation: the API name of the operation, such as `CreateModel`.
            request: the request.

        Raises:
            AwsError: ValidationException, for members that the rehearsal does not implement.
        """
        unsupported_members.reject_unsupported(operation, request)
        return copy.deepcopy(dict(request))

    def check_placement(self, role_arn: str, scope: Scope, request: Mapping[str, Any]) -> None:
        """Checks that a role may attach a job or model to the VPC that a request names, if any.

        Raises:
            AwsError: AccessDeniedException, for the first permission that the role lacks.
        """
        network = request.get("NetworkConfig") or request
        vpc = network.get("VpcConfig")
        if vpc:
            check_attachment(
                self.platform,
                role_arn,
                scope,
                subnet_ids=vpc["Subnets"],
                security_group_ids=vpc["SecurityGroupIds"],
                service=SERVICE_PRINCIPAL,
            )

    def check_key(self, context: Context, key_id: str | None, *actions: str) -> None:
        """Checks that the caller may perform actions on a KMS key, if a request names one.

        Args:
            context: the caller.
            key_id: the id or ARN of the key. None checks nothing.
            actions: the IAM actions, such as `kms:Decrypt`.

        Raises:
            AwsError: ValidationException, if there is no such key; AccessDeniedException, for the
                first action that the caller may not perform.
        """
        if not key_id:
            return
        arn = key_arn(self.identity, context.scope, key_id)
        for action in actions:
            # SageMaker creates grants for its resources.
            keys = {"kms:GrantIsForAWSResource": "true"} if action in _GRANT_ACTIONS else {}
            resource = "*" if action == "kms:ListAliases" else arn  # it has no resource type
            self.identity.authorize_caller(context, action, resource, keys)

    # Records

    def find(
        self, scope: Scope, kind: str, name: str, *, operation: str, message: str | None = None
    ) -> Record:
        """Returns a record.

        Args:
            scope: account and region.
            kind: the resource type in ARNs, such as `endpoint-config`.
            name: the name of the resource.
            operation: the API name of the operation that needs it.
            message: the message of the error. Defaults to SageMaker's usual one.

        Raises:
            AwsError: ResourceNotFound or ValidationException, if there is no such resource.
        """
        with self.lock:
            record = self.records.of(scope, kind).get(name)
        if record is None:
            arn = scope.arn("sagemaker", f"{kind}/{name}")
            noun = kind.replace("-", " ").replace("endpoint config", "endpoint configuration")
            raise not_found(operation, message or f'Could not find {noun} "{arn}".')
        return record

    def all(self, scope: Scope, kind: str) -> list[Record]:
        """Returns the records of a kind, oldest first."""
        with self.lock:
            return list(self.records.of(scope, kind).values())

    def register(
        self, context: Context, kind: str, name: str, record: Record, request: Request
    ) -> None:
        """Adds a new record and its tags.

        The caller of this method holds the lock and has checked that the name is free.

        Raises:
            AwsError: AccessDeniedException, if the principal lacks sagemaker:AddTags for its tags.
        """
        arn = context.scope.arn("sagemaker", f"{kind}/{name}")
        self.tag_new(context, arn, request.get("Tags", ()))
        self.records.of(context.scope, kind)[name] = record

    def reject_existing(self, context: Context, kind: str, name: str, noun: str) -> None:
        """Checks that a name is free.

        Args:
            context: the caller.
            kind: the resource type in ARNs.
            name: the name of the new resource.
            noun: the kind in SageMaker's words, such as `endpoint configuration`.

        Raises:
            AwsError: ValidationException, if the name is taken.
        """
        if name in self.records.of(context.scope, kind):
            arn = context.scope.arn("sagemaker", f"{kind}/{name}")
            message = f'Cannot create already existing {noun} "{arn}".'
            raise AwsError("ValidationException", message)

    def remove(self, scope: Scope, kind: str, name: str, arn: str) -> None:
        """Removes a record and its tags."""
        with self.lock:
            self.records.of(scope, kind).pop(name, None)
        self.tags.drop(arn)

    def describe(self, operation: str, record: Record) -> dict[str, Any]:
        """Returns the response of a Describe operation."""
        with self.lock:
            return service_model.select(record, service_model.output_shape(operation))

    # Tags

    def tag_new(self, context: Context, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        """Tags a new resource.

        Raises:
            AwsError: AccessDeniedException, if the principal lacks sagemaker:AddTags for its tags.
        """
        given = list(tags)
        keys = {**condition_keys.tagging_action(arn), **VIA_SERVICE}
        self.tags.authorize(context, arn, given, keys)
        self.tags.put(arn, given)

    # Events

    def emit(
        self,
        scope: Scope,
        detail_type: str,
        detail: Mapping[str, Any],
        *resources: str,
        iso: bool = False,
    ) -> None:
        """Puts an event of source `aws.sagemaker` on the account's default bus.

        Args:
            scope: account and region of the resource.
            detail_type: the type as the developer guide names it, such as
                `SageMaker Model Package State Change`.
            detail: the detail; times are converted.
            resources: the ARNs of the resources that the event is about.
            iso: True to write times as ISO 8601 text. Defaults to False: epoch milliseconds.
        """
        for observer in self._observers:
            observer(scope, detail_type, detail)
        events.emit(self.platform, scope, detail_type, detail, *resources, iso=iso)

    def on_event(self, observer: Observer) -> None:
        """Registers a part that follows the events of other parts."""
        self._observers.append(observer)

    # Life

    def on_close(self, end: Callable[[], None]) -> None:
        """Registers a function that is called when the service ends."""
        with self.lock:
            self._closers.append(end)

    def close(self) -> None:
        """Ends every thread and process that the parts have started."""
        self.workers.closing.set()
        with self.lock:
            closers = list(self._closers)
        for end in closers:
            end()
        self.workers.close(timeout=CLOSE_SECONDS)


def not_found(operation: str, message: str) -> AwsError:
    """Returns the error for a missing resource: ResourceNotFound where the API documents it."""
    documented = service_model.documents_error(operation, "ResourceNotFound")
    return AwsError("ResourceNotFound" if documented else "ValidationException", message)


def caller_identity(context: Context) -> dict[str, Any]:
    """Returns the caller as `CreatedBy` and `LastModifiedBy` show it."""
    return {"IamIdentity": {"Arn": context.caller_arn}}
