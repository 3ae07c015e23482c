"""The variants that serve an endpoint configuration."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from rehearsal.services.sagemaker.hosting.data_capture import DataCapture
from rehearsal.services.sagemaker.hosting.replicas import Replicas


@dataclass(frozen=True)
class Hardware:
    """The hardware of a server: CPU cores, memory in MiB and a volume in GiB; 0 if unknown."""

    cpus: float = 0.0
    memory: int = 0
    volume: int = 0


@dataclass
class Variant:
    """A production or shadow variant. `weight` and `serverless` change while it serves.

    `replicas` and `session` (of the model's role) are None for a variant without a model, which
    hosts inference components.
    """

    name: str
    weight: float
    replicas: Replicas | None = None
    session: boto3.Session | None = None
    serverless: Mapping[str, Any] | None = None
    hardware: Hardware = Hardware()

    def stop(self) -> None:
        if self.replicas is not None:
            self.replicas.stop()

    def retire(self) -> None:
        """Ends the server after the requests in flight, when others have taken over."""
        if self.replicas is not None:
            self.replicas.retire()


class Traffic:
    """The requests to an endpoint or component, and those that go to what replaces it.

    A share is exact: of ten requests with a share of 0.3, three go to the new fleet. A rollout,
    which lasts seconds, would otherwise see too few or too many by chance.

    Args:
        clock: returns a monotonic time in seconds. Defaults to that of the system.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._share = self._due = 0.0
        self._new = 0
        self._latest: float | None = None

    @property
    def new(self) -> int:
        """Number of requests that went to a new fleet."""
        return self._new

    @property
    def share(self) -> float:
        """Share (0..1) of the requests that go to the new fleet."""
        return self._share

    def quiet(self, seconds: float) -> bool:
        """Returns True if there was no request for a time."""
        latest = self._latest
        return latest is None or self._clock() - latest >= seconds

    def shift(self, share: float) -> None:
        """Sends a share (0..1) of the requests to the new fleet."""
        with self._lock:
            self._share, self._due = share, 0.0

    def next_is_new(self) -> bool:
        """Counts a request; returns True if it goes to the new fleet."""
        with self._lock:
            self._latest = self._clock()
            self._due += self._share
            if self._due < 1.0 - 1e-9:
                return False
            self._due -= 1.0
            self._new += 1
            return True


@dataclass
class Component:
    """An inference component on a variant: its copies, and those that replace them."""

    name: str
    variant: str
    replicas: Replicas
    hardware: Hardware = Hardware()
    incoming: Replicas | None = None
    traffic: Traffic = field(default_factory=Traffic)

    def choose(self) -> Replicas:
        """Returns the copies that serve a request."""
        incoming, is_new = self.incoming, self.traffic.next_is_new()
        return incoming if incoming is not None and is_new else self.replicas

    def shift(self, incoming: Replicas | None, share: float) -> None:
        """Sends a share (0..1) of the requests to other copies."""
        self.incoming = incoming
        self.traffic.shift(share)

    def promote(self) -> Replicas:
        """Makes the incoming copies the only ones; returns those that they replace."""
        if self.incoming is None:
            raise ValueError(f"inference component {self.name} has no incoming copies")
        replaced, self.replicas = self.replicas, self.incoming
        self.shift(None, 0.0)
        return replaced

    def stop(self) -> None:
        for replicas in (self.replicas, self.incoming):
            if replicas is not None:
                replicas.stop()


@dataclass(frozen=True)
class Fleet:
    """The variants of one endpoint configuration, and its data capture."""

    config_name: str
    variants: tuple[Variant, ...]
    shadows: tuple[Variant, ...] = ()
    capture: DataCapture | None = None
    asynchronous: Mapping[str, Any] | None = None

    def stop(self) -> None:
        """Ends all servers."""
        self._end(Variant.stop)

    def retire(self) -> None:
        """Ends all servers after the requests in flight, when another fleet has taken over."""
        self._end(Variant.retire)

    def _end(self, end: Callable[[Variant], None]) -> None:
        """Ends all servers in parallel, as each may take seconds."""
        threads = [
            threading.Thread(target=end, args=(variant,))
            for variant in (*self.variants, *self.shadows)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.capture is not None:
            self.capture.close()

    @property
    def hosts_components(self) -> bool:
        return all(variant.replicas is None for variant in self.variants)

    def choose(self, target: str | None) -> Variant | None:
        """Returns the target of a request, or a variant drawn by weight; None without any."""
        if target is not None:
            return next((variant for variant in self.variants if variant.name == target), None)
        weights = [variant.weight for variant in self.variants]
        if not any(weights):
            return None
        return random.choices(self.variants, weights)[0]  # noqa: S311 - routing is no secret

    def mirrors(self, variant: Variant) -> list[Variant]:
        """Returns the shadow variants that receive a copy of a request of a production variant.

        Their share is the ratio of their weight to that of the production variant.
        """
        return [
            shadow
            for shadow in self.shadows
            if variant.weight and random.random() < shadow.weight / variant.weight  # noqa: S311
        ]
