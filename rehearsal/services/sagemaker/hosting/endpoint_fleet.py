"""The variants that serve an endpoint configuration."""

from __future__ import annotations

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
    """What a server may use: CPU cores, memory in MiB and a volume in GiB; 0 where unknown."""

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
        """The copies for a request."""
        incoming = self.incoming
        if incoming is not None and random.random() < self.incoming_share:  # noqa: S311
            return incoming
        return self.replicas

    def shift(self, incoming: Replicas | None, share: float) -> None:
        """Sends a share (0..1) of the requests to other copies."""
        self.incoming_share = share
        self.incoming = incoming

    def promote(self) -> Replicas:
        """Makes the incoming copies the only ones; answers those that they replace."""
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
    """The variants of one endpoint configuration, and what is done with their answers."""

    config_name: str
    variants: tuple[Variant, ...]
    shadows: tuple[Variant, ...] = ()
    capture: DataCapture | None = None
    asynchronous: Mapping[str, Any] | None = None

    def stop(self) -> None:
        """Ends all servers, side by side: each may take seconds."""
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
        """The variant for a request: the target, or one drawn by weight; None without any."""
        if target is not None:
            return next((variant for variant in self.variants if variant.name == target), None)
        weights = [variant.weight for variant in self.variants]
        if not any(weights):
            return None
        return random.choices(self.variants, weights)[0]  # noqa: S311 - routing is no secret

    def mirrors(self, variant: Variant) -> list[Variant]:
        """The shadow variants that get a copy of this request of a production variant.

        Their share is the ratio of their weight to that of the production variant.
        """
        return [
            shadow
            for shadow in self.shadows
            if variant.weight and random.random() < shadow.weight / variant.weight  # noqa: S311
        ]
