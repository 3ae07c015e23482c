"""The instances of a variant, or the copies of an inference component.

One process serves for all instances or copies. Their number decides, as on AWS, how many
asynchronous requests run at a time and the metrics per instance. The process ends when the last
instance or copy is removed, and the next one starts it again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.data_plane import ModelServer

DRAIN_SECONDS = 10.0
"""Seconds that requests in flight have when the last instance is removed."""

RETIREMENT_SECONDS = 60.0
"""Seconds that requests in flight have when others take over: the longest response of a model."""


class RetiredError(Exception):
    """Others have taken over: the request must be routed again."""


class Replicas:
    """A number of instances or copies.

    Args:
        start: starts the model server; raises ExecutionFailedError if it does not start.
    """

    def __init__(self, start: Callable[[], ModelServer]) -> None:
        self._start = start
        self._changed = threading.Condition()
        self._scaling = threading.Lock()
        self._server: ModelServer | None = None
        self._count = 0
        self._in_flight = 0
        self._retired = False

    @property
    def count(self) -> int:
        return self._count

    @property
    def in_flight(self) -> int:
        """The number of requests in flight."""
        return self._in_flight

    @property
    def server(self) -> ModelServer | None:
        """The server; None without instances."""
        return self._server

    def scale(self, count: int) -> None:
        """Sets the number.

        Raises:
            ExecutionFailedError: the server did not start.
        """
        with self._scaling:
            if count and self._server is None:
                server = self._start()
                with self._changed:
                    self._server = server
            with self._changed:
                self._count = count
                ended = None if count else self._server
                if not count:
                    self._server = None
                    self._changed.wait_for(lambda: not self._in_flight, DRAIN_SECONDS)
            if ended is not None:
                ended.stop()

    def stop(self) -> None:
        """Ends the server at once."""
        with self._changed:
            ended, self._server, self._count = self._server, None, 0
        if ended is not None:
            ended.stop()

    def retire(self, seconds: float = RETIREMENT_SECONDS) -> None:
        """Ends the server after the requests in flight, when others have taken over.

        Args:
            seconds: time that these requests have. Defaults to 60 seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._in_flight, seconds)
            self._retired = True
        self.stop()

    @contextmanager
    def in_use(self, limit: int | None = None) -> Iterator[tuple[ModelServer | None, int]]:
        """Yields the server for a request, None without instances, and its concurrent requests.

        Args:
            limit: the maximum of concurrent requests. Defaults to None: no limit.

        Raises:
            AwsError: ThrottlingException, if the limit is reached.
            RetiredError: others have taken over after the request was routed.
        """
        with self._changed:
            if self._retired:
                raise RetiredError
            if limit is not None and self._in_flight >= limit:
                raise AwsError("ThrottlingException", "Rate exceeded")
            self._in_flight += 1
            server, concurrent = self._server, self._in_flight
        try:
            yield server, concurrent
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()
