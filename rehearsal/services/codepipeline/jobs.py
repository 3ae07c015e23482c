"""Jobs that a Lambda function does for a pipeline and completes by PutJob...Result."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.services.codepipeline.records import new_id


@dataclass
class Job:
    """A job; `failure` is None once it has succeeded."""

    identifier: str = field(default_factory=new_id)
    completed: threading.Event = field(default_factory=threading.Event)
    failure: tuple[str, str] | None = None
    external_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


class Jobs:
    """The jobs in progress, by id."""

    def __init__(self) -> None:
        self._open: dict[str, Job] = {}
        self._lock = threading.Lock()

    def begin(self) -> Job:
        """Creates a job."""
        job = Job()
        with self._lock:
            self._open[job.identifier] = job
        return job

    def forget(self, job: Job) -> None:
        """Removes a job, whose result no longer matters."""
        with self._lock:
            self._open.pop(job.identifier, None)

    def succeed(self, identifier: str, *, variables: Mapping[str, str], external_id: str) -> bool:
        """Completes a job; returns False for a job that is not in progress."""
        job = self._take(identifier)
        if job is not None:
            job.variables, job.external_id = dict(variables), external_id
            job.completed.set()
        return job is not None

    def fail(self, identifier: str, *, kind: str, message: str, external_id: str) -> bool:
        """Completes a job; returns False for a job that is not in progress."""
        job = self._take(identifier)
        if job is not None:
            job.failure, job.external_id = (kind, message), external_id
            job.completed.set()
        return job is not None

    def _take(self, identifier: str) -> Job | None:
        with self._lock:
            return self._open.pop(identifier, None)
