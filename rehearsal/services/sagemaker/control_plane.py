"""The base of the parts of SageMaker that do not receive the `Backend` yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import boto3

from rehearsal.framework.platform import Context, Credentials, Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.services.sagemaker import authorization, condition_keys
from rehearsal.services.sagemaker.backend import (
    SERVICE_PRINCIPAL,
    Backend,
    caller_identity,
    not_found,
)
from rehearsal.services.sagemaker.records import Record

__all__ = ["SERVICE_PRINCIPAL", "ControlPlane", "identity", "not_found"]

identity = caller_identity


class ControlPlane(Service):
    """Delegates to the backend of the service."""

    name: ClassVar[str] = "sagemaker"
    namespace: ClassVar[str] = "sagemaker"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.backend = Backend(platform)
        self.lock = self.backend.lock
        self.records = self.backend.records
        self.workers = self.backend.workers

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        return authorization.resource_arns(operation, request, scope)

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        return condition_keys.condition_keys(operation, request)

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        return self.backend.tags.of(arn)

    def check_role(self, context: Context, role_arn: str | None) -> None:
        self.backend.identity.check_role(context, role_arn)

    def assume(self, role_arn: str, source_arn: str) -> Credentials:
        return self.backend.identity.assume(role_arn, source_arn)

    def check_placement(self, role_arn: str, scope: Scope, request: Mapping[str, Any]) -> None:
        self.backend.check_placement(role_arn, scope, request)

    def role_session(self, scope: Scope, role_arn: str, source_arn: str) -> boto3.Session:
        return self.backend.identity.role_session(scope, role_arn, source_arn)

    def service_session(self, scope: Scope) -> boto3.Session:
        return self.backend.identity.service_session(scope)

    def authorize_caller(
        self,
        context: Context,
        action: str,
        resource_arn: str,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        self.backend.identity.authorize_caller(context, action, resource_arn, keys)

    def accept(self, operation: str, request: Request) -> dict[str, Any]:
        return self.backend.accept(operation, request)

    def find(
        self, scope: Scope, kind: str, name: str, *, operation: str, message: str | None = None
    ) -> Record:
        return self.backend.find(scope, kind, name, operation=operation, message=message)

    def register(
        self, context: Context, kind: str, name: str, record: Record, request: Request
    ) -> None:
        self.backend.register(context, kind, name, record, request)

    def refuse_existing(self, context: Context, kind: str, name: str, noun: str) -> None:
        self.backend.reject_existing(context, kind, name, noun)

    def describe(self, operation: str, record: Record) -> dict[str, Any]:
        return self.backend.describe(operation, record)

    def tag_new(self, context: Context, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        self.backend.tag_new(context, arn, tags)

    def inherit_tags(self, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        self.backend.tags.put(arn, tags)

    def drop_tags(self, arn: str) -> None:
        self.backend.tags.drop(arn)

    def emit(
        self,
        scope: Scope,
        detail_type: str,
        detail: Mapping[str, Any],
        *resources: str,
        iso: bool = False,
    ) -> None:
        self.backend.emit(scope, detail_type, detail, *resources, iso=iso)

    def on_close(self, end: Callable[[], None]) -> None:
        self.backend.on_close(end)

    def close(self) -> None:
        self.backend.close()
