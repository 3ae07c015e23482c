"""Output lines of containers as events of CloudWatch Logs."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from types import TracebackType

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.aws_client import aws_client

_LOG = logging.getLogger(__name__)
_INTERVAL = 0.5
_MAX_EVENTS = 1_000  # the limit is 10,000
_MAX_BYTES = 750_000  # plus one event; the limit is 1,048,576 bytes, with 26 for each event
_EVENT_OVERHEAD = 26
_MAX_EVENT_BYTES = 250_000

Event = tuple[int, str]


class LogStream:
    """Sends lines to one stream of a log group, in order, from a separate thread.

    Creates the group and the stream with the role's session, as SageMaker does. If the role may not
    write logs, one warning is logged and the job continues, as in AWS.

    Args:
        session: a session of the role.
        group: the log group.
        stream: the log stream.
    """

    def __init__(self, session: boto3.Session, group: str, stream: str) -> None:
        self.group = group
        self.stream = stream
        self.error: str | None = None
        self._client = aws_client(session, "logs")
        self._lines: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"logs-{stream}")
        self._thread.start()

    def __enter__(self) -> LogStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, line: str) -> None:
        """Writes one line; empty lines are omitted, as CloudWatch Logs rejects them."""
        if line.strip():
            text = line.encode()[:_MAX_EVENT_BYTES].decode(errors="ignore")
            self._lines.put((int(time.time() * 1000), text))

    def close(self) -> None:
        """Sends the remaining lines and ends the thread."""
        self._lines.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._batch()
            if batch and self.error is None:
                try:
                    self._send(batch)
                except (ClientError, BotoCoreError) as error:
                    self.error = str(error)
                    _LOG.warning("No logs in %s, stream %s: %s", self.group, self.stream, error)

    def _batch(self) -> tuple[list[Event], bool]:
        """Waits for a line, then collects the lines of half a second."""
        batch: list[Event] = []
        size, deadline = 0, 0.0
        while len(batch) < _MAX_EVENTS and size < _MAX_BYTES:
            try:
                wait = max(0.0, deadline - time.monotonic()) if batch else None
                event = self._lines.get(timeout=wait)
            except queue.Empty:
                return batch, True
            if event is None:
                return batch, False
            if not batch:
                deadline = time.monotonic() + _INTERVAL
            batch.append(event)
            size += len(event[1].encode()) + _EVENT_OVERHEAD
        return batch, True

    def _send(self, batch: list[Event]) -> None:
        events = [{"timestamp": stamp, "message": message} for stamp, message in batch]
        try:
            self._put(events)
        except self._client.exceptions.ResourceNotFoundException:
            self._create()
            self._put(events)

    def _put(self, events: list[dict[str, object]]) -> None:
        self._client.put_log_events(
            logGroupName=self.group, logStreamName=self.stream, logEvents=events
        )

    def _create(self) -> None:
        exists = self._client.exceptions.ResourceAlreadyExistsException
        with contextlib.suppress(exists):
            self._client.create_log_group(logGroupName=self.group)
        with contextlib.suppress(exists):
            self._client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
