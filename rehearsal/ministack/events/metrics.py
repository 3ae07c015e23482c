"""Metrics that services publish about themselves, to whoever serves CloudWatch here."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch

from rehearsal.framework.platform import Credentials, Platform, Scope
from rehearsal.ministack.scope import current_scope

_log = logging.getLogger("rehearsal.metrics")


class Publisher:
    """Publishes one after the other, so that no caller waits, as one on the server's loop."""

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
        """Publishes a value soon."""
        named = [{"Name": key, "Value": text} for key, text in (dimensions or {}).items()]
        datum = {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": named}
        self._waiting.put((scope, namespace, datum))

    def _publish(self) -> None:
        while True:
            scope, namespace, datum = self._waiting.get()
            root = f"arn:aws:iam::{scope.account}:root"
            credentials = Credentials(scope.account, scope.account, "", root)
            try:
                client = self._platform.session(credentials, scope.region).client("cloudwatch")
                client.put_metric_data(Namespace=namespace, MetricData=[datum])
            except Exception as error:  # a metric that is lost must not end those that follow
                _log.error("Metric %s of %s was not published: %s", datum, namespace, error)


def install(publisher: Publisher) -> None:
    """Lets ministack's services (Lambda) publish through the publisher."""

    def record_metric(
        namespace: str,
        metric_name: str,
        value: float,
        unit: str = "None",
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        publisher.put(
            current_scope(), namespace, metric_name, value, unit=unit, dimensions=dimensions
        )

    cloudwatch.record_metric = record_metric
