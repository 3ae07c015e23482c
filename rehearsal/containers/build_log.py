"""The log of a build, worded as CodeBuild words it."""

from __future__ import annotations

import collections
import contextlib
import threading
from datetime import UTC, datetime
from typing import Any

import boto3

from rehearsal.containers.log_stream import LogStream
from rehearsal.framework.clients import aws_client

_KEPT_LINES = 50


class BuildLog:
    """Lines of one build: to CloudWatch Logs once `open` was called; the last ones are kept."""

    def __init__(self) -> None:
        self._stream: LogStream | None = None
        self._last: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._lock = threading.Lock()

    def open(self, session: boto3.Session, group: str, stream: str) -> None:
        """Makes the log stream with the service role.

        Raises botocore.exceptions.ClientError when the role may not: AWS then ends the build.
        """
        logs: Any = aws_client(session, "logs")
        exists = logs.exceptions.ResourceAlreadyExistsException
        try:
            with contextlib.suppress(exists):
                logs.create_log_stream(logGroupName=group, logStreamName=stream)
        except logs.exceptions.ResourceNotFoundException:
            with contextlib.suppress(exists):
                logs.create_log_group(logGroupName=group)
            with contextlib.suppress(exists):
                logs.create_log_stream(logGroupName=group, logStreamName=stream)
        self._stream = LogStream(session, group, stream)

    def container(self, text: str) -> None:
        """A line of CodeBuild itself."""
        stamp = datetime.now(UTC).strftime("%Y/%m/%d %H:%M:%S.%f")
        self._send(f"[Container] {stamp} {text}")

    def output(self, line: str) -> None:
        """A line of a command."""
        with self._lock:
            if line.strip():
                self._last.append(line)
        self._send(line)

    def forget_output(self) -> None:
        """The next `last_line` is one that comes after this call."""
        with self._lock:
            self._last.clear()

    @property
    def last_line(self) -> str:
        """The last line of output that is not empty; a line that speaks of an error wins."""
        with self._lock:
            lines = list(self._last)
        for line in reversed(lines[-5:]):
            if "error" in line.lower():
                return line.strip()
        return lines[-1].strip() if lines else ""

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _send(self, line: str) -> None:
        if self._stream is not None:
            self._stream.write(line)
