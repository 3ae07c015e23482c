"""What executions wait for: approvals of people, and results of functions."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from rehearsal.services.codepipeline.jobs import Jobs
from rehearsal.services.codepipeline.records import new_id


@dataclass
class Decision:
    """A question that waits for its answer; `status` is Approved or Rejected once it is there."""

    token: str = field(default_factory=new_id)
    answered: threading.Event = field(default_factory=threading.Event)
    status: str = ""
    summary: str = ""
    decided_by: str = ""


class Decisions:
    """All open questions, by token, and the jobs of functions."""

    def __init__(self) -> None:
        self.jobs = Jobs()
        self._open: dict[str, Decision] = {}
        self._lock = threading.Lock()

    def ask(self) -> Decision:
        decision = Decision()
        with self._lock:
            self._open[decision.token] = decision
        return decision

    def withdraw(self, decision: Decision) -> None:
        with self._lock:
            self._open.pop(decision.token, None)

    def answer(self, token: str, *, status: str, summary: str, decided_by: str) -> bool:
        """Answers a question once; False when it is not open (any more)."""
        with self._lock:
            decision = self._open.pop(token, None)
        if decision is None:
            return False
        decision.status, decision.summary, decision.decided_by = status, summary, decided_by
        decision.answered.set()
        return True
