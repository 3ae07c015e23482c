"""Job runs of EMR Serverless."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import INTERRUPTED, Request, Response
from rehearsal.framework.store import Store
from rehearsal.framework.tags import Tags
from rehearsal.framework.workers import Workers
from rehearsal.services.emr_serverless.applications import (
    Applications,
    Record,
    new_id,
    paged,
)
from rehearsal.services.emr_serverless.spark import RunSpark, SparkJob

ENDED = ("SUCCESS", "FAILED", "CANCELLED")
_GIVEN = ("name", "jobDriver", "configurationOverrides", "mode", "executionIamPolicy")
_DEFAULT_TIMEOUT_MINUTES = 720
"""12 hours, by the API reference of StartJobRun; 0 is no limit."""
_SUMMARY = (
    *("applicationId", "name", "mode", "arn", "createdBy", "createdAt", "updatedAt"),
    *("executionRole", "state", "stateDetails", "releaseLabel"),
)


class JobRuns:
    """Operations on job runs, and the threads that run them.

    Args:
        lock: the lock of the service.
        tags: the tags of the service.
        applications: the applications.
        identity: the service as a principal.
        workers: the threads of the service.
        spark: runs a job.
    """

    def __init__(
        self,
        lock: threading.RLock,
        tags: Tags,
        applications: Applications,
        identity: ServiceIdentity,
        workers: Workers,
        spark: RunSpark,
    ) -> None:
        self._lock = lock
        self._tags = tags
        self._applications = applications
        self._identity = identity
        self._workers = workers
        self._spark = spark
        self._runs: Store[Record] = Store()
        self._stops: dict[str, threading.Event] = {}

    def start_job_run(self, request: Request, context: Context) -> Response:
        scope, role = context.scope, request["executionRoleArn"]
        self._identity.check_role(context, role)
        with self._lock:
            application = self._applications.ready(scope, request["applicationId"])
            runs = self._runs.of(scope, application["applicationId"])
            for known in runs.values():
                if known["clientToken"] == request["clientToken"]:
                    return _identity(known)
            identifier = new_id()
            arn = f"{application['arn']}/jobruns/{identifier}"
            self._tags.authorize(context, arn, request.get("tags"))
            moment = utc_now()
            record: Record = {
                "mode": "BATCH",
                **{name: request[name] for name in _GIVEN if name in request},
                "applicationId": application["applicationId"],
                "jobRunId": identifier,
                "arn": arn,
                "createdBy": context.caller_arn,
                "createdAt": moment,
                "updatedAt": moment,
                "executionRole": role,
                "executionTimeoutMinutes": request.get(
                    "executionTimeoutMinutes", _DEFAULT_TIMEOUT_MINUTES
                ),
                "state": "SUBMITTED",
                "stateDetails": "",
                "releaseLabel": application["releaseLabel"],
                "clientToken": request["clientToken"],
            }
            runs[identifier] = record
            self._tags.put(arn, request.get("tags"))
            self._stops[arn] = threading.Event()
        self._workers.start(f"emr-{identifier}", lambda: self._run(scope, application, record))
        return _identity(record)

    def get_job_run(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self.find(context.scope, request["applicationId"], request["jobRunId"])
            shown = {name: value for name, value in record.items() if name != "clientToken"}
            return {"jobRun": {**shown, "tags": self._tags.shown(record["arn"])}}

    def list_job_runs(self, request: Request, context: Context) -> Response:
        application = self._applications.find(context.scope, request["applicationId"])
        states = request.get("states")
        after, before = request.get("createdAtAfter"), request.get("createdAtBefore")
        with self._lock:
            found = [
                {
                    "id": record["jobRunId"],
                    "type": "SPARK",
                    **{name: record[name] for name in _SUMMARY if name in record},
                }
                for record in reversed(
                    self._runs.of(context.scope, application["applicationId"]).values()
                )
                if (not states or record["state"] in states)
                and (after is None or record["createdAt"] > after)
                and (before is None or record["createdAt"] < before)
                and request.get("mode", record["mode"]) == record["mode"]
            ]
        shown, more = paged(found, request)
        return {"jobRuns": shown, **more}

    def cancel_job_run(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self.find(context.scope, request["applicationId"], request["jobRunId"])
            if record["state"] in ENDED:
                raise AwsError(
                    "ValidationException",
                    f"Job run {record['jobRunId']} is in the state {record['state']} and cannot "
                    "be cancelled.",
                )
            _change(record, state="CANCELLING")
            self._stops[record["arn"]].set()
        return {name: record[name] for name in ("applicationId", "jobRunId")}

    def find(self, scope: Scope, application: str, identifier: str) -> Record:
        """Returns a job run.

        Raises:
            AwsError: ResourceNotFoundException: it does not exist.
        """
        self._applications.find(scope, application)
        with self._lock:
            found = self._runs.of(scope, application).get(identifier)
            if found is None:
                message = f"Job run {identifier} does not exist"
                raise AwsError("ResourceNotFoundException", message, 404)
            return found

    def find_by_arn(self, arn: str, scope: Scope) -> Record:
        """Returns an application or job run by its ARN.

        Raises:
            AwsError: it does not exist.
        """
        words = arn.rpartition(":")[2].strip("/").split("/")
        if len(words) == 4 and (words[0], words[2]) == ("applications", "jobruns"):
            return self.find(scope, words[1], words[3])
        return self._applications.find(scope, words[-1])

    def are_active(self, scope: Scope, application: str) -> bool:
        """Returns True if an application has job runs that have not ended."""
        with self._lock:
            runs = self._runs.of(scope, application).values()
            return any(record["state"] not in ENDED for record in runs)

    def cancel_all(self) -> None:
        """Ends what runs, because the server ends."""
        with self._lock:
            for stop in self._stops.values():
                stop.set()

    def resume(self) -> Sequence[str]:
        """Fails the job runs that the end of the server has interrupted."""
        sentences = []
        with self._lock:
            for runs in self._runs.kinds():
                for record in runs.values():
                    if record["state"] not in ENDED:
                        _change(record, state="FAILED", stateDetails=INTERRUPTED)
                        sentences.append(f"Job run {record['jobRunId']} failed: {INTERRUPTED}")
        return sentences

    def _run(self, scope: Scope, application: Record, record: Record) -> None:
        stop = self._stops[record["arn"]]
        result: dict[str, Any]
        try:
            credentials = self._identity.assume(record["executionRole"], application["arn"])
            job = SparkJob(
                scope=scope,
                application=application,
                record=dict(record),
                credentials=credentials,
                stop=stop,
                running=lambda: self._started(record),
            )
            result = {"state": "SUCCESS", "stateDetails": self._spark(job)}
        except Exception as error:  # any failure must end the run, with its reason
            result = {"state": "FAILED", "stateDetails": f"Job failed: {_reason(error)}"}
        if stop.is_set():
            result = {"state": "CANCELLED", "stateDetails": "The job run was cancelled."}
        with self._lock:
            self._stops.pop(record["arn"], None)
            moment = utc_now()
            seconds = int((moment - record.get("startedAt", moment)).total_seconds())
            _change(record, **result, endedAt=moment, totalExecutionDurationSeconds=seconds)

    def _started(self, record: Record) -> None:
        with self._lock:
            if record["state"] == "SUBMITTED":
                _change(record, state="RUNNING", startedAt=utc_now())


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, AwsError) else str(error)


def _change(record: Record, **changes: Any) -> None:
    record.update(changes, updatedAt=utc_now())


def _identity(record: Record) -> Response:
    return {name: record[name] for name in ("applicationId", "jobRunId", "arn")}
