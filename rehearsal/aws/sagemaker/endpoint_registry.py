"""The endpoints that are up: what the control plane deploys and the runtime routes requests to."""

from __future__ import annotations

import random
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.aws.platform import AwsError, Platform, Scope
from rehearsal.aws.sagemaker.data_capture import DataCapture
from rehearsal.aws.sagemaker.data_plane import ModelServer


@dataclass
class Variant:
    """A production variant with its running server. `weight` changes while the endpoint serves."""

    name: str
    server: ModelServer
    weight: float


@dataclass(frozen=True)
class Fleet:
    """The variants of one endpoint configuration, and its data capture."""

    config_name: str
    variants: tuple[Variant, ...]
    capture: DataCapture | None = None

    def stop(self) -> None:
        for variant in self.variants:
            variant.server.stop()
        if self.capture is not None:
            self.capture.close()

    def choose(self, target: str | None) -> Variant | None:
        """The variant for a request: the target, or one drawn by weight; None without any."""
        if target is not None:
            return next((variant for variant in self.variants if variant.name == target), None)
        weights = [variant.weight for variant in self.variants]
        if not any(weights):
            return None
        return random.choices(self.variants, weights)[0]  # noqa: S311 - routing is no secret


@dataclass
class LiveEndpoint:
    """An endpoint that serves: its fleet, and the share of traffic of the one that replaces it."""

    name: str
    scope: Scope
    fleet: Fleet
    incoming: Fleet | None = None
    incoming_share: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shift(self, incoming: Fleet | None, share: float) -> None:
        """Sends a share (0..1) of the requests to another fleet."""
        with self._lock:
            self.incoming, self.incoming_share = incoming, share

    def promote(self) -> Fleet:
        """Makes the incoming fleet the only one; answers the one that it replaces."""
        with self._lock:
            if self.incoming is None:
                raise ValueError(f"endpoint {self.name} has no incoming fleet")
            replaced, self.fleet = self.fleet, self.incoming
            self.incoming, self.incoming_share = None, 0.0
            return replaced

    def route(self, target: str | None) -> tuple[Fleet, Variant]:
        """The fleet and variant that serve the next request."""
        with self._lock:
            fleet = self.fleet
            if self.incoming is not None and random.random() < self.incoming_share:  # noqa: S311
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
        self.fleet.stop()
        if self.incoming is not None:
            self.incoming.stop()


class EndpointRegistry:
    """Running endpoints by account, region and name."""

    def __init__(self) -> None:
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

    def close(self) -> None:
        """Stops every server."""
        with self._lock:
            endpoints, self._endpoints = list(self._endpoints.values()), {}
        # Side by side: each server may take seconds to end.
        threads = [threading.Thread(target=endpoint.stop) for endpoint in endpoints]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


# SageMaker and its runtime are two services of one platform: they find each other here.
_registries: weakref.WeakValueDictionary[Path, EndpointRegistry] = weakref.WeakValueDictionary()
_registries_lock = threading.Lock()


def registry_of(platform: Platform) -> EndpointRegistry:
    """The one registry of a platform."""
    key = platform.state_directory.absolute()
    with _registries_lock:
        registry = _registries.get(key)
        if registry is None:
            registry = _registries[key] = EndpointRegistry()
        return registry
