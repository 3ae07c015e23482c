"""Jobs that a Lambda function does for a pipeline, and answers by PutJob...Result."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.services.codepipeline.records import new_id


@dataclass
class Job:
    """A job; `failure` is None once it has succeeded."""

    identifier: str = field(default_factory=new_id)
    answered: threading.Event = field(default_factory=threading.Event)
    failure: tuple[str, str] | None = None
    external_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


class Jobs:
    """All jobs that wait for their result, by id."""

    def __init__(self) -> None:
        self._open: dict[str, Job] = {}
        self._lock = threading.Lock()

    def begin(self) -> Job:
        job = Job()
        with self._lock:
            self._open[job.identifier] = job
        return job

    def forget(self, job: Job) -> None:
        with self._lock:
            self._open.pop(job.identifier, None)

    def succeed(self, identifier: str, *, variables: Mapping[str, str], external_id: str) -> bool:
        """Answers a job once; False when it is not open (any more)."""
        job = self._take(identifier)
        if job is not None:
            job.variables, job.external_id = dict(variables), external_id
            job.answered.set()
        return job is not None

    def fail(self, identifier: str, *, kind: str, message: str, external_id: str) -> bool:
        """Answers a job once; False when it is not open (any more)."""
        job = self._take(identifier)
        if job is not None:
            job.failure, job.external_id = (kind, message), external_id
            job.answered.set()
        return job is not None

    def _take(self, identifier: str) -> Job | None:
        with self._lock:
            return self._open.pop(identifier, None)
