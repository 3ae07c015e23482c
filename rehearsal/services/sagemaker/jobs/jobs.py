"""What the four kinds of jobs share: their records and threads, how they end and stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.services.sagemaker.data_plane import (
    ExecutionFailedError,
    JobRun,
    Progress,
    reason_of,
)
from rehearsal.services.sagemaker.hosting.endpoint_deployment import EndpointDeployments
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

MAXIMUM_REASON = 1024


@dataclass(frozen=True)
class JobKind:
    """A kind of job by the words of the API: `noun` as in CreateTrainingJob without the verb.

    `path` is the resource type in ARNs, `prefix` what the members of times start with
    (`TrainingStartTime`).
    """

    noun: str
    path: str
    prefix: str
    listing: Listing

    @property
    def name(self) -> str:
        return f"{self.noun}Name"

    @property
    def arn(self) -> str:
        return f"{self.noun}Arn"

    @property
    def status(self) -> str:
        return f"{self.noun}Status"

    @property
    def words(self) -> str:
        return self.path.replace("-", " ")


@dataclass
class RunningJob:
    """A job that has not ended. `stopped` is set by its Stop operation."""

    stop: threading.Event
    stopped: bool = False


Work = Callable[[JobRun], Mapping[str, Any]]


class Jobs(EndpointDeployments):
    """The base of ProcessingJobs, TrainingJobs, TuningJobs and TransformJobs."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.job_changes = threading.Condition()
        self._running: dict[str, RunningJob] = {}
        self.on_close(self._stop_all)

    def _create_job(
        self,
        kind: JobKind,
        record: Record,
        context: Context,
        *,
        role_arn: str,
        work: Work,
        passed: bool = True,
        resources: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Records a job and starts it; answers its ARN.

        Args:
            kind: The kind of job.
            record: The accepted request; completed here.
            context: The caller.
            role_arn: The role of the job.
            work: Runs the job and answers members of its Describe answer.
            passed: The caller hands over the role, so its iam:PassRole is checked.
            resources: See JobRun.
        """
        if passed:
            self.check_role(context, role_arn)
        request = {name: value for name, value in record.items() if name != "Tags"}
        self._record_job(kind, record, context)
        name = record[kind.name]
        self.workers.start(
            f"{kind.words} {name}",
            lambda: self._run_job(
                kind, record, context.scope, request, role_arn, work, resources or {}
            ),
        )
        return {kind.arn: record[kind.arn]}

    def _record_job(
        self,
        kind: JobKind,
        record: Record,
        context: Context,
        stop: threading.Event | None = None,
    ) -> None:
        """Adds a job that is about to run; `stop` is an event that others set as well."""
        name = record[kind.name]
        arn = context.scope.arn("sagemaker", f"{kind.path}/{name}")
        moment = now()
        with self.lock:
            if name in self.records.of(context.scope, kind.path):
                message = (
                    f"Job name must be unique within an AWS account and region, and a {kind.words} "
                    f"with this name already exists ({arn})."
                )
                raise AwsError("ResourceInUse", message)
            record |= {
                kind.arn: arn,
                kind.status: "InProgress",
                "CreationTime": moment,
                "LastModifiedTime": moment,
            }
            self.register(context, kind.path, name, record, record)
            record.pop("Tags", None)
            self._running[arn] = RunningJob(stop or threading.Event())
        self._emit_job(kind, context.scope, record)

    def _run_job(
        self,
        kind: JobKind,
        record: Record,
        scope: Scope,
        request: Mapping[str, Any],
        role_arn: str,
        work: Work,
        resources: Mapping[str, Any],
        watcher: Progress | None = None,
    ) -> None:
        """Runs a recorded job to its end on the present thread; `watcher` sees its progress."""

        def progress(changes: Mapping[str, Any]) -> None:
            self._change_job(kind, scope, record, changes)
            if watcher is not None:
                watcher(changes)

        running = self._running[record[kind.arn]]
        try:
            credentials = self.assume(role_arn, record[kind.arn])
            self.check_placement(role_arn, scope, request)
            run = JobRun(
                name=record[kind.name],
                scope=scope,
                request=request,
                session=self.platform.session(credentials, scope.region),
                environment=self.platform.environment(credentials, scope.region),
                progress=progress,
                stop=running.stop,
                resources=resources,
            )
            result = dict(work(run))
            status = "Stopped" if running.stop.is_set() else "Completed"
            result.setdefault(kind.status, status)
        except Exception as error:  # whatever it is, the job must end and say why
            if running.stop.is_set():
                result = {kind.status: "Stopped"}
            else:
                result = {
                    **(error.members if isinstance(error, ExecutionFailedError) else {}),
                    kind.status: "Failed",
                    "FailureReason": reason_of(error)[:MAXIMUM_REASON],
                }
        result.setdefault(f"{kind.prefix}EndTime", now())
        with self.lock:
            self._running.pop(record[kind.arn], None)
        self._change_job(kind, scope, record, result)

    def _change_job(
        self, kind: JobKind, scope: Scope, record: Record, changes: Mapping[str, Any]
    ) -> None:
        """Changes members of a job; a change of status is an event."""
        with self.lock:
            before = (record[kind.status], record.get("SecondaryStatus"))
            record.update(changes, LastModifiedTime=now())
            after = (record[kind.status], record.get("SecondaryStatus"))
        if before != after:
            self._emit_job(kind, scope, record)
        with self.job_changes:
            self.job_changes.notify_all()

    def _stop_job(self, kind: JobKind, scope: Scope, name: str) -> dict[str, Any]:
        """Asks a job to stop; one that has ended is left as it is."""
        record = self._find_job(kind, scope, name, f"Stop{kind.noun}")
        with self.lock:
            running = self._running.get(record[kind.arn])
        if running is not None:
            self._change_job(kind, scope, record, {kind.status: "Stopping"})
            running.stopped = True
            running.stop.set()
        return {}

    def _find_job(self, kind: JobKind, scope: Scope, name: str, operation: str) -> Record:
        return self.find(
            scope,
            kind.path,
            name,
            operation=operation,
            message=f"Could not find requested job with name: {name}",
        )

    def _describe_job(self, kind: JobKind, scope: Scope, name: str) -> dict[str, Any]:
        operation = f"Describe{kind.noun}"
        return self.describe(operation, self._find_job(kind, scope, name, operation))

    def _list_jobs(self, kind: JobKind, scope: Scope, request: Mapping[str, Any]) -> dict[str, Any]:
        with self.lock:
            return kind.listing.respond(self.records.of(scope, kind.path).values(), request)

    def _delete_job(self, kind: JobKind, scope: Scope, name: str) -> dict[str, Any]:
        """Removes a job that has ended."""
        record = self._find_job(kind, scope, name, f"Delete{kind.noun}")
        with self.lock:
            if record[kind.arn] in self._running:
                message = f"The {kind.words} {name} is {record[kind.status]}: stop it first."
                raise AwsError("ResourceInUse", message)
            self.records.of(scope, kind.path).pop(name, None)
        self.drop_tags(record[kind.arn])
        return {}

    def _emit_job(self, kind: JobKind, scope: Scope, record: Record) -> None:
        """The state change event of a job: everything that Describe would answer."""
        detail_type = f"SageMaker {_event_noun(kind)} State Change"
        with self.lock:
            detail = {k: v for k, v in record.items() if not k.startswith("_")}
            detail["Tags"] = self.backend.tags.of(record[kind.arn])
        self.emit(scope, detail_type, detail, record[kind.arn])

    def _stop_all(self) -> None:
        with self.lock:
            running = list(self._running.values())
        for job in running:
            job.stop.set()


def _event_noun(kind: JobKind) -> str:
    """`SageMaker HyperParameter Tuning Job State Change`: the word stays in one piece."""
    if kind.noun == "HyperParameterTuningJob":
        return "HyperParameter Tuning Job"
    return kind.words.title()
