"""Metrics of CPU, memory and disk that the servers of endpoints use.

See "SageMaker AI jobs and endpoint metrics" in the developer guide: the CPU of each core counts
100. Memory and disk are shares of the instance type and VolumeSizeInGB; without these there is no
such metric. Of an inference component they are shares of what it reserved; of
a serverless variant there is memory alone ("Monitor a serverless endpoint").
"""

import datetime
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data_plane import ModelServer
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Hardware
from rehearsal.services.sagemaker.hosting.endpoint_metrics import ComponentLoad, EndpointMetrics
from rehearsal.services.sagemaker.hosting.endpoint_registry import EndpointRegistry, LiveEndpoint
from rehearsal.services.sagemaker.hosting.replicas import Replicas

ENDPOINTS = "/aws/sagemaker/Endpoints"
COMPONENTS = "/aws/sagemaker/InferenceComponents"
PUBLISH_SECONDS = 10.0
_MEBIBYTE, _GIBIBYTE = 2**20, 2**30


@dataclass(frozen=True)
class _Subject:
    """A server whose utilization is measured, and its hardware."""

    scope: Scope
    replicas: Replicas
    hardware: Hardware
    namespace: str
    dimensions: dict[str, str]
    suffix: str = ""
    only: frozenset[str] | None = None


class Utilization:
    """Measures the servers of endpoints; CPU from the second measurement of a server on."""

    def __init__(self, metrics: EndpointMetrics) -> None:
        self._metrics = metrics
        self._seen: dict[ModelServer, tuple[float, float]] = {}
        self._measured: dict[Replicas, datetime.datetime] = {}

    def measure(self, endpoints: list[LiveEndpoint]) -> None:
        """Publishes the use of the servers of endpoints since the previous measurement."""
        seen: dict[ModelServer, tuple[float, float]] = {}
        for live in endpoints:
            for subject in _subjects(live):
                server = subject.replicas.server
                if server is not None:
                    seen[server] = self._publish(subject, server)
        self._seen = seen
        self._measured = self._publish_concurrency(endpoints)

    def _publish_concurrency(
        self, endpoints: list[LiveEndpoint]
    ) -> dict[Replicas, datetime.datetime]:
        """Publishes the concurrency of components with copies; returns the time of each."""
        found = {}
        for live in endpoints:
            for component in list(live.components.values()):
                replicas = component.replicas
                if replicas.server is None:
                    continue
                load = ComponentLoad(
                    scope=live.scope,
                    name=component.name,
                    requests=replicas.in_flight,
                    copies=replicas.count,
                )
                self._metrics.concurrency(load, self._measured.get(replicas))
                found[replicas] = self._metrics.now()
        return found

    def run(self, registry: EndpointRegistry, closing: threading.Event) -> None:
        """Measures the endpoints that serve until the service ends."""
        while not closing.wait(PUBLISH_SECONDS):
            self.measure(registry.live())

    def _publish(self, subject: _Subject, server: ModelServer) -> tuple[float, float]:
        used, now = server.usage(), time.monotonic()
        before = self._seen.get(server)
        hardware, values = subject.hardware, {}
        if before is not None and now > before[0]:
            cores = (used.cpu_seconds - before[1]) / (now - before[0])
            share = cores / hardware.cpus if subject.suffix and hardware.cpus else cores
            values["CPUUtilization"] = max(share, 0.0) * 100
        if hardware.memory:
            values["MemoryUtilization"] = used.memory / (hardware.memory * _MEBIBYTE) * 100
        if hardware.volume and not subject.suffix:
            values["DiskUtilization"] = used.disk / (hardware.volume * _GIBIBYTE) * 100
        named = {
            f"{name}{subject.suffix}": (value, "Percent")
            for name, value in values.items()
            if subject.only is None or name in subject.only
        }
        self._metrics.put(subject.scope, named, subject.dimensions, subject.namespace)
        return now, used.cpu_seconds


def _subjects(live: LiveEndpoint) -> Iterator[_Subject]:
    for variant in (*live.fleet.variants, *live.fleet.shadows):
        if variant.replicas is None:
            continue
        serverless = variant.serverless
        hardware = variant.hardware
        if serverless is not None:
            hardware = Hardware(memory=serverless["MemorySizeInMB"])
        yield _Subject(
            live.scope,
            variant.replicas,
            hardware,
            ENDPOINTS,
            {"EndpointName": live.name, "VariantName": variant.name},
            only=None if serverless is None else frozenset({"MemoryUtilization"}),
        )
    for component in list(live.components.values()):
        yield _Subject(
            live.scope,
            component.replicas,
            component.hardware,
            COMPONENTS,
            {"InferenceComponentName": component.name},
            "Normalized",
        )
