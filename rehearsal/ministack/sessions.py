"""boto3 sessions whose clients call the gateway, cheap enough for one per role and job."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import boto3
import botocore.config
import botocore.loaders
import botocore.session
from botocore.httpsession import URLLib3Session

from rehearsal.framework.platform import Credentials
from rehearsal.framework.service_models import loader

# Services fetch theirs for each request. A session of a job or endpoint costs about a megabyte and
# some connections, so it lives as long as its owner and no longer.
_MAX_SESSIONS = 8
# InvokeEndpoint may take 60 s in AWS; nothing else takes longer.
_CONFIG = botocore.config.Config(
    read_timeout=90,
    connect_timeout=5,
    max_pool_connections=32,
    retries={"max_attempts": 2},
    proxies={},  # the gateway is on this machine
)


class Connections:
    """The connections to the gateway that the clients of all sessions share.

    A request needs a tenth of the time of the TLS handshake before it.
    """

    def __init__(self) -> None:
        self._shared: URLLib3Session | None = None
        self._lock = threading.Lock()

    def share(self, client: Any) -> None:
        """Lets a client use the connections; all clients must have the same configuration."""
        with self._lock:
            if self._shared is None:
                self._shared = client._endpoint.http_session
            client._endpoint.http_session = self._shared


class GatewaySession(boto3.Session):
    """A boto3 session whose clients call the gateway. Clients are created once and kept."""

    def __init__(
        self, endpoint_url: str, certificate: Path, connections: Connections, **session: Any
    ) -> None:
        super().__init__(**session)
        self._endpoint_url = endpoint_url
        self._certificate = str(certificate)
        self._connections = connections
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service_name: str, *args: Any, **options: Any) -> Any:
        """Returns a client of a service; the options are those of boto3."""
        region = options.get("region_name") or self.region_name
        plain = not args and not options.keys() - {"region_name"}
        with self._lock:  # the creation of clients is not thread-safe in boto3
            if plain and (service_name, region) in self._clients:
                return self._clients[service_name, region]
            options.setdefault("endpoint_url", self._endpoint_url)
            options.setdefault("verify", self._certificate)
            config = options.pop("config", None)
            options["config"] = _CONFIG.merge(config) if config else _CONFIG
            client = super().client(service_name, *args, **options)  # type: ignore[call-overload]
            if plain:
                self._connections.share(client)
                self._clients[service_name, region] = client
            return client


class SessionFactory:
    """Creates sessions, which share one loader of service models.

    A session is kept while it is in use, or among the last that were.
    """

    def __init__(self, endpoint_url: str, certificate: Path) -> None:
        self._endpoint_url = endpoint_url
        self._certificate = certificate
        self._connections = Connections()
        self._latest: OrderedDict[tuple[str, str], GatewaySession] = OrderedDict()
        self._in_use: WeakValueDictionary[tuple[str, str], GatewaySession] = WeakValueDictionary()
        self._lock = threading.Lock()

    def session(self, credentials: Credentials, region: str) -> boto3.Session:
        """Returns the session of credentials in a region."""
        key = (credentials.access_key_id, region)
        with self._lock:
            session = self._in_use.get(key)
            if session is None:
                session = self._in_use[key] = self._create(credentials, region)
            self._latest[key] = session
            self._latest.move_to_end(key)
            while len(self._latest) > _MAX_SESSIONS:
                self._latest.popitem(last=False)
            return session

    def _create(self, credentials: Credentials, region: str) -> GatewaySession:
        core = botocore.session.Session()
        core.register_component("data_loader", loader())
        # The environment of the server and the user's ~/.aws do not apply.
        core.set_config_variable("profile", None)
        return GatewaySession(
            self._endpoint_url,
            self._certificate,
            self._connections,
            botocore_session=core,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token or None,
            region_name=region,
        )
