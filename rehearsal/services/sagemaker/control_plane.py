"""What the parts of SageMaker's control plane share: records, tags, errors, events, threads."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import boto3

from rehearsal.framework.network_interfaces import check_attachment
from rehearsal.framework.platform import (
    VIA_SERVICE,
    AwsError,
    Context,
    Credentials,
    Platform,
    Scope,
)
from rehearsal.framework.service import Request, Service
from rehearsal.framework.workers import Workers
from rehearsal.services.sagemaker import (
    authorization,
    condition_keys,
    events,
    service_model,
    unsupported_members,
)
from rehearsal.services.sagemaker.records import Record, Records

SERVICE_PRINCIPAL = "sagemaker.amazonaws.com"
CLOSE_SECONDS = 1.0
"""How long the end of the service waits for its threads; the server kills what is left."""


class ControlPlane(Service):
    """The base of the parts (`Models`, `Endpoints`, ...) that make up `SageMaker`."""

    name: ClassVar[str] = "sagemaker"
    namespace: ClassVar[str] = "sagemaker"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.records = Records()
        self.workers = Workers()
        self._tags: dict[str, dict[str, str]] = {}
        self._closers: list[Callable[[], None]] = []

    # IAM

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return authorization.resource_arns(operation, request, scope)

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        return condition_keys.condition_keys(operation, request)

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            return dict(self._tags.get(arn, {}))

    def check_role(self, context: Context, role_arn: str | None) -> None:
        """iam:PassRole of the caller, and that the role trusts SageMaker."""
        if role_arn:
            self.platform.check_pass_role(context, role_arn, SERVICE_PRINCIPAL)

    def assume(self, role_arn: str, source_arn: str) -> Credentials:
        """Credentials of a role that was handed to SageMaker for the resource `source_arn`."""
        return self.platform.service_credentials(
            role_arn,
            service_principal=SERVICE_PRINCIPAL,
            session_name="SageMaker",
            source_arn=source_arn,
        )

    def check_placement(self, role_arn: str, scope: Scope, request: Mapping[str, Any]) -> None:
        """That a role may attach a job or model to its VPC, where the request names one."""
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

    def role_session(self, scope: Scope, role_arn: str, source_arn: str) -> boto3.Session:
        """A session of a role that was handed to SageMaker for the resource `source_arn`."""
        return self.platform.session(self.assume(role_arn, source_arn), scope.region)

    def service_session(self, scope: Scope) -> boto3.Session:
        """A session of SageMaker itself in the customer's account.

        For what AWS does outside of the customer's roles: metrics of endpoints, and calls that it
        makes in the caller's name after checking the caller's permission (`authorize_caller`).
        """
        root = f"arn:aws:iam::{scope.account}:root"
        credentials = Credentials(scope.account, scope.account, "", root)
        return self.platform.session(credentials, scope.region)

    def authorize_caller(
        self,
        context: Context,
        action: str,
        resource_arn: str,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises AccessDeniedException unless the caller may do what SageMaker does in its name."""
        keys = {**(keys or {}), **VIA_SERVICE}
        self.platform.authorize(context.caller_arn, action, resource_arn, context.scope, keys)

    # Requests

    def accept(self, operation: str, request: Request) -> dict[str, Any]:
        """A copy of a request, after refusing the members that the rehearsal does not implement."""
        unsupported_members.refuse_unsupported(operation, request)
        return copy.deepcopy(dict(request))

    # Records

    def find(
        self, scope: Scope, kind: str, name: str, *, operation: str, message: str | None = None
    ) -> Record:
        """A record, or the error that AWS answers when there is none of that name."""
        with self.lock:
            record = self.records.of(scope, kind).get(name)
        if record is None:
            arn = scope.arn("sagemaker", f"{kind}/{name}")
            noun = kind.replace("-", " ").replace("endpoint config", "endpoint configuration")
            raise not_found(operation, message or f'Could not find {noun} "{arn}".')
        return record

    def register(
        self, context: Context, kind: str, name: str, record: Record, request: Request
    ) -> None:
        """Adds a new record and its tags; the caller needs sagemaker:AddTags for tags.

        The caller of this method holds the lock and has made sure that the name is free.
        """
        arn = context.scope.arn("sagemaker", f"{kind}/{name}")
        self.tag_new(context, arn, request.get("Tags", ()))
        self.records.of(context.scope, kind)[name] = record

    def refuse_existing(self, context: Context, kind: str, name: str, noun: str) -> None:
        """SageMaker's refusal of a name that is taken."""
        if name in self.records.of(context.scope, kind):
            arn = context.scope.arn("sagemaker", f"{kind}/{name}")
            message = f'Cannot create already existing {noun} "{arn}".'
            raise AwsError("ValidationException", message)

    def describe(self, operation: str, record: Record) -> dict[str, Any]:
        """The answer of a Describe operation."""
        with self.lock:
            return service_model.select(record, service_model.output_shape(operation))

    # Tags

    def tag_new(self, context: Context, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        """Tags of a new resource; the caller needs sagemaker:AddTags if there are any."""
        given = list(tags)
        if given:
            keys = condition_keys.tagging_keys(arn, given)
            self.authorize_caller(context, "sagemaker:AddTags", arn, keys)
        self.inherit_tags(arn, given)

    def inherit_tags(self, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        """Tags that the service puts on a resource which it makes itself."""
        with self.lock:
            self._tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}

    def drop_tags(self, arn: str) -> None:
        with self.lock:
            self._tags.pop(arn, None)

    # Events

    def emit(
        self,
        scope: Scope,
        detail_type: str,
        detail: Mapping[str, Any],
        *resources: str,
        iso: bool = False,
    ) -> None:
        """An event on the account's default bus."""
        events.emit(self.platform, scope, detail_type, detail, *resources, iso=iso)

    # Life

    def on_close(self, end: Callable[[], None]) -> None:
        """Registers what must end with the service."""
        with self.lock:
            self._closers.append(end)

    def close(self) -> None:
        self.workers.closing.set()
        with self.lock:
            closers = list(self._closers)
        for end in closers:
            end()
        self.workers.close(timeout=CLOSE_SECONDS)


def not_found(operation: str, message: str) -> AwsError:
    """The error for a missing resource: ResourceNotFound where the operation documents it."""
    documented = service_model.documents_error(operation, "ResourceNotFound")
    return AwsError("ResourceNotFound" if documented else "ValidationException", message)


def identity(context: Context) -> dict[str, Any]:
    """The caller as `CreatedBy` and `LastModifiedBy` show it."""
    return {"IamIdentity": {"Arn": context.caller_arn}}
