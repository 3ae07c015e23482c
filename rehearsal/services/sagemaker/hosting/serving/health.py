"""Health checks of the containers of an endpoint, which restart what fails.

SageMaker sends periodic GET requests to `/ping` after a container has started, and a response
within two seconds is healthy ("How Your Container Should Respond to Health Check (Ping) Requests"
in the developer guide). It does not document the number of failures that lead to a restart.
"""

from __future__ import annotations

import logging
import threading
import time

from rehearsal.containers.isolation import IsolationUnavailableError
from rehearsal.services.sagemaker.hosting.serving.model_container import ModelContainer

PING_SECONDS = 5.0
"""Seconds between two health checks."""

UNHEALTHY_SECONDS = 30.0
"""Seconds without a healthy response after which a container without requests is restarted."""

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
"""The pause before a restart doubles until this, for containers that keep ending."""

SETTLED_SECONDS = 60.0
"""Seconds after which the pause before a restart is the first one again."""

_POLL_SECONDS = 0.1

_LOG = logging.getLogger(__name__)


class HealthChecks:
    """Checks a container until the endpoint is stopped.

    Args:
        endpoint: the name of the endpoint, for the log.
        container: a container that has passed its first health check.
        startup_seconds: seconds until a restarted container must pass one.
        stopping: set when the container must not be restarted any more.
    """

    def __init__(
        self,
        endpoint: str,
        container: ModelContainer,
        startup_seconds: float,
        stopping: threading.Event,
    ) -> None:
        self._endpoint = endpoint
        self._container = container
        self._startup_seconds = startup_seconds
        self._stopping = stopping
        self._restarts = 0
        self._restarted_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self._deadline = time.monotonic() + UNHEALTHY_SECONDS
        self._interval = PING_SECONDS

    def run(self) -> None:
        """Checks the container, and restarts it as often as it ends."""
        while not self._stopping.is_set():
            code = self._container.wait(0)
            if code is not None:
                self._restart(f"ended with exit code {code}{self._container.killed}")
            elif self._container.ping():
                self._deadline = time.monotonic() + UNHEALTHY_SECONDS
                self._interval = PING_SECONDS
            elif time.monotonic() >= self._deadline and not self._container.busy:
                self._restart("does not respond to /ping")
            self._wait_for_end()

    def _wait_for_end(self) -> None:
        """Waits until the next check is due or the container ends."""
        due = time.monotonic() + self._interval
        while time.monotonic() < due and not self._stopping.wait(_POLL_SECONDS):
            if not self._container.running:
                return

    def _restart(self, reason: str) -> None:
        self._restarts += 1
        if time.monotonic() - self._restarted_at > SETTLED_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        _LOG.warning(
            "endpoint %s: container %s %s; restart %d",
            self._endpoint,
            self._container.label,
            reason,
            self._restarts,
        )
        if self._stopping.wait(self._pause):
            return
        self._pause = min(2 * self._pause, MAX_PAUSE_SECONDS)
        try:
            self._container.restart()
        except (OSError, IsolationUnavailableError) as error:
            _LOG.warning("endpoint %s: the restart failed: %s", self._endpoint, error)
        self._restarted_at = time.monotonic()
        self._deadline = self._restarted_at + self._startup_seconds
        self._interval = _POLL_SECONDS
