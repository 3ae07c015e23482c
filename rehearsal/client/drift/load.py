"""Load on an endpoint: requests one after another, in threads, until it is ended."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.client import predictions
from rehearsal.client.local_aws import LocalAws

DEFAULT_THREADS = 4
QUIET_PAUSE_SECONDS, BUSY_PAUSE_SECONDS = 0.5, 0.02


@dataclass(frozen=True)
class Outcome:
    """A request: when it ended, in seconds since the epoch, and its error, empty for none."""

    ended: float
    error: str


class Load:
    """Requests of one row each to an endpoint, while the block of the context manager runs.

    Args:
        aws: the account of the endpoint.
        endpoint: name of the endpoint.
        columns: names of the columns of the rows.
        rows: rows that are sent in turn.
        threads: number of threads. Defaults to 4.
        pause: seconds between two requests of a thread. Defaults to 0.5.
    """

    def __init__(
        self,
        aws: LocalAws,
        endpoint: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        threads: int = DEFAULT_THREADS,
        pause: float = QUIET_PAUSE_SECONDS,
    ) -> None:
        self._runtime = aws.client("sagemaker-runtime", attempts=1)
        self._endpoint = endpoint
        self._bodies = [predictions.write_csv(columns, [row]).encode() for row in rows]
        self._pause = pause
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._outcomes: list[Outcome] = []
        self._threads = [
            threading.Thread(target=self._send, args=(first,), daemon=True)
            for first in range(threads)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def hurry(self, pause: float = BUSY_PAUSE_SECONDS) -> None:
        """Sends more requests from now on.

        Args:
            pause: seconds between two requests of a thread. Defaults to 0.02.
        """
        self._pause = pause

    @property
    def outcomes(self) -> list[Outcome]:
        """The requests so far, in the order in which they ended."""
        with self._lock:
            return sorted(self._outcomes, key=lambda one: one.ended)

    @property
    def failed(self) -> dict[str, int]:
        """The number of failed requests by their error."""
        return dict(Counter(one.error for one in self.outcomes if one.error))

    def _send(self, first: int) -> None:
        step = len(self._threads)
        for body in itertools.cycle(self._bodies[first::step] or self._bodies):
            if self._over.wait(self._pause):
                return
            error = self._error_of(body)
            with self._lock:
                self._outcomes.append(Outcome(time.time(), error))

    def _error_of(self, body: bytes) -> str:
        try:
            response: Any = self._runtime.invoke_endpoint(
                EndpointName=self._endpoint, ContentType="text/csv", Accept="text/csv", Body=body
            )
            response["Body"].read()
        except ClientError as error:
            status = error.response.get("OriginalStatusCode", "")
            return f"{error.response['Error']['Code']} {status}".strip()
        except BotoCoreError as error:
            return type(error).__name__
        return ""
