"""CloudWatch metrics of endpoints, as SageMaker itself publishes them in AWS/SageMaker.

See "Amazon SageMaker AI endpoint invocation metrics" in the developer guide.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.platform import Scope

NAMESPACE = "AWS/SageMaker"
FLUSH_SECONDS = 2.0
"""How long data waits for more. AWS publishes once a minute."""
_BATCH = 500

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Served:
    """What served an invocation: a variant, or an inference component on it.

    `replicas` are the variant's instances or the component's copies.
    """

    scope: Scope
    endpoint: str
    variant: str
    component: str | None = None
    replicas: int = 1

    @property
    def variant_dimensions(self) -> dict[str, str]:
        return {"EndpointName": self.endpoint, "VariantName": self.variant}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an invocation went; `concurrent` requests were in work when it came, itself included."""

    status: int
    model_seconds: float
    overhead_seconds: float
    concurrent: int = 1


class EndpointMetrics:
    """Collects the metrics of invocations and puts them in batches.

    Args:
        session: Makes a session of SageMaker itself in an account.
    """

    def __init__(self, session: Callable[[Scope], boto3.Session]) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._data: dict[tuple[Scope, str], list[dict[str, Any]]] = {}
        self._clients: dict[Scope, Any] = {}
        self._timer: threading.Timer | None = None

    def invocation(self, served: Served, outcome: Outcome) -> None:
        """Counts an invocation that reached a variant. Latencies are published in microseconds."""
        client_error = 400 <= outcome.status < 500
        server_error = outcome.status >= 500
        values = {
            "Invocations": (1.0, "Count"),
            "Invocation4XXErrors": (float(client_error), "Count"),
            "Invocation5XXErrors": (float(server_error), "Count"),
            "InvocationModelErrors": (float(client_error or server_error), "Count"),
            "ModelLatency": (outcome.model_seconds * 1e6, "Microseconds"),
            "OverheadLatency": (outcome.overhead_seconds * 1e6, "Microseconds"),
        }
        share = 1.0 / max(served.replicas, 1)
        concurrency = (float(outcome.concurrent) * share, "Count")
        instances = {"InvocationsPerInstance": (share, "Count")}
        copies = {"InvocationsPerCopy": (share, "Count")}
        if served.component is None:
            instances["ConcurrentRequestsPerModel"] = concurrency
            self.put(served.scope, values | instances, served.variant_dimensions)
            return
        copies["ConcurrentRequestsPerCopy"] = concurrency
        self.put(served.scope, values, served.variant_dimensions)
        self.put(served.scope, values | copies, {"InferenceComponentName": served.component})

    def put(
        self,
        scope: Scope,
        values: Mapping[str, tuple[float, str]],
        dimensions: Mapping[str, str],
        namespace: str = NAMESPACE,
    ) -> None:
        """Adds a datum of each metric: its value and unit."""
        moment = datetime.datetime.now(datetime.UTC)
        named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        with self._lock:
            self._data.setdefault((scope, namespace), []).extend(
                {
                    "MetricName": name,
                    "Dimensions": named,
                    "Timestamp": moment,
                    "Value": value,
                    "Unit": unit,
                }
                for name, (value, unit) in values.items()
            )
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Puts what was collected."""
        with self._lock:
            data, self._data = self._data, {}
            self._timer = None
        for (scope, namespace), collected in data.items():
            try:
                client = self._client(scope)
                for start in range(0, len(collected), _BATCH):
                    batch = collected[start : start + _BATCH]
                    client.put_metric_data(Namespace=namespace, MetricData=batch)
            except (BotoCoreError, ClientError) as error:
                # Metrics must never fail an endpoint.
                _LOG.warning("metrics of endpoints: %s", error)

    def _client(self, scope: Scope) -> Any:
        if scope not in self._clients:
            self._clients[scope] = self._session(scope).client("cloudwatch")
        return self._clients[scope]

    def close(self) -> None:
        """Ends the timer; what has not been put is lost with the service that would show it."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
