"""The interface of a service to the AWS around it.

Services depend on `Platform` only. The room ministack/ implements it on ministack, tests implement
it in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3


@dataclass(frozen=True)
class Scope:
    """The account and region of a resource."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """Returns the ARN of a resource in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Context:
    """The caller of an operation, with its account and region."""

    scope: Scope
    caller_arn: str


@dataclass(frozen=True)
class Credentials:
    """Session credentials of a principal; `principal_arn` is the assumed-role ARN."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    principal_arn: str


VIA_SERVICE = {"aws:ViaAWSService": "true"}
"""The condition key of a request that a service makes on behalf of its caller."""


class AwsError(Exception):
    """An error of an operation, as AWS returns it.

    Args:
        code: an error code that the operation documents.
        message: the message.
        status: the HTTP status. Defaults to 400.
        members: further members of the error, such as `OriginalStatusCode` of ModelError. Defaults
            to none.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = dict(members or {})


@dataclass(frozen=True)
class AccessKey:
    """The secret of an access key id, and its principal.

    `session_token` is None for the keys of a user or of an account's root.
    """

    secret: str
    session_token: str | None
    principal_arn: str


class Platform(Protocol):
    """The AWS around a service."""

    @property
    def endpoint_url(self) -> str:
        """The gateway of all AWS services, https://127.0.0.1:PORT."""

    @property
    def ca_bundle(self) -> Path:
        """The certificate authorities of clients: the gateway's and the public ones."""

    @property
    def state_directory(self) -> Path:
        """The directory of the state; `rehearse down --delete` removes it."""

    def emit_event(
        self,
        scope: Scope,
        *,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:
        """Puts an `aws.*` event of the service on the default bus of `scope`."""

    def service_credentials(
        self,
        role_arn: str,
        *,
        service_principal: str,
        session_name: str,
        source_arn: str | None = None,
    ) -> Credentials:
        """Returns credentials of a role that an AWS service assumes.

        Args:
            role_arn: the role.
            service_principal: the service, such as `codebuild.amazonaws.com`.
            session_name: the role session name.
            source_arn: the resource for which the service acts, such as the project of a build, for
                `aws:SourceArn` of the trust policy. Defaults to None: the key is absent.

        Raises:
            AwsError: AccessDenied, if the role does not exist or does not trust the service.
        """

    def root_credentials(self, account: str) -> Credentials:
        """Returns the credentials of the root of an account, which only this server knows."""

    def session(self, credentials: Credentials, region: str) -> boto3.Session:
        """Returns a boto3 session with credentials, whose clients call the gateway over TLS."""

    def environment(self, credentials: Credentials, region: str) -> dict[str, str]:
        """Returns the AWS_* variables for a process that acts with credentials.

        AWS_REGION is among them. AWS_DEFAULT_REGION is not, as AWS sets it in builds only.
        """

    def authorize(
        self,
        principal_arn: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Evaluates IAM for a principal.

        Args:
            principal_arn: the principal.
            action: the action, such as `iam:PassRole`.
            resource_arn: the resource.
            scope: the account and region of the request.
            keys: condition keys of the request, such as `aws:RequestTag/team`. Defaults to none.

        Raises:
            AwsError: AccessDeniedException, if IAM denies the action.
        """

    def authorize_service(
        self,
        principal: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        source_arn: str,
        via: str | None = None,
    ) -> None:
        """Evaluates the policy of a resource for an AWS service that acts for `source_arn`.

        Args:
            principal: the service, such as `cloudwatch.amazonaws.com`.
            action: the action, such as `sns:Publish`.
            resource_arn: the resource.
            scope: the account and region of the resource.
            source_arn: the resource for which the service acts.
            via: the service through which a key is used, such as `sns.us-east-1.amazonaws.com`, for
                `kms:ViaService`. Defaults to None: the key is absent.

        Raises:
            AwsError: AccessDeniedException, if the policy denies it or the resource does not exist.
        """

    def authorize_by_policy(
        self,
        policy: str | None,
        principal_arn: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Evaluates the policy of a resource for a principal of another account.

        The policies of the principal are evaluated when its request arrives.

        Args:
            policy: the policy of the resource, or None.
            principal_arn: the principal.
            action: the action.
            resource_arn: the resource.
            scope: the account and region of the resource.
            keys: condition keys of the request, such as `sagemaker:ModelApprovalStatus`. Defaults
                to none.

        Raises:
            AwsError: AccessDeniedException, if the policy does not allow the action.
        """

    def check_pass_role(self, context: Context, role_arn: str, service_principal: str) -> None:
        """Checks that a caller may pass a role to a service.

        Raises:
            AwsError: the caller lacks `iam:PassRole` on the role (with `iam:PassedToService`), or
                the role does not exist or does not trust the service.
        """

    def check_source_identity(self, role_arn: str, service_principal: str) -> None:
        """Checks that a service may set the source identity when it assumes a role.

        Raises:
            AwsError: the trust policy of the role lacks `sts:SetSourceIdentity`.
        """

    def secret_for(self, access_key_id: str) -> AccessKey | None:
        """Returns the secret of an access key id, or None if the key is unknown or has expired.

        For protocols whose signatures the gateway does not check, such as git over HTTPS.
        """
