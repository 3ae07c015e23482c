"""A data plane in memory: jobs end as a test says, model servers respond as it says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from rehearsal.containers.process_usage import Usage
from rehearsal.services.sagemaker.data_plane import (
    ExecutionFailedError,
    JobRun,
    MlflowRun,
    ServedModel,
    ServerRun,
    Train,
)

Behaviour = Callable[[JobRun], Mapping[str, Any]]


class FakeServer:
    """Returns 200 with the variant's name, or `response`."""

    def __init__(self, run: ServerRun, failure: str | None) -> None:
        self.run = run
        self.failure = failure
        self.stopped = False
        self.used = Usage()
        self.response: tuple[int, Mapping[str, str], bytes] = (
            200,
            {"Content-Type": "text/csv"},
            run.variant.encode(),
        )
        self.timeouts: list[float | None] = []
        self.requests: list[tuple[bytes, str, str, Mapping[str, str]]] = []

    def start(self) -> None:
        if self.failure:
            raise ExecutionFailedError(self.failure)

    def invoke(
        self,
        body: bytes,
        content_type: str,
        accept: str,
        headers: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.timeouts.append(timeout)
        self.requests.append((body, content_type, accept, headers))
        return self.response

    def usage(self) -> Usage:
        return self.used

    def stop(self) -> None:
        self.stopped = True


class FakeMlflow:
    """Returns 200 with the method and target of a request."""

    def __init__(self, run: MlflowRun, failure: str | None) -> None:
        self.run = run
        self.failure = failure
        self.stopped = False
        self.started = False
        self.requests: list[tuple[str, str, bytes, Mapping[str, str]]] = []

    def check_store(self) -> None:
        if self.failure:
            raise ExecutionFailedError(self.failure)

    def start(self) -> None:
        self.started = True

    def request(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.requests.append((method, target, body, headers))
        return 200, {"content-type": "application/json"}, f"{method} {target}".encode()

    def stop(self) -> None:
        self.stopped = True


class FakeDataPlane:
    """`behaviour` by job name part decides how jobs end; without one they complete at once."""

    def __init__(self) -> None:
        self.behaviour: dict[str, Behaviour] = {}
        self.runs: list[JobRun] = []
        self.servers: list[FakeServer] = []
        self.mlflow: list[FakeMlflow] = []
        self.transformed: list[ServedModel] = []
        self.images_missing = False
        self.pulls_checked: list[str] = []
        self.server_failure: str | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        pass

    def processing_job(self, run: JobRun) -> Mapping[str, Any]:
        return self._run(run)

    def training_job(self, run: JobRun) -> Mapping[str, Any]:
        return self._run(run)

    def transform_job(self, run: JobRun, model: ServedModel) -> Mapping[str, Any]:
        self.transformed.append(model)
        return self._run(run)

    def tuning_job(self, run: JobRun, train: Train) -> Mapping[str, Any]:
        """Three trials whose objective is 0.7, 0.9 and 0.8."""
        self.runs.append(run)
        config = run.request["HyperParameterTuningJobConfig"]
        objective = config["HyperParameterTuningJobObjective"]
        summaries = []
        for number, value in enumerate((0.7, 0.9, 0.8), start=1):
            definition = dict(run.request["TrainingJobDefinition"])
            definition.pop("StaticHyperParameters", None)
            name = f"{run.name}-{number:03d}-abcdef12"
            ended = train({**definition, "TrainingJobName": name}, lambda _: None, run.stop)
            summaries.append(
                {
                    "TrainingJobName": name,
                    "TrainingJobArn": ended["TrainingJobArn"],
                    "CreationTime": ended["CreationTime"],
                    "TrainingJobStatus": ended["TrainingJobStatus"],
                    "TunedHyperParameters": {"max_depth": str(number)},
                    "FinalHyperParameterTuningJobObjectiveMetric": {**objective, "Value": value},
                    "ObjectiveStatus": "Succeeded",
                }
            )
            run.progress({"TrainingJobSummaries": list(summaries)})
        return {"TrainingJobSummaries": summaries, "BestTrainingJob": summaries[1]}

    def model_server(self, run: ServerRun) -> FakeServer:
        server = FakeServer(run, self.server_failure)
        self.servers.append(server)
        return server

    def mlflow_server(self, run: MlflowRun) -> FakeMlflow:
        server = FakeMlflow(run, self.server_failure)
        self.mlflow.append(server)
        return server

    def check_pull(self, session: boto3.Session, image_uri: str) -> None:
        self.pulls_checked.append(image_uri)
        if self.images_missing:
            raise ExecutionFailedError(f"ClientError: Cannot pull {image_uri}: AccessDenied")

    def resolve_image(self, session: boto3.Session, image_uri: str) -> str:
        if self.images_missing:
            raise ExecutionFailedError(f"The repository of {image_uri} does not exist.")
        return f"{image_uri.rpartition(':')[0]}@sha256:{'0' * 64}"

    def _run(self, run: JobRun) -> Mapping[str, Any]:
        with self._lock:
            self.runs.append(run)
        for part, behaviour in self.behaviour.items():
            if part in run.name:
                return behaviour(run)
        return {}


def fails(reason: str) -> Behaviour:
    """A job that fails with a reason."""

    def run(_: JobRun) -> Mapping[str, Any]:
        raise ExecutionFailedError(reason)

    return run


def runs_until_stopped(run: JobRun) -> Mapping[str, Any]:
    """A job that ends only when it is stopped."""
    run.stop.wait(10)
    return {}
