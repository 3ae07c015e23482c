"""What a rule of a condition gets to do its check."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.framework.clients import aws_client
from rehearsal.framework.platform import Scope
from rehearsal.services.codepipeline.actions.action import ActionAbandonedError
from rehearsal.services.codepipeline.jobs import Jobs
from rehearsal.services.codepipeline.records import RuleExecution


class RuleFailedError(Exception):
    """The rule has looked, and what it asks for does not hold."""


@dataclass(frozen=True, kw_only=True)
class RuleRun:
    """One check of a rule; `session` has the credentials of its role, or of the pipeline's.

    `timeout` is in seconds.
    """

    session: boto3.Session
    scope: Scope
    configuration: Mapping[str, str]
    record: RuleExecution
    jobs: Jobs
    abandoned: threading.Event
    timeout: float

    def client(self, service: str) -> Any:
        return aws_client(self.session, service)

    def watch(self, seconds: float, look: Callable[[], bool], *, every: float = 0.2) -> bool:
        """Looks until there is something, or the time is over; at least once.

        Raises ActionAbandonedError when the execution is given up meanwhile.
        """
        deadline = time.monotonic() + seconds
        while True:
            if look():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self.abandoned.wait(min(every, left)):
                raise ActionAbandonedError


@dataclass(frozen=True, kw_only=True)
class RuleProvider:
    """A kind of rule: how it checks (its summary, or RuleFailedError), and what it demands.

    `problems` returns what is wrong with a configuration beyond its keys.
    """

    provider: str
    run: Callable[[RuleRun], str]
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    may_skip: bool = False
    problems: Callable[[Mapping[str, str]], list[str]] = lambda _: []
