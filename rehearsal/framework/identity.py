"""The identities with which a service acts: its own in an account, and the roles passed to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from rehearsal.framework.platform import VIA_SERVICE, Context, Credentials, Platform, Scope


def service_session(platform: Platform, scope: Scope) -> boto3.Session:
    """Returns a session of an AWS service itself in a customer's account.

    For what AWS does outside of the customer's roles, such as publishing its own metrics.
    """
    return platform.session(platform.root_credentials(scope.account), scope.region)


class ServiceIdentity:
    """A service as a principal: it assumes roles that trust it.

    Args:
        platform: the AWS around the service.
        principal: the service principal, such as `sagemaker.amazonaws.com`.
        session_name: the role session name that AWS documents for the service.
    """

    def __init__(self, platform: Platform, principal: str, session_name: str) -> None:
        self.platform = platform
        self.principal = principal
        self.session_name = session_name

    def check_role(self, context: Context, role_arn: str | None) -> None:
        """Checks `iam:PassRole` of the caller, and that the role trusts the service.

        Raises:
            AwsError: the caller must not pass the role, or its trust policy omits the service.
        """
        if role_arn:
            self.platform.check_pass_role(context, role_arn, self.principal)

    def assume(self, role_arn: str, source_arn: str) -> Credentials:
        """Returns credentials of a role that was passed for the resource `source_arn`."""
        return self.platform.service_credentials(
            role_arn,
            service_principal=self.principal,
            session_name=self.session_name,
            source_arn=source_arn,
        )

    def role_session(self, scope: Scope, role_arn: str, source_arn: str) -> boto3.Session:
        """Returns a session of a role that was passed for the resource `source_arn`."""
        return self.platform.session(self.assume(role_arn, source_arn), scope.region)

    def service_session(self, scope: Scope) -> boto3.Session:
        """Returns a session of the service itself in the customer's account."""
        return service_session(self.platform, scope)

    def authorize_caller(
        self,
        context: Context,
        action: str,
        resource_arn: str,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Checks that the caller has the permission for a call that the service makes for it.

        Raises:
            AwsError: AccessDeniedException, if IAM denies it.
        """
        keys = {**(keys or {}), **VIA_SERVICE}
        self.platform.authorize(context.caller_arn, action, resource_arn, context.scope, keys)
