"""Runs a SageMaker Processing job.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Unpack

from rehearsal.containers.container import Container
from rehearsal.containers.mounts import Mount
from rehearsal.services.sagemaker.data.transfer import download, upload
from rehearsal.services.sagemaker.jobs.job import (
    HOST,
    Ended,
    Fields,
    Job,
    JobFailedError,
    JobResult,
    Surroundings,
    UnsupportedError,
    algorithm_error,
    now,
    read_message,
    write_json,
)

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_PROCESSING = PurePosixPath("/opt/ml/processing")


def run(request: Mapping[str, Any], **surroundings: Unpack[Surroundings]) -> JobResult:
    """Runs the job of a CreateProcessingJob request to its end.

    Session and environment act with the request's role. The result's fields are
    ProcessingStartTime, ProcessingEndTime and ExitMessage. Raises JobFailedError.
    """
    return _ProcessingJob(request=request, **surroundings).run()


class _ProcessingJob(Job):
    def run(self) -> JobResult:
        self._refuse_unsupported()
        self._fields: Fields = {}
        with self.directory(self.request["ProcessingJobName"]) as directory:
            try:
                return self._run(directory)
            except JobFailedError as error:
                error.fields = self._fields | {"ProcessingEndTime": now()} | error.fields
                raise

    def _refuse_unsupported(self) -> None:
        cluster = self.request["ProcessingResources"]["ClusterConfig"]
        if cluster["InstanceCount"] > 1:
            raise UnsupportedError(
                f"{cluster['InstanceCount']} processing instances", "Set InstanceCount to 1."
            )
        for given in self.request.get("ProcessingInputs", []):
            _refuse_input(given)
        for output in self._outputs:
            _refuse_output(output)

    @property
    def _outputs(self) -> list[Mapping[str, Any]]:
        return list(self.request.get("ProcessingOutputConfig", {}).get("Outputs", []))

    def _run(self, directory: Path) -> JobResult:
        ml = directory / "ml"
        image = self.image(self.request["AppSpecification"]["ImageUri"])
        for given in self.request.get("ProcessingInputs", []):
            source = given["S3Input"]
            data_type = source.get("S3DataType", "S3Prefix")
            download(self.session, source["S3Uri"], _host(ml, source["LocalPath"]), data_type)
        for output in self._outputs:
            _host(ml, output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        self._write_configuration(ml)
        self._fields["ProcessingStartTime"] = now()
        self.progress({"ProcessingJobStatus": "InProgress", **self._fields})
        name = self.request["ProcessingJobName"]
        with self.log_stream(LOG_GROUP, name) as log:
            isolated = self.request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
            application = self.request["AppSpecification"]
            container = self.container(
                image,
                isolated=isolated,
                entrypoint=application.get("ContainerEntrypoint"),
                arguments=application.get("ContainerArguments"),
                environment=self.variables(isolated) | dict(self.request.get("Environment", {})),
                mounts=[Mount(ml, "/opt/ml", writable=True)],
                on_line=log.write,
            )
            ended = self.run_container(container)
        return self._result(ml, container, ended)

    def _result(self, ml: Path, container: Container, ended: Ended) -> JobResult:
        message = read_message(ml / "output/message")
        if message:
            self._fields["ExitMessage"] = message
        if ended.stopped or ended.timed_out:
            if ended.timed_out:
                self._fields["ExitMessage"] = f"The job ran longer than {self.longest} seconds."
            return JobResult("Stopped", self._fields | {"ProcessingEndTime": now()})
        if ended.exit_code != 0:
            raise JobFailedError(algorithm_error(container, message, ended.exit_code))
        if metrics := _metrics(ml / "output/metrics/cloudwatch"):
            self._fields["_metrics"] = metrics
        kms_key = self.request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        for output in self._outputs:
            target = output["S3Output"]
            upload(self.session, _host(ml, target["LocalPath"]), target["S3Uri"], kms_key=kms_key)
        return JobResult("Completed", self._fields | {"ProcessingEndTime": now()})

    def _write_configuration(self, ml: Path) -> None:
        (ml / "output").mkdir(parents=True, exist_ok=True)
        name = self.request["ProcessingJobName"]
        arn = self.scope.arn("sagemaker", f"processing-job/{name}")
        config = {"ProcessingJobArn": arn, **self.request}
        write_json(ml / "config/processingjobconfig.json", config)
        hosts = {"current_host": HOST, "hosts": [HOST]}
        write_json(ml / "config/resourceconfig.json", hosts)


def _refuse_input(given: Mapping[str, Any]) -> None:
    name = given["InputName"]
    if "DatasetDefinition" in given:
        raise UnsupportedError(
            f"DatasetDefinition of the input {name}", "Use S3Input: put the data on S3."
        )
    source = given["S3Input"]
    if given.get("AppManaged"):
        raise UnsupportedError(f"AppManaged of the input {name}", "Leave it out.")
    if source.get("S3InputMode", "File") != "File":
        raise UnsupportedError(f"S3InputMode Pipe of the input {name}", "Use File.")
    if source.get("S3CompressionType", "None") != "None":
        raise UnsupportedError(f"S3CompressionType Gzip of the input {name}", "Use None.")
    _check_path(f"input {name}", source["LocalPath"])


def _refuse_output(output: Mapping[str, Any]) -> None:
    name = output["OutputName"]
    if "FeatureStoreOutput" in output:
        raise UnsupportedError(
            f"FeatureStoreOutput of the output {name}", "Call PutRecord in the program."
        )
    if output.get("AppManaged"):
        raise UnsupportedError(f"AppManaged of the output {name}", "Leave it out.")
    if output["S3Output"].get("S3UploadMode", "EndOfJob") != "EndOfJob":
        raise UnsupportedError(f"S3UploadMode Continuous of the output {name}", "Use EndOfJob.")
    _check_path(f"output {name}", output["S3Output"]["LocalPath"])


def _check_path(what: str, path: str) -> None:
    place = PurePosixPath(path)
    if not place.is_relative_to(_PROCESSING) or ".." in place.parts:
        raise JobFailedError(
            f"ClientError: LocalPath of the {what}: got {path}, expected one below {_PROCESSING}."
        )


def _metrics(folder: Path) -> list[dict[str, Any]]:
    """The metrics that a monitoring container asks SageMaker to publish, one a line.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-cloudwatch.html
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [line for path in files for line in path.read_text().splitlines() if line.strip()]
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise JobFailedError(
            f"AlgorithmError: {folder.name} metrics must be one JSON object a line: {error}"
        ) from error


def _host(ml: Path, path: str) -> Path:
    """Where a path of the container below /opt/ml is on the host."""
    return ml / PurePosixPath(path).relative_to("/opt/ml")
