"""CloudWatch metrics that SageMaker itself publishes, in batches as AWS does once a minute."""

import datetime
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.clock import Clock, utc_now
from rehearsal.framework.platform import Scope

FLUSH_SECONDS = 2.0
"""Seconds that data waits for more. AWS publishes once a minute."""
_MAX_BATCH = 500

_LOG = logging.getLogger(__name__)

Sessions = Callable[[Scope], boto3.Session]


class MetricBatches:
    """Collects metrics and publishes them in batches.

    Args:
        session: returns a session of SageMaker itself in an account.
        clock: the present time. Defaults to the system's clock.
    """

    def __init__(self, session: Sessions, clock: Clock = utc_now) -> None:
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()
        self._publishing = threading.Lock()
        self._data: dict[tuple[Scope, str], list[dict[str, Any]]] = {}
        self._clients: dict[Scope, Any] = {}
        self._timer: threading.Timer | None = None

    def put(
        self,
        scope: Scope,
        values: Mapping[str, tuple[float, str]],
        dimensions: Mapping[str, str],
        namespace: str,
        moment: datetime.datetime | None = None,
    ) -> None:
        """Adds a datum of each metric: its value and unit; without a moment it is of now."""
        moment = moment or self._clock()
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
        """Publishes the collected data; returns when all data until now is published."""
        with self._publishing:
            with self._lock:
                data, self._data = self._data, {}
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
            for (scope, namespace), collected in data.items():
                self._publish(scope, namespace, collected)

    def _publish(self, scope: Scope, namespace: str, data: list[dict[str, Any]]) -> None:
        try:
            client = self._client(scope)
            for start in range(0, len(data), _MAX_BATCH):
                batch = data[start : start + _MAX_BATCH]
                client.put_metric_data(Namespace=namespace, MetricData=batch)
        except (BotoCoreError, ClientError) as error:
            # A failed publication must not fail the operation.
            _LOG.warning("metrics of %s: %s", namespace, error)

    def _client(self, scope: Scope) -> Any:
        if scope not in self._clients:
            self._clients[scope] = self._session(scope).client("cloudwatch")
        return self._clients[scope]

    def close(self) -> None:
        """Ends the timer and drops unpublished data."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
