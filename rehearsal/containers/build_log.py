"""Build logs in the format of CodeBuild."""

import collections
import contextlib
import threading
from datetime import UTC, datetime
from typing import Any

import boto3

from rehearsal.containers.log_stream import LogStream
from rehearsal.framework.aws_client import aws_client

_MAX_KEPT_LINES = 50


class BuildLog:
    """The log of one build, sent to CloudWatch Logs after `open`; the last lines are kept."""

    def __init__(self) -> None:
        self._stream: LogStream | None = None
        self._last: collections.deque[str] = collections.deque(maxlen=_MAX_KEPT_LINES)
        self._lock = threading.Lock()

    def open(self, session: boto3.Session, group: str, stream: str) -> None:
        """Creates the log stream with the service role.

        Raises:
            botocore.exceptions.ClientError: the role may not create it; the build then fails.
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
        """Writes a line of CodeBuild itself."""
        stamp = datetime.now(UTC).strftime("%Y/%m/%d %H:%M:%S.%f")
        self._send(f"[Container] {stamp} {text}")

    def output(self, line: str) -> None:
        """Writes a line of a command."""
        with self._lock:
            if line.strip():
                self._last.append(line)
        self._send(line)

    def forget_output(self) -> None:
        """Discards the kept output, so that `last_line` is one after this call."""
        with self._lock:
            self._last.clear()

    @property
    def last_line(self) -> str:
        """The last line of output that is not empty, or a recent one with the word error."""
        with self._lock:
            lines = list(self._last)
        for line in reversed(lines[-5:]):
            if "error" in line.lower():
                return line.strip()
        return lines[-1].strip() if lines else ""

    def close(self) -> None:
        """Sends the remaining lines."""
        if self._stream is not None:
            self._stream.close()

    def _send(self, line: str) -> None:
        if self._stream is not None:
            self._stream.write(line)
