"""The endpoints that serve: the control plane deploys them, the runtime routes requests to them."""

import threading
import weakref
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rehearsal.framework.clock import clock_of
from rehearsal.framework.identity import service_session
from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.services.sagemaker.hosting.async_queue import AsyncQueue
from rehearsal.services.sagemaker.hosting.endpoint_fleet import (
    Component,
    Fleet,
    Traffic,
    Variant,
)
from rehearsal.services.sagemaker.hosting.endpoint_metrics import EndpointMetrics


@dataclass
class LiveEndpoint:
    """An endpoint that serves: its fleet, the one that replaces it, and the traffic of both.

    `queue` holds the requests of an asynchronous endpoint, `components` what its variants host,
    `adapters` the base component of each adapter.
    """

    name: str
    scope: Scope
    fleet: Fleet
    incoming: Fleet | None = None
    traffic: Traffic = field(default_factory=Traffic)
    queue: AsyncQueue | None = None
    components: dict[str, Component] = field(default_factory=dict)
    adapters: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shift(self, incoming: Fleet | None, share: float) -> None:
        """Sends a share (0..1) of the requests to another fleet."""
        with self._lock:
            self.incoming = incoming
            self.traffic.shift(share)

    def promote(self) -> Fleet:
        """Makes the incoming fleet the only one; returns the one that it replaces."""
        with self._lock:
            if self.incoming is None:
                raise ValueError(f"endpoint {self.name} has no incoming fleet")
            replaced, self.fleet = self.fleet, self.incoming
            self.incoming = None
            self.traffic.shift(0.0)
            return replaced

    def route(self, target: str | None) -> tuple[Fleet, Variant]:
        """Returns the fleet and variant of the next request."""
        with self._lock:
            fleet, is_new = self.fleet, self.traffic.next_is_new()
            if self.incoming is not None and is_new:
                fleet = self.incoming
        variant = fleet.choose(target)
        if variant is None:
            names = ", ".join(known.name for known in fleet.variants)
            message = (
                f"Variant {target or '(any)'} is not found for endpoint {self.name}; "
                f"variants with traffic: {names}."
            )
            raise AwsError("ValidationError", message)
        return fleet, variant

    def stop(self) -> None:
        """Ends the queue and every server."""
        if self.queue is not None:
            self.queue.close()
        for component in list(self.components.values()):
            component.stop()
        self.fleet.stop()
        if self.incoming is not None:
            self.incoming.stop()


class EndpointRegistry:
    """The endpoints that serve, by account, region and name, and their metrics."""

    def __init__(self, metrics: EndpointMetrics) -> None:
        self.metrics = metrics
        self._lock = threading.Lock()
        self._endpoints: dict[tuple[Scope, str], LiveEndpoint] = {}

    def get(self, scope: Scope, name: str) -> LiveEndpoint | None:
        with self._lock:
            return self._endpoints.get((scope, name))

    def add(self, endpoint: LiveEndpoint) -> None:
        with self._lock:
            self._endpoints[endpoint.scope, endpoint.name] = endpoint

    def remove(self, scope: Scope, name: str) -> LiveEndpoint | None:
        with self._lock:
            return self._endpoints.pop((scope, name), None)

    def live(self) -> list[LiveEndpoint]:
        """Returns all endpoints that serve."""
        with self._lock:
            return list(self._endpoints.values())

    def close(self) -> None:
        """Stops every server."""
        with self._lock:
            endpoints, self._endpoints = list(self._endpoints.values()), {}
        # In parallel: each server may take seconds to end.
        threads = [threading.Thread(target=endpoint.stop) for endpoint in endpoints]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.metrics.close()


# SageMaker and its runtime are two services that share the registry of their platform.
_registries: weakref.WeakValueDictionary[Path, EndpointRegistry] = weakref.WeakValueDictionary()
_registries_lock = threading.Lock()


def registry_of(platform: Platform) -> EndpointRegistry:
    """Returns the registry of a platform."""
    key = platform.state_directory.absolute()
    with _registries_lock:
        registry = _registries.get(key)
        if registry is None:
            registry = _registries[key] = EndpointRegistry(
                EndpointMetrics(partial(service_session, platform), clock_of(platform))
            )
        return registry
