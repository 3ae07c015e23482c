"""The queue of an asynchronous endpoint, in which requests wait for a free instance.

See "Asynchronous inference" and "Monitor asynchronous endpoint" in the SageMaker developer guide.
"""

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
"""Concurrent requests of an instance without MaxConcurrentInvocationsPerInstance."""

PUBLISH_SECONDS = 10.0
"""Seconds between two publications of the backlog. AWS publishes once a minute."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AsyncRequest:
    """A request of InvokeEndpointAsync, and the places of its output; None for none."""

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
        """The seconds since it was received."""
        return time.monotonic() - self.queued


class AsyncQueue:
    """Passes requests to `process`, each on a thread, as many at a time as instances take.

    Args:
        endpoint: the name of the endpoint, for metrics.
        scope: account and region.
        instances: returns the present number of instances.
        concurrency: returns the number of concurrent requests of an instance.
        process: processes a request; must not raise.
        metrics: publishes the backlog.
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
        """Adds a request."""
        with self._lock:
            self._waiting.append(request)
        self.wake()
        self.publish()

    def wake(self) -> None:
        """Starts waiting requests as far as the present instances allow."""
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
        except Exception:  # a failed request must not block the next one
            _LOG.exception("asynchronous inference %s", request.inference_id)
        finally:
            with self._lock:
                self._working -= 1
            self.wake()
            self.publish()

    def publish(self) -> None:
        """Publishes the backlog: requests that wait or are processed."""
        with self._lock:
            backlog = len(self._waiting) + self._working
            oldest = self._waiting[0].age if self._waiting else 0.0
        instances = self._instances()
        values = {
            "ApproximateBacklogSize": (float(backlog), "Count"),
            "ApproximateAgeOfOldestRequest": (oldest, "Seconds"),
            "HasBacklogWithoutCapacity": (float(backlog > 0 and not instances), "Count"),
            # A new request must count at zero instances, too, so that scaling starts.
            "ApproximateBacklogSizePerInstance": (backlog / max(instances, 1), "Count"),
        }
        self._metrics.put(self._scope, values, {"EndpointName": self._endpoint})

    def _publish_always(self) -> None:
        while not self._closed.wait(PUBLISH_SECONDS):
            self.publish()

    def close(self) -> None:
        """Drops the waiting requests, as AWS does for a deleted endpoint."""
        self._closed.set()
        with self._lock:
            self._waiting.clear()
