"""The platform of services on ministack."""

from pathlib import Path

import boto3

from rehearsal.framework.platform import Credentials, Platform
from rehearsal.framework.root_keys import RootKeys
from rehearsal.ministack.events import event_bus
from rehearsal.ministack.iam import identity, resource_policies
from rehearsal.ministack.sessions import SessionFactory


class Ministack(Platform):
    """The AWS that runs in this process.

    Args:
        endpoint_url: the gateway of all AWS services.
        certificate: the certificate of the gateway.
        ca_bundle: the certificate authorities of clients.
        state_directory: the directory for data that does not fit in memory.
        root_keys: the keys of the roots of accounts.
    """

    def __init__(
        self,
        *,
        endpoint_url: str,
        certificate: Path,
        ca_bundle: Path,
        state_directory: Path,
        root_keys: RootKeys,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._ca_bundle = ca_bundle
        self._state_directory = state_directory
        self._root_keys = root_keys
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

    emit_event = staticmethod(event_bus.emit)
    service_credentials = staticmethod(identity.assume_role)
    authorize = staticmethod(identity.authorize)
    authorize_request = staticmethod(identity.authorize_request)
    authorize_service = staticmethod(resource_policies.authorize_service)
    authorize_by_policy = staticmethod(resource_policies.authorize_by_policy)
    check_pass_role = staticmethod(identity.check_pass_role)
    check_source_identity = staticmethod(identity.check_source_identity)
    secret_for = staticmethod(identity.access_key)

    def root_credentials(self, account: str) -> Credentials:
        secret = self._root_keys.secret_access_key(account)
        return Credentials(account, secret, "", f"arn:aws:iam::{account}:root")

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
