"""The composition of ministack, the services of the rehearsal and the gateway between them."""

import asyncio
import importlib
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from rehearsal.cloudformation.resource_types import ResourceType
from rehearsal.framework.gateway import Gateway
from rehearsal.framework.proxy_settings import UserProxy
from rehearsal.framework.raw_routes import RawRoutes, Routed
from rehearsal.framework.root_keys import RootKeys
from rehearsal.framework.service import Service
from rehearsal.ministack.install import application, install
from rehearsal.ministack.ministack import Ministack
from rehearsal.ministack.registry_passwords import key_of_password
from rehearsal.server.certificate import Certificate
from rehearsal.server.connect_proxy import ConnectProxy
from rehearsal.server.connections import end_with_clients
from rehearsal.server.state_keeper import StateKeeper
from rehearsal.services.ecr.registry_endpoint import RegistryEndpoint

# Resource types of ministack's services that it has an API for, but no type.
_FURTHER_TYPES = (
    "rehearsal.services.ec2.resource_types",
    "rehearsal.services.iam.resource_types",
)
_log = logging.getLogger("rehearsal.server")
# An operation may block on others, which need a thread each; idle threads cost next to nothing.
_WORKERS = 256
_CLOSE_SECONDS = 2.0


class ControlPlane:
    """The AWS of the rehearsal.

    The `RESOURCE_TYPES` of a service's module are registered in CloudFormation.

    Args:
        services: the dotted class paths of the services, such as
            `rehearsal.services.codebuild:CodeBuild`.
        endpoint_url: the URL of the gateway.
        certificate: the certificate of the gateway.
        state_directory: the directory for data that does not fit in memory.
        root_keys: the keys of the roots of accounts.
        user_proxy: the proxy for hosts outside of AWS.
    """

    def __init__(
        self,
        services: Sequence[str],
        *,
        endpoint_url: str,
        certificate: Certificate,
        state_directory: Path,
        root_keys: RootKeys,
        user_proxy: UserProxy,
    ) -> None:
        self._certificate = certificate
        self._user_proxy = user_proxy
        self.platform = Ministack(
            endpoint_url=endpoint_url,
            certificate=certificate.certificate,
            ca_bundle=certificate.ca_bundle,
            state_directory=state_directory,
            root_keys=root_keys,
        )
        self._executor = ThreadPoolExecutor(_WORKERS, thread_name_prefix="service")
        classes = [_load(path) for path in services]
        self._services = [make(self.platform) for make in classes]
        peers = {service.name: service for service in self._services}
        for service in self._services:
            service.peers = peers
        gateway = Gateway(self._services, authorizer=self.platform, executor=self._executor)
        runtime = install(self.platform, gateway, _resource_types(services, classes))
        self._state = StateKeeper(
            state_directory, self._services, runtime.resource_handlers, self.platform
        )
        self._state.restore()
        registries = RegistryEndpoint(self.platform, key_of_password)
        routed: list[Routed] = [*self._services, registries]
        routes = RawRoutes(application(), routed, self._executor)
        self._application = self._state.watched(routes)

    async def serve(
        self,
        listener: socket.socket,
        proxy_listener: socket.socket,
        stop: asyncio.Event,
        *,
        ready: Callable[[], None],
    ) -> None:
        """Serves until `stop` is set; calls `ready` once the server accepts requests.

        Args:
            listener: the socket of the gateway.
            proxy_listener: the socket of the proxy that leads AWS's host names to the gateway.
            stop: ends the server.
            ready: called once the server accepts requests.
        """
        config = _GatewayConfig(self._certificate)
        config.bind = [f"fd://{listener.fileno()}"]
        config.certfile = str(self._certificate.certificate)
        config.keyfile = str(self._certificate.key)
        config.keep_alive_timeout = 75
        config.graceful_timeout = 0.5
        config.loglevel = "WARNING"
        config.accesslog = None
        end_with_clients()
        serving = asyncio.create_task(
            hypercorn_serve(self._application, config, shutdown_trigger=stop.wait)
        )
        stopped = asyncio.create_task(stop.wait())
        proxy = ConnectProxy(listener.getsockname()[1], self._user_proxy)
        try:
            await self._start(listener, serving)
            await proxy.start(proxy_listener)
            if not stop.is_set():
                ready()
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
        finally:
            await proxy.close()
            await self._close()

    async def _start(self, listener: socket.socket, serving: asyncio.Task[None]) -> None:
        await _wait_until_accepting(listener.getsockname()[1], serving)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._state.resume)
        for service in self._services:
            await loop.run_in_executor(self._executor, service.start)
        self._state.start()

    async def _close(self) -> None:
        """Closes all services at once; one that is late is killed with the process.

        The state is that of the last moment in which they ran.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._state.close)
        closing = [loop.run_in_executor(self._executor, s.close) for s in self._services]
        done, late = await asyncio.wait(closing, timeout=_CLOSE_SECONDS)
        for task in done:
            if task.exception():
                _log.error("A service did not close", exc_info=task.exception())
        if late:
            _log.error("%d services did not close in %s s", len(late), _CLOSE_SECONDS)
        self._executor.shutdown(wait=False, cancel_futures=True)


class _GatewayConfig(Config):
    """The configuration of the HTTP server, which presents a certificate for each host of AWS."""

    def __init__(self, certificate: Certificate) -> None:
        super().__init__()
        self._certificate = certificate

    def create_ssl_context(self) -> ssl.SSLContext | None:
        context = super().create_ssl_context()
        if context is not None:
            self._certificate.serve_aws_hosts(context)
        return context


async def _wait_until_accepting(port: int, serving: asyncio.Task[None]) -> None:
    """Waits until the server accepts TLS connections, or has failed."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE  # the port belongs to this process
    while True:
        if serving.done():
            serving.result()
            raise RuntimeError("The server ended before it accepted connections")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        await writer.wait_closed()
        return


def _load(path: str) -> type[Service]:
    module_name, _, class_name = path.partition(":")
    made = getattr(importlib.import_module(module_name), class_name)
    if not (isinstance(made, type) and issubclass(made, Service)):
        raise TypeError(f"{path} is not a Service")
    return made


def _resource_types(paths: Sequence[str], classes: Sequence[type[Service]]) -> list[ResourceType]:
    """Returns the RESOURCE_TYPES of the modules of the services, each type once."""
    names = [path.partition(":")[0] for path in paths] + [made.__module__ for made in classes]
    names += _FURTHER_TYPES
    resource_types = (
        one
        for name in names
        for one in getattr(importlib.import_module(name), "RESOURCE_TYPES", ())
    )
    return list({one.type_name: one for one in resource_types}.values())
