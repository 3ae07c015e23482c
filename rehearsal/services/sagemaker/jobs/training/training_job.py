"""Runs a SageMaker training job.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Unpack

from rehearsal.containers.container import Container
from rehearsal.containers.mounts import Mount
from rehearsal.services.sagemaker.data.archive import pack
from rehearsal.services.sagemaker.data.transfer import S3Location, upload
from rehearsal.services.sagemaker.jobs.job import (
    Ended,
    Fields,
    Job,
    JobFailedError,
    JobResult,
    Surroundings,
    algorithm_error,
    now,
    read_message,
)
from rehearsal.services.sagemaker.jobs.training.checkpoints import Checkpoints
from rehearsal.services.sagemaker.jobs.training.input import lay_out_input, refuse_unsupported
from rehearsal.services.sagemaker.jobs.training.metrics import TrainingMetrics

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job exceeded its maximum runtime",
    "Failed": "Training job failed",
}


def run(request: Mapping[str, Any], **surroundings: Unpack[Surroundings]) -> JobResult:
    """Runs the job of a CreateTrainingJob request to its end.

    Session and environment act with the request's role. The result's fields are ModelArtifacts,
    SecondaryStatus, SecondaryStatusTransitions, FinalMetricDataList, the times and the billed
    seconds. Raises JobFailedError, which carries the same fields.
    """
    return _TrainingJob(request=request, **surroundings).run()


class _TrainingJob(Job):
    def run(self) -> JobResult:
        refuse_unsupported(self.request)
        self._fields: Fields = {"SecondaryStatusTransitions": []}
        self._lock = threading.Lock()
        specification = self.request["AlgorithmSpecification"]
        self._metrics = TrainingMetrics(
            specification.get("MetricDefinitions", []), self._metrics_changed
        )
        with self.directory(self._name) as directory:
            try:
                status = self._run(directory / "ml")
            except JobFailedError as error:
                self._enter("Failed", error.reason)
                self._finish()
                error.fields = self._fields | error.fields
                raise
        self._finish()
        return JobResult(status, self._fields)

    @property
    def _name(self) -> str:
        return str(self.request["TrainingJobName"])

    @property
    def _isolated(self) -> bool:
        return bool(self.request.get("EnableNetworkIsolation", False))

    def _run(self, ml: Path) -> str:
        self._enter("Starting")
        image = self.image(self.request["AlgorithmSpecification"]["TrainingImage"])
        self._enter("Downloading")
        self._fields["TrainingStartTime"] = now()
        for folder in ("model", "output/data", "input/config", "input/data"):
            (ml / folder).mkdir(parents=True)
        lay_out_input(self.request, self.session, ml)
        with self._checkpoints(ml) as mounts:
            self._enter("Training")
            container, ended = self._train(image, [Mount(ml, "/opt/ml", writable=True), *mounts])
        return self._keep(ml, container, ended)

    def _train(self, image: Any, mounts: list[Mount]) -> tuple[Container, Ended]:
        specification = self.request["AlgorithmSpecification"]
        entrypoint = specification.get("ContainerEntrypoint")
        arguments = specification.get("ContainerArguments")
        if entrypoint is None and arguments is None:
            arguments = ["train"]
        with self.log_stream(LOG_GROUP, self._name) as log:

            def on_line(line: str) -> None:
                log.write(line)
                self._metrics.read(line)

            container = self.container(
                image,
                isolated=self._isolated,
                entrypoint=entrypoint,
                arguments=arguments,
                environment=self._environment(),
                mounts=mounts,
                on_line=on_line,
            )
            return container, self.run_container(container)

    def _environment(self) -> dict[str, str]:
        arn = self.scope.arn("sagemaker", f"training-job/{self._name}")
        documented = {"TRAINING_JOB_NAME": self._name, "TRAINING_JOB_ARN": arn}
        given = dict(self.request.get("Environment", {}))
        return self.variables(self._isolated) | given | documented

    @contextlib.contextmanager
    def _checkpoints(self, ml: Path) -> Iterator[list[Mount]]:
        config = self.request.get("CheckpointConfig")
        if config is None:
            yield []
            return
        inside = PurePosixPath(config.get("LocalPath", "/opt/ml/checkpoints"))
        below = inside.is_relative_to("/opt/ml")
        directory = ml / inside.relative_to("/opt/ml") if below else ml.parent / "checkpoints"
        checkpoints = Checkpoints(self.session, config["S3Uri"], directory)
        checkpoints.start()
        try:
            yield [] if below else [Mount(directory, str(inside), writable=True)]
        finally:
            checkpoints.close()

    def _keep(self, ml: Path, container: Container, ended: Ended) -> str:
        """Uploads what the job made and tells how it ended."""
        interrupted = ended.stopped or ended.timed_out
        self._enter("Uploading")
        self._upload("output.tar.gz", ml / "output/data")
        if ended.exit_code != 0 and not interrupted:
            message = read_message(ml / "output/failure")
            raise JobFailedError(algorithm_error(container, message, ended.exit_code))
        # A job that was stopped keeps the model that it has so far, as in AWS.
        self._fields["ModelArtifacts"] = {
            "S3ModelArtifacts": self._upload("model.tar.gz", ml / "model")
        }
        final = "MaxRuntimeExceeded" if ended.timed_out else "Stopped"
        self._enter(final if interrupted else "Completed")
        return "Stopped" if interrupted else "Completed"

    def _upload(self, name: str, directory: Path) -> str:
        """`<S3OutputPath>/<job>/output/model.tar.gz`, or the bare files with CompressionType NONE.

        Nothing is uploaded when the directory is empty, but the name is told, as in AWS.
        """
        config = self.request["OutputDataConfig"]
        base = S3Location.parse(config["S3OutputPath"]).below(self._name, "output")
        kms_key = config.get("KmsKeyId")
        if config.get("CompressionType", "GZIP") == "NONE":
            target = str(base.below(name.removesuffix(".tar.gz"))) + "/"
            upload(self.session, directory, target, kms_key=kms_key)
            return target
        target = str(base.below(name))
        if any(directory.iterdir()):
            archive = directory.parents[1] / name
            pack(directory, archive)
            upload(self.session, archive, target, kms_key=kms_key)
        return target

    def _enter(self, status: str, message: str | None = None) -> None:
        """Begins the next secondary status and tells it."""
        time = now()
        with self._lock:
            transitions = self._fields["SecondaryStatusTransitions"]
            if transitions:
                transitions[-1]["EndTime"] = time
            transitions.append(
                {
                    "Status": status,
                    "StartTime": time,
                    "StatusMessage": message or _MESSAGES[status],
                }
            )
            self._fields["SecondaryStatus"] = status
            told = {
                "SecondaryStatus": status,
                "SecondaryStatusTransitions": [dict(item) for item in transitions],
            }
        self.progress(told)

    def _metrics_changed(self, metrics: list[dict[str, Any]]) -> None:
        self.progress({"FinalMetricDataList": metrics})

    def _finish(self) -> None:
        end = now()
        self._fields["TrainingEndTime"] = end
        self._fields["SecondaryStatusTransitions"][-1]["EndTime"] = end
        self._fields["FinalMetricDataList"] = self._metrics.final
        start = self._fields.get("TrainingStartTime")
        if start is not None:
            seconds = max(1, round((end - start).total_seconds()))
            # Spot capacity is never taken away here, thus all of the time is billed.
            self._fields["TrainingTimeInSeconds"] = seconds
            self._fields["BillableTimeInSeconds"] = seconds
