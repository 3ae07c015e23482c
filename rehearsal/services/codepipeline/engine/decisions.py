"""The approvals and jobs for which executions wait."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from rehearsal.services.codepipeline.jobs import Jobs
from rehearsal.services.codepipeline.records import new_id


@dataclass
class Decision:
    """A pending approval; `status` is Approved or Rejected once it is decided."""

    token: str = field(default_factory=new_id)
    decided: threading.Event = field(default_factory=threading.Event)
    status: str = ""
    summary: str = ""
    decided_by: str = ""


class Decisions:
    """The pending approvals, by token, and the jobs of functions."""

    def __init__(self) -> None:
        self.jobs = Jobs()
        self._open: dict[str, Decision] = {}
        self._lock = threading.Lock()

    def ask(self) -> Decision:
        """Creates a pending approval."""
        decision = Decision()
        with self._lock:
            self._open[decision.token] = decision
        return decision

    def withdraw(self, decision: Decision) -> None:
        """Removes a pending approval."""
        with self._lock:
            self._open.pop(decision.token, None)

    def decide(self, token: str, *, status: str, summary: str, decided_by: str) -> bool:
        """Decides an approval; returns False for one that is not pending."""
        with self._lock:
            decision = self._open.pop(token, None)
        if decision is None:
            return False
        decision.status, decision.summary, decision.decided_by = status, summary, decided_by
        decision.decided.set()
        return True
