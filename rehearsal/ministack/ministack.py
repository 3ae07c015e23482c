"""The platform of services on ministack."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3

from rehearsal.framework.platform import AccessKey, Context, Credentials, Platform, Scope
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.ministack.events import events
from rehearsal.ministack.iam import identity, resource_policies
from rehearsal.ministack.sessions import SessionFactory


class Ministack(Platform):
    """The AWS that runs in this process.

    Args:
        endpoint_url: The gateway of all AWS services.
        certificate: The certificate of the gateway.
        ca_bundle: The certificate authorities of clients.
        state_directory: The directory for data that does not fit in memory.
    """

    def __init__(
        self, *, endpoint_url: str, certificate: Path, ca_bundle: Path, state_directory: Path
    ) -> None:
        self._endpoint_url = endpoint_url
        self._ca_bundle = ca_bundle
        self._state_directory = state_directory
        # The clients of the server trust the gateway only, which avoids parsing the public roots.
        self._sessions = SessionFactory(endpoint_url, certificate)

    @property
    def endpoint_url(self) -> str:
        return self._endpoint_url

    @property
    def ca_bundle(self) -> Path:
        return self._ca_bundle

    @property
    def state_directory(self) -> Path:
        return self._state_directory

    def emit_event(
        self,
        scope: Scope,
        *,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:
        events.emit(
            scope, source=source, detail_type=detail_type, detail=detail, resources=resources
        )

    def service_credentials(
        self,
        role_arn: str,
        *,
        service_principal: str,
        session_name: str,
        source_arn: str | None = None,
    ) -> Credentials:
        return identity.assume_role(
            role_arn,
            service_principal=service_principal,
            session_name=session_name,
            source_arn=source_arn,
        )

    def session(self, credentials: Credentials, region: str) -> boto3.Session:
        return self._sessions.session(credentials, region)

    def environment(self, credentials: Credentials, region: str) -> dict[str, str]:
        bundle = str(self._ca_bundle)
        return {
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            "AWS_REGION": region,
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "NODE_EXTRA_CA_CERTS": bundle,
            "GIT_SSL_CAINFO": bundle,
        }

    def authorize(
        self,
        principal_arn: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        identity.authorize(principal_arn, action, resource_arn, scope, keys)

    def authorize_service(
        self,
        principal: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        source_arn: str,
        via: str | None = None,
    ) -> None:
        resource_policies.authorize_service(principal, action, resource_arn, scope, source_arn, via)

    def authorize_by_policy(
        self,
        policy: str | None,
        principal_arn: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        resource_policies.authorize_by_policy(
            policy, principal_arn, action, resource_arn, scope, keys
        )

    def authorize_request(
        self,
        http: HttpRequest,
        *,
        action: str,
        resource_arn: str,
        scope: Scope,
        context_keys: Mapping[str, Any],
    ) -> None:
        identity.authorize_request(
            http, action=action, resource_arn=resource_arn, scope=scope, context_keys=context_keys
        )

    def check_pass_role(self, context: Context, role_arn: str, service_principal: str) -> None:
        identity.check_pass_role(context, role_arn, service_principal)

    def check_source_identity(self, role_arn: str, service_principal: str) -> None:
        identity.check_source_identity(role_arn, service_principal)

    def secret_for(self, access_key_id: str) -> AccessKey | None:
        return identity.access_key(access_key_id)
