"""The queue of an asynchronous endpoint: requests wait until an instance is free, or there is one.

See "Asynchronous inference" and "Monitor asynchronous endpoint" in the SageMaker developer guide.
"""

from __future__ import annotations

import collections
import datetime
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.hosting.endpoint_metrics import EndpointMetrics

DEFAULT_CONCURRENCY = 4
"""Requests of an instance at a time when MaxConcurrentInvocationsPerInstance is left to AWS."""

PUBLISH_SECONDS = 10.0
"""How often the backlog is published. AWS publishes once a minute."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AsyncRequest:
    """A request of InvokeEndpointAsync, and where its answer goes (None: nowhere)."""

    inference_id: str
    input_location: str | None
    body: bytes | None
    content_type: str | None
    accept: str | None
    custom_attributes: str | None
    output_location: str | None
    failure_location: str | None
    seconds_to_live: int
    timeout: int
    received: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    queued: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since it was received."""
        return time.monotonic() - self.queued


class AsyncQueue:
    """Hands requests to `process`, on a thread each, as many at a time as instances take.

    Args:
        endpoint: Name of the endpoint, for metrics.
        scope: Where it is.
        instances: How many instances there are now.
        concurrency: How many requests an instance takes at a time.
        process: Answers a request; must not raise.
        metrics: Where the backlog is published.
    """

    def __init__(
        self,
        endpoint: str,
        scope: Scope,
        *,
        instances: Callable[[], int],
        concurrency: Callable[[], int],
        process: Callable[[AsyncRequest], None],
        metrics: EndpointMetrics,
    ) -> None:
        self._endpoint = endpoint
        self._scope = scope
        self._instances = instances
        self._concurrency = concurrency
        self._process = process
        self._metrics = metrics
        self._lock = threading.Lock()
        self._waiting: collections.deque[AsyncRequest] = collections.deque()
        self._working = 0
        self._closed = threading.Event()
        threading.Thread(target=self._publish_always, daemon=True, name="backlog").start()

    def put(self, request: AsyncRequest) -> None:
        with self._lock:
            self._waiting.append(request)
        self.wake()
        self.publish()

    def wake(self) -> None:
        """Starts waiting requests as far as the instances that there are now allow."""
        with self._lock:
            capacity = self._instances() * self._concurrency()
            while self._waiting and self._working < capacity and not self._closed.is_set():
                self._working += 1
                request = self._waiting.popleft()
                threading.Thread(
                    target=self._work, args=(request,), daemon=True, name="asynchronous inference"
                ).start()

    def _work(self, request: AsyncRequest) -> None:
        try:
            self._process(request)
        except Exception:  # a lost request must not take the place of the next one
            _LOG.exception("asynchronous inference %s", request.inference_id)
        finally:
            with self._lock:
                self._working -= 1
            self.wake()
            self.publish()

    def publish(self) -> None:
        """Publishes the backlog: requests that wait or are in work."""
        with self._lock:
            backlog = len(self._waiting) + self._working
            oldest = self._waiting[0].age if self._waiting else 0.0
        instances = self._instances()
        values = {
            "ApproximateBacklogSize": (float(backlog), "Count"),
            "ApproximateAgeOfOldestRequest": (oldest, "Seconds"),
            "HasBacklogWithoutCapacity": (float(backlog > 0 and not instances), "Count"),
            # "A new request is queued until there are more than the target": so it counts at zero.
            "ApproximateBacklogSizePerInstance": (backlog / max(instances, 1), "Count"),
        }
        self._metrics.put(self._scope, values, {"EndpointName": self._endpoint})

    def _publish_always(self) -> None:
        while not self._closed.wait(PUBLISH_SECONDS):
            self.publish()

    def close(self) -> None:
        """Drops what waits, as AWS does with the queue of a deleted endpoint."""
        self._closed.set()
        with self._lock:
            self._waiting.clear()
