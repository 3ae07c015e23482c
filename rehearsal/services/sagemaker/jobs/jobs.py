"""Jobs of every kind: their records and threads, and how they end and stop."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import INTERRUPTED, Operation, Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import (
    ExecutionFailedError,
    JobRun,
    Members,
    Progress,
    reason_of,
)
from rehearsal.services.sagemaker.encryption_keys import check_job_volumes
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.stored_resource import Kind, bind_operations

Work = Callable[[JobRun], Members]
"""Runs a job and returns members of its Describe response."""


@dataclass(frozen=True, kw_only=True)
class JobKind(Kind):
    """A kind of job in the words of SageMaker's API.

    Args:
        prefix: the beginning of the members for times, such as `Training` of TrainingStartTime.
        event: the kind in the detail type of its events. Defaults to the words of its path.
        deletable: True if it has a Delete operation.
        missing_code: the error code for a missing job. Defaults to the one that the API documents.
    """

    prefix: str
    event: str = ""
    deletable: bool = True
    missing: str = "Could not find requested job with name: {name}"
    missing_code: str = ""
    existing: str = (
        "Job name must be unique within an AWS account and region, and a {words} with this name "
        "already exists ({arn})."
    )
    existing_code: str = "ResourceInUse"

    @property
    def status(self) -> str:
        return f"{self.noun}Status"

    @property
    def detail_type(self) -> str:
        return f"SageMaker {self.event or self.path.replace('-', ' ').title()} State Change"


class JobObserver(Protocol):
    """A part that follows jobs."""

    def check(self, kind: JobKind, request: Request, context: Context) -> None:
        """Raises an AwsError if a job must not be created."""

    def added(self, kind: JobKind, scope: Scope, record: Record) -> None:
        """Takes a new job."""

    def changed(self, kind: JobKind, scope: Scope, record: Record, changes: Members) -> None:
        """Takes a job and the members that have changed."""


class Jobs:
    """Jobs of every kind.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._changes = threading.Condition()
        self._running: dict[str, threading.Event] = {}
        self._kinds: list[JobKind] = []
        self._observers: list[JobObserver] = []
        backend.on_close(self._stop_all)

    def observe(self, observer: JobObserver) -> None:
        """Registers a part that follows jobs."""
        self._observers.append(observer)

    def create(
        self,
        kind: JobKind,
        record: Record,
        context: Context,
        *,
        role_arn: str,
        work: Work,
        passed: bool = True,
    ) -> Response:
        """Adds a job, starts it and returns the response with its ARN.

        Args:
            kind: the kind of job.
            record: the accepted request, which is completed.
            context: the caller.
            role_arn: the role of the job.
            work: runs the job.
            passed: True if the caller passes the role, so that its iam:PassRole is checked.
        """
        if passed:
            self._backend.identity.check_role(context, role_arn)
        check_job_volumes(self._backend.identity, context, record, role_arn)
        request = {name: value for name, value in record.items() if name != "Tags"}
        self.add(kind, record, context)
        self._backend.workers.start(
            f"{kind.path.replace('-', ' ')} {record[kind.name_member]}",
            lambda: self.run(kind, record, context.scope, request, role_arn, work),
        )
        return {kind.arn_member: record[kind.arn_member]}

    def add(
        self, kind: JobKind, record: Record, context: Context, stop: threading.Event | None = None
    ) -> None:
        """Adds a job that is about to run.

        Args:
            kind: the kind of job.
            record: the accepted request, which is completed.
            context: the caller.
            stop: an event that stops the job when it is set. Defaults to a new one.
        """
        backend, name = self._backend, record[kind.name_member]
        for observer in self._observers:
            observer.check(kind, record, context)
        arn = kind.arn_of(context.scope, name)
        moment = now()
        with backend.lock:
            if name in backend.records.of(context.scope, kind.path):
                message = kind.message(kind.existing, context.scope, name)
                raise AwsError(kind.existing_code, message)
            record |= {
                kind.arn_member: arn,
                kind.status: "InProgress",
                "CreationTime": moment,
                "LastModifiedTime": moment,
            }
            backend.register(context, kind.path, name, record, record)
            record.pop("Tags", None)
            self._running[arn] = stop or threading.Event()
            for observer in self._observers:
                observer.added(kind, context.scope, record)
        self._emit(kind, context.scope, record)

    def run(
        self,
        kind: JobKind,
        record: Record,
        scope: Scope,
        request: Request,
        role_arn: str,
        work: Work,
        watcher: Progress | None = None,
    ) -> None:
        """Runs a job that was added, to its end, on the present thread.

        Args:
            kind: the kind of job.
            record: the record of the job.
            scope: account and region.
            request: the request that the job runs.
            role_arn: the role of the job.
            work: runs the job.
            watcher: takes its progress, too. Defaults to none.
        """

        def progress(changes: Members) -> None:
            self._change(kind, scope, record, changes)
            if watcher is not None:
                watcher(changes)

        backend, arn = self._backend, record[kind.arn_member]
        stop = self._running[arn]
        result: dict[str, Any]
        try:
            credentials = backend.identity.assume(role_arn, arn)
            backend.check_placement(role_arn, scope, request)
            run = JobRun(
                name=record[kind.name_member],
                scope=scope,
                request=request,
                session=backend.platform.session(credentials, scope.region),
                environment=backend.platform.environment(credentials, scope.region),
                progress=progress,
                stop=stop,
            )
            result = dict(work(run))
            result.setdefault(kind.status, "Stopped" if stop.is_set() else "Completed")
        except Exception as error:  # any failure must end the job, with its reason
            if stop.is_set():
                result = {kind.status: "Stopped"}
            else:
                members = error.members if isinstance(error, ExecutionFailedError) else {}
                failed = {kind.status: "Failed", "FailureReason": reason_of(error)}
                result = {**members, **failed}
        result.setdefault(f"{kind.prefix}EndTime", now())
        with backend.lock:
            self._running.pop(arn, None)
        self._change(kind, scope, record, result)

    def stop(self, kind: JobKind, scope: Scope, name: str) -> None:
        """Stops a job, unless it has ended."""
        record = self.find(kind, scope, name, f"Stop{kind.noun}")
        with self._backend.lock:
            running = record[kind.arn_member] in self._running
        if running:
            self._change(kind, scope, record, {kind.status: "Stopping"})
            self.cancel(record[kind.arn_member])

    def cancel(self, arn: str) -> None:
        """Sets the stop event of a job, unless it has ended."""
        with self._backend.lock:
            stop = self._running.get(arn)
        if stop is not None:
            stop.set()

    def delete(self, kind: JobKind, scope: Scope, name: str) -> None:
        """Removes a job.

        Raises:
            AwsError: ResourceInUse, if the job has not ended.
        """
        record = self.find(kind, scope, name, f"Delete{kind.noun}")
        arn = record[kind.arn_member]
        with self._backend.lock:
            if arn in self._running:
                words = kind.path.replace("-", " ")
                message = f"The {words} {name} is {record[kind.status]}: stop it first."
                raise AwsError("ResourceInUse", message)
            self._backend.remove(scope, kind.path, name, arn)

    def find(self, kind: JobKind, scope: Scope, name: str, operation: str) -> Record:
        """Returns the record of a job.

        Raises:
            AwsError: there is no such job.
        """
        message = kind.message(kind.missing, scope, name)
        try:
            return self._backend.find(scope, kind.path, name, operation=operation, message=message)
        except AwsError as error:
            if not kind.missing_code:
                raise
            raise AwsError(kind.missing_code, error.message) from None

    def register(self, kind: JobKind) -> None:
        """Adds a kind of jobs, whose interrupted ones `resume` ends."""
        self._kinds.append(kind)

    def resume(self) -> list[str]:
        """Ends the jobs that the end of the server has interrupted; returns them."""
        found = []
        for kind in self._kinds:
            for scope, record in self._backend.records.everywhere(kind.path):
                if record[kind.status] not in ("InProgress", "Stopping"):
                    continue
                stopped = record[kind.status] == "Stopping"
                status = "Stopped" if stopped else "Failed"
                changes = {kind.status: status, f"{kind.prefix}EndTime": now()}
                if not stopped:
                    changes["FailureReason"] = f"InternalServerError: {INTERRUPTED}"
                if "SecondaryStatus" in record:
                    changes["SecondaryStatus"] = status
                self._change(kind, scope, record, changes)
                words = kind.path.replace("-", " ")
                found.append(f"{words} {record[kind.name_member]}: {status}")
        return found

    def wait_for_change(self, seconds: float) -> None:
        """Blocks until a job changes, for at most a number of seconds."""
        with self._changes:
            self._changes.wait(seconds)

    def wake(self) -> None:
        """Ends every `wait_for_change`."""
        with self._changes:
            self._changes.notify_all()

    def _change(self, kind: JobKind, scope: Scope, record: Record, changes: Members) -> None:
        """Changes members of a job; a change of status is an event."""
        with self._backend.lock:
            before = (record[kind.status], record.get("SecondaryStatus"))
            record.update(changes, LastModifiedTime=now())
            after = (record[kind.status], record.get("SecondaryStatus"))
            # A client that sees the new status sees what follows from it, too.
            for observer in self._observers:
                observer.changed(kind, scope, record, changes)
        if before != after:
            self._emit(kind, scope, record)
        self.wake()

    def _emit(self, kind: JobKind, scope: Scope, record: Record) -> None:
        """Emits the state change event of a job, with all members of its record."""
        arn = record[kind.arn_member]
        with self._backend.lock:
            detail = {**record, "Tags": self._backend.tags.of(arn)}
        self._backend.emit(scope, kind.detail_type, detail, arn)

    def _stop_all(self) -> None:
        with self._backend.lock:
            events = list(self._running.values())
        for stop in events:
            stop.set()


class JobOperations:
    """Describe, List, Stop and, where the kind has it, Delete of one kind of jobs.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker.
        kind: the kind of job.
    """

    def __init__(self, backend: Backend, jobs: Jobs, kind: JobKind) -> None:
        self.backend = backend
        self.jobs = jobs
        self.kind = kind
        jobs.register(kind)
        operations: dict[str, Operation] = {
            f"Describe{kind.noun}": self.describe,
            kind.listing.operation: self.list_all,
            f"Stop{kind.noun}": self.stop,
        }
        if kind.deletable:
            operations[f"Delete{kind.noun}"] = self.delete
        bind_operations(self, operations)

    def describe(self, request: Request, context: Context) -> Response:
        operation = f"Describe{self.kind.noun}"
        name = request[self.kind.name_member]
        record = self.jobs.find(self.kind, context.scope, name, operation)
        return self.backend.describe(operation, record)

    def list_all(self, request: Request, context: Context) -> Response:
        self.backend.accept(self.kind.listing.operation, request)
        with self.backend.lock:
            records = self.backend.records.of(context.scope, self.kind.path).values()
            return self.kind.listing.respond(records, request)

    def stop(self, request: Request, context: Context) -> Response:
        self.jobs.stop(self.kind, context.scope, request[self.kind.name_member])
        return {}

    def delete(self, request: Request, context: Context) -> Response:
        self.jobs.delete(self.kind, context.scope, request[self.kind.name_member])
        return {}
