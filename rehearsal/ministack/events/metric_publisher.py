"""Metrics that services publish about themselves, sent to the service that serves CloudWatch."""

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.identity import service_session
from rehearsal.framework.platform import Platform, Scope

_log = logging.getLogger("rehearsal.metrics")


class MetricPublisher:
    """Publishes metrics one after the other on a thread, so that no caller waits.

    Args:
        platform: the AWS around the services.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._waiting: queue.SimpleQueue[tuple[Scope, str, dict[str, Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._publish, name="metrics", daemon=True).start()

    def put(
        self,
        scope: Scope,
        namespace: str,
        name: str,
        value: float,
        *,
        unit: str = "Count",
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        """Queues a value; returns at once."""
        named = [{"Name": key, "Value": text} for key, text in (dimensions or {}).items()]
        datum = {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": named}
        self._waiting.put((scope, namespace, datum))

    def _publish(self) -> None:
        while True:
            scope, namespace, datum = self._waiting.get()
            try:
                client = service_session(self._platform, scope).client("cloudwatch")
                client.put_metric_data(Namespace=namespace, MetricData=[datum])
            except Exception as error:  # a metric that is lost must not end those that follow
                _log.error("Metric %s of %s was not published: %s", datum, namespace, error)
