"""Keeps the state of all services in the state directory, and restores it at the next start."""

import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.framework.persistence import KeptState, StateError
from rehearsal.framework.platform import Platform
from rehearsal.framework.root_keys import PRIVATE_DIRECTORY
from rehearsal.framework.service import Service
from rehearsal.ministack import persistence

FILE_NAME = f"{PRIVATE_DIRECTORY}/services.state"
REPORT_NAME = "restored.json"
INTERVAL_SECONDS = 2.0
"""A crash loses at most the changes of this time, and of 20 times the time that writing takes."""
PAUSES_PER_WRITE = 20
"""Writing a large state occupies at most a twentieth of one core."""

Application = Callable[[Any, Any, Any], Awaitable[None]]
_LOG = logging.getLogger("rehearsal.state")


def pause_after(seconds: float) -> float:
    """Returns the seconds until the next write, after one that took CPU seconds."""
    return max(INTERVAL_SECONDS, PAUSES_PER_WRITE * seconds)


class StateKeeper:
    """Writes the state of the services while they change.

    Args:
        directory: the state directory.
        services: the services of the rehearsal.
        handlers: the handlers of their resource types, by the name of the type.
        platform: the AWS around the services.
    """

    def __init__(
        self,
        directory: Path,
        services: Sequence[Service],
        handlers: Mapping[str, object],
        platform: Platform,
    ) -> None:
        self._file = directory / FILE_NAME
        self._report = directory / REPORT_NAME
        self._services = services
        roots: dict[str, object] = {service.name: service for service in services}
        roots |= {f"type {name}": handler for name, handler in handlers.items()}
        self._kept = KeptState(roots, platform, persistence.further())
        self._files = persistence.StateFiles()
        self._problems: list[str] = []
        self._restored_from: float | None = None
        self._requests = 0
        self._written = (b"", -1)
        self._closing = threading.Event()
        self._saving = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)

    def restore(self) -> None:
        """Restores the state of an earlier server; ministack loads its own.

        Raises:
            StateError: another version of the rehearsal wrote it.
        """
        if self._file.exists():
            self._restored_from = self._file.stat().st_mtime
            self._kept.load(self._file)

    def resume(self) -> None:
        """Brings what ran at the end of the earlier server into a state that is true."""
        self._report.unlink(missing_ok=True)
        if self._restored_from is None:
            return
        interrupted = persistence.end_interrupted()
        for service in self._services:
            interrupted += service.resume()
        for line in interrupted:
            _LOG.warning("Interrupted: %s", line)
        report = {"state_of": self._restored_from, "interrupted": interrupted}
        self._report.write_text(json.dumps(report, indent=2) + "\n")

    def watched(self, application: Application) -> Application:
        """Returns the application; each of its requests may change the state."""

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            try:
                await application(scope, receive, send)
            finally:
                self._requests += 1

        return serve

    def start(self) -> None:
        """Starts to write the state while it changes."""
        self._thread.start()

    def close(self) -> None:
        """Writes the state for the last time."""
        self._closing.set()
        self._save()

    def _run(self) -> None:
        pause = INTERVAL_SECONDS
        while not self._closing.wait(pause):
            # Work without a request from outside sends requests to the gateway, too.
            if self._requests != self._written[1]:
                began = time.thread_time()  # waiting for other threads costs nothing
                self._save()
                pause = pause_after(time.thread_time() - began)

    def _report_problems(self, problems: list[str]) -> None:
        for problem in problems:
            if problem not in self._problems:
                _LOG.error("The state of a service was not written: %s", problem)
        self._problems = problems

    def _save(self) -> None:
        with self._saving:
            requests, began = self._requests, time.monotonic()
            try:
                self._report_problems(self._files.save())
                self._written = (self._kept.save(self._file, self._written[0]), requests)
            except (StateError, OSError) as error:
                _LOG.error("The state was not written: %s", error)
            else:
                _LOG.debug("The state was written in %.2f s", time.monotonic() - began)
