"""Callback steps that wait for the call which ends them."""

import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN_CHARACTERS = string.ascii_letters + string.digits
_TOKEN_LENGTH = 10


@dataclass
class Callback:
    """A callback step that waits.

    Args:
        token: the token of its message.
        execution_arn: the execution.
        step: the step.
    """

    token: str
    execution_arn: str
    step: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None
    request_token: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def end(
        self, request_token: str, outputs: Mapping[str, Any], failure: str | None = None
    ) -> None:
        """Ends the step.

        Args:
            request_token: the ClientRequestToken of the call.
            outputs: the output parameters.
            failure: the reason of its failure. Defaults to None: it succeeded.
        """
        self.request_token, self.outputs, self.failure = request_token, outputs, failure
        self.ended.set()


class Callbacks:
    """The callback steps of all executions, by token."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: dict[str, Callback] = {}
        self.closed = threading.Event()

    def add(self, execution_arn: str, step: Mapping[str, Any]) -> Callback:
        """Returns a new callback with a token."""
        token = "".join(secrets.choice(_TOKEN_CHARACTERS) for _ in range(_TOKEN_LENGTH))
        callback = Callback(token, execution_arn, step)
        with self._lock:
            self._callbacks[token] = callback
        return callback

    def find(self, token: str) -> Callback | None:
        with self._lock:
            return self._callbacks.get(token)

    def forget(self, execution_arns: set[str]) -> None:
        """Removes the callbacks of executions that were deleted."""
        with self._lock:
            self._callbacks = {
                token: callback
                for token, callback in self._callbacks.items()
                if callback.execution_arn not in execution_arns
            }

    def close(self) -> None:
        """Ends the wait of every step, when the server ends."""
        self.closed.set()
