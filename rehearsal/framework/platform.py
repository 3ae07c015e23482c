"""What a service of the rehearsal may ask of the AWS around it.

Services and executors depend on `Platform` alone. The adapter implements it on ministack, tests
implement it in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3


@dataclass(frozen=True)
class Scope:
    """The account and region in which a resource lives."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Context:
    """Who calls an operation, and where."""

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
"""The condition key of a request that a service makes in the name of its caller."""


class AwsError(Exception):
    """An error as AWS answers it: `code` is one that the operation documents.

    `members` are further members of the error's shape, as `OriginalStatusCode` of ModelError.
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
    """What is needed to check a signature: the secret behind an access key id, and whose it is.

    `session_token` is None for the keys of a user or of an account's root.
    """

    secret: str
    session_token: str | None
    principal_arn: str


class Platform(Protocol):
    """The AWS around a service."""

    @property
    def endpoint_url(self) -> str:
        """The gateway, https://127.0.0.1:PORT; every AWS service answers there."""

    @property
    def ca_bundle(self) -> Path:
        """The certificate authorities that a client must trust (the gateway's, and public ones)."""

    @property
    def state_directory(self) -> Path:
        """Where services keep what does not fit in memory; removed by `rehearse down`."""

    def emit_event(
        self,
        scope: Scope,
        *,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:
        """Puts an `aws.*` event on the default bus of `scope`, as the service itself would."""

    def service_credentials(
        self,
        role_arn: str,
        *,
        service_principal: str,
        session_name: str,
        source_arn: str | None = None,
    ) -> Credentials:
        """Credentials of a role that an AWS service assumes.

        `source_arn` is the resource for which the service acts, as a build's project; a trust
        policy may ask for it by `aws:SourceArn`. None when the service gives none.

        Raises AwsError (AccessDenied) when the role does not exist or its trust policy does not
        name `service_principal`, for instance `codebuild.amazonaws.com`.
        """

    def session(self, credentials: Credentials, region: str) -> boto3.Session:
        """A boto3 session with those credentials whose clients reach the gateway over TLS."""

    def environment(self, credentials: Credentials, region: str) -> dict[str, str]:
        """The AWS_* variables for a process that acts with those credentials.

        AWS_REGION is among them, AWS_DEFAULT_REGION is not: of the containers that AWS starts only
        builds get it, see `build_environment`.
        """

    def authorize(
        self,
        principal_arn: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Evaluates IAM; raises AwsError (AccessDeniedException) when it does not allow.

        `keys` are condition keys of the request, as `aws:RequestTag/team`.
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
        """Whether a resource's own policy lets a service of AWS do something for `source_arn`.

        As a topic's policy that lets `cloudwatch.amazonaws.com` publish. `via` is the service
        through which a key is used, such as `sns.us-east-1.amazonaws.com` (`kms:ViaService`).
        Raises AwsError (AccessDeniedException) when it does not, or the resource does not exist.
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
        """Whether a resource's policy lets a principal of another account do something.

        The principal's own policies are judged when its request arrives. `keys` are the condition
        keys of the request, as `sagemaker:ModelApprovalStatus`. Raises AwsError
        (AccessDeniedException) when the policy does not allow it.
        """

    def check_pass_role(self, context: Context, role_arn: str, service_principal: str) -> None:
        """What AWS checks when a caller hands a role to a service.

        `iam:PassRole` of the caller on the role (with `iam:PassedToService`), and that the role
        exists and trusts the service. Raises AwsError otherwise.
        """

    def check_source_identity(self, role_arn: str, service_principal: str) -> None:
        """Raises AwsError unless a service may name a person when it assumes a role.

        That is `sts:SetSourceIdentity` in the role's trust policy.
        """

    def secret_for(self, access_key_id: str) -> AccessKey | None:
        """The secret behind an access key id; None when the key is unknown or has expired.

        For protocols that sign outside of the gateway's own check, as git over HTTPS does. The key
        of an account's root is its 12-digit id; its secret is not checked by the gateway either.
        """
