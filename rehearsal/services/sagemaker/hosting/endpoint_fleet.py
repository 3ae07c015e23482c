"""The variants that serve an endpoint configuration."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass
class Component:
    """An inference component on a variant: its copies, and those that replace them."""

    name: str
    variant: str
    replicas: Replicas
    hardware: Hardware = Hardware()
    incoming: Replicas | None = None
    incoming_share: float = 0.0

    def choose(self) -> Replicas:
        """Returns the copies that serve a request."""
        incoming = self.incoming
        if incoming is not None and random.random() < self.incoming_share:  # noqa: S311
            return incoming
        return self.replicas

    def shift(self, incoming: Replicas | None, share: float) -> None:
        """Sends a share (0..1) of the requests to other copies."""
        self.incoming_share = share
        self.incoming = incoming

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
        """Ends all servers in parallel, as each may take seconds."""
        threads = [
            threading.Thread(target=variant.stop) for variant in (*self.variants, *self.shadows)
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
