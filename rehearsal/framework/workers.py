"""Background threads of a service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Workers:
    """Starts named threads and waits for them when the service ends.

    `closing` is set when the service ends; a thread that blocks must wait for it, too.
    """

    def __init__(self) -> None:
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Runs `work` on a separate thread."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive()]
            self._threads.append(thread)
            thread.start()

    def close(self, timeout: float) -> None:
        """Signals all threads to end, and waits for at most `timeout` seconds in total."""
        self.closing.set()
        deadline = time.monotonic() + timeout
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
