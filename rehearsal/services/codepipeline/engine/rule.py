"""The run of a rule, and the providers of rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.framework.aws_client import aws_client
from rehearsal.framework.platform import Scope
from rehearsal.services.codepipeline.actions.action import ActionAbandonedError
from rehearsal.services.codepipeline.jobs import Jobs
from rehearsal.services.codepipeline.records import RuleExecution


class RuleFailedError(Exception):
    """The condition of a rule is not met."""


@dataclass(frozen=True, kw_only=True)
class RuleRun:
    """One evaluation of a rule.

    `session` is of its role, or of the pipeline's. `timeout` is in seconds.
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
        """Polls until `look` returns True or the time is over, and at least once.

        Args:
            seconds: the time.
            look: returns True to end the polling.
            every: the seconds between two polls. Defaults to 0.2.

        Returns:
            True if `look` returned True in time.

        Raises:
            ActionAbandonedError: the execution was abandoned meanwhile.
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
    """A provider of rules.

    Args:
        provider: the name of the provider.
        run: evaluates a rule; returns a summary or raises RuleFailedError.
        required: the required keys of the configuration.
        optional: the optional keys of the configuration. Defaults to none.
        may_skip: True for a rule of conditions with the result SKIP. Defaults to False.
        problems: returns one message per problem of a configuration beyond its keys. Defaults to no
            problems.
    """

    provider: str
    run: Callable[[RuleRun], str]
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    may_skip: bool = False
    problems: Callable[[Mapping[str, str]], list[str]] = lambda _: []
