"""CloudWatch metrics of endpoints, as SageMaker itself publishes them in AWS/SageMaker.

See "Amazon SageMaker AI endpoint invocation metrics" in the developer guide.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.platform import Scope

NAMESPACE = "AWS/SageMaker"
FLUSH_SECONDS = 2.0
"""How long data waits for more. AWS publishes once a minute."""
_BATCH = 500

_LOG = logging.getLogger(__name__)


class EndpointMetrics:
    """Collects the metrics of invocations and puts them in batches.

    Args:
        session: Makes a session of SageMaker itself in an account.
    """

    def __init__(self, session: Callable[[Scope], boto3.Session]) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._data: dict[Scope, list[dict[str, Any]]] = {}
        self._clients: dict[Scope, Any] = {}
        self._timer: threading.Timer | None = None

    def invocation(
        self,
        scope: Scope,
        endpoint: str,
        variant: str,
        *,
        status: int,
        model_seconds: float,
        overhead_seconds: float,
    ) -> None:
        """Counts an invocation that reached a variant. Latencies are published in microseconds."""
        client_error, server_error = 400 <= status < 500, status >= 500
        values = {
            "Invocations": (1.0, "Count"),
            "InvocationsPerInstance": (1.0, "Count"),
            "Invocation4XXErrors": (float(client_error), "Count"),
            "Invocation5XXErrors": (float(server_error), "Count"),
            "InvocationModelErrors": (float(client_error or server_error), "Count"),
            "ModelLatency": (model_seconds * 1e6, "Microseconds"),
            "OverheadLatency": (overhead_seconds * 1e6, "Microseconds"),
        }
        dimensions = [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ]
        self._add(scope, values, dimensions)

    def _add(
        self,
        scope: Scope,
        values: Mapping[str, tuple[float, str]],
        dimensions: list[dict[str, str]],
    ) -> None:
        moment = datetime.datetime.now(datetime.UTC)
        with self._lock:
            self._data.setdefault(scope, []).extend(
                {
                    "MetricName": name,
                    "Dimensions": dimensions,
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
        for scope, collected in data.items():
            try:
                client = self._client(scope)
                for start in range(0, len(collected), _BATCH):
                    batch = collected[start : start + _BATCH]
                    client.put_metric_data(Namespace=NAMESPACE, MetricData=batch)
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
