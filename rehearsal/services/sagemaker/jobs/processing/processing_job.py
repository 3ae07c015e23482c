"""The executor of processing jobs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

import contextlib
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rehearsal.containers.aws_images.pull import PulledImage
from rehearsal.containers.cluster_network import ClusterMember
from rehearsal.containers.container import Container
from rehearsal.containers.log_stream import LogStream
from rehearsal.containers.mounts import Mount
from rehearsal.services.sagemaker.data.transfer import download, upload
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, Members
from rehearsal.services.sagemaker.jobs.hosts import ClusterEnd, Host, hosts_of
from rehearsal.services.sagemaker.jobs.job import (
    Fields,
    Job,
    algorithm_error,
    now,
    read_message,
    results,
    write_json,
)
from rehearsal.services.sagemaker.jobs.synchronized_folder import SynchronizedFolder

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_PROCESSING = PurePosixPath("/opt/ml/processing")
_CONTINUOUS = "Continuous"
_STOP_SIGNAL = signal.SIGINT
"""The first signal of StopProcessingJob, before SIGKILL.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-run-image.html
"""
_INPUT_DEFAULTS = {
    "S3DataDistributionType": "FullyReplicated",
    "S3CompressionType": "None",
    "S3DownloadMode": "StartOfJob",
}
"""Members of each S3Input in processingjobconfig.json that a request may lack."""


def run(job: Job) -> Members:
    """Runs a processing job to its end.

    Returns:
        ProcessingJobStatus, ProcessingStartTime, ProcessingEndTime and ExitMessage.

    Raises:
        ExecutionFailedError: the job failed.
    """
    return _ProcessingJob(job).run()


class _ProcessingJob:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._request = job.request
        self._fields: Fields = {}

    def run(self) -> Members:
        for given in self._inputs:
            _check_path(f"input {given['InputName']}", given["S3Input"]["LocalPath"])
        for output in self._outputs:
            _check_path(f"output {output['OutputName']}", output["S3Output"]["LocalPath"])
        with self._job.directory() as directory:
            try:
                status = self._run(directory)
            except ExecutionFailedError as error:
                error.members = self._fields | {"ProcessingEndTime": now()} | error.members
                raise
        return {**self._fields, "ProcessingJobStatus": status, "ProcessingEndTime": now()}

    @property
    def _inputs(self) -> list[Mapping[str, Any]]:
        return list(self._request.get("ProcessingInputs", []))

    @property
    def _outputs(self) -> list[Mapping[str, Any]]:
        return list(self._request.get("ProcessingOutputConfig", {}).get("Outputs", []))

    @property
    def _isolated(self) -> bool:
        return bool(self._request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False))

    def _run(self, directory: Path) -> str:
        image = self._job.image(self._request["AppSpecification"]["ImageUri"])
        hosts = hosts_of(self._job.host_names, directory)
        for host in hosts:
            self._lay_out(host)
        self._fields["ProcessingStartTime"] = now()
        self._job.progress({"ProcessingJobStatus": "InProgress", **self._fields})
        with contextlib.ExitStack() as stack:
            # Isolation prevents all calls "to and from the containers" of a processing job; those
            # between the hosts are permitted in training jobs only (API_NetworkConfig).
            members = stack.enter_context(self._job.network(connected=not self._isolated))
            containers = []
            for host, member in zip(hosts, members, strict=True):
                log = stack.enter_context(self._job.log_stream(LOG_GROUP, host.name))
                mounts = stack.enter_context(self._continuous_outputs(host))
                containers.append(self._container(image, host, member, log, mounts))
            ended = self._job.run_containers(containers)
        return self._result(ClusterEnd(hosts, containers, ended))

    def _lay_out(self, host: Host) -> None:
        """Downloads the inputs of a host, and creates its other folders and files."""
        for given in self._inputs:
            source = given["S3Input"]
            download(
                self._job.session,
                source["S3Uri"],
                _host(host.ml, source["LocalPath"]),
                source.get("S3DataType", "S3Prefix"),
                host.shard(source.get("S3DataDistributionType")),
            )
        for output in self._outputs:
            _host(host.ml, output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        self._write_configuration(host)

    def _container(
        self,
        image: PulledImage,
        host: Host,
        member: ClusterMember | None,
        log: LogStream,
        mounts: list[Mount],
    ) -> Container:
        application = self._request["AppSpecification"]
        given = dict(self._request.get("Environment", {}))
        if image.notice:
            log.write(image.notice)
        return self._job.container(
            image.image,
            isolated=self._isolated,
            entrypoint=application.get("ContainerEntrypoint"),
            arguments=application.get("ContainerArguments"),
            environment=self._job.variables(self._isolated) | given,
            mounts=[Mount(host.ml, "/opt/ml", writable=True), *mounts],
            stop_signal=_STOP_SIGNAL,
            host_name=host.name,
            cluster=member,
            on_line=log.write,
        )

    @contextlib.contextmanager
    def _continuous_outputs(self, host: Host) -> Iterator[list[Mount]]:
        """Uploads the outputs with the mode Continuous while the job runs, even if it fails."""
        mounts = []
        with contextlib.ExitStack() as stack:
            for number, output in enumerate(self._outputs):
                target = output["S3Output"]
                if target.get("S3UploadMode") == _CONTINUOUS:
                    # A separate mount, which the job cannot replace.
                    path = host.directory / f"continuous-{number}"
                    folder = SynchronizedFolder(
                        self._job.session, target["S3Uri"], path, kms_key=self._kms_key
                    )
                    folder.start()
                    stack.callback(folder.close)
                    mounts.append(Mount(path, target["LocalPath"], writable=True))
            yield mounts

    @property
    def _kms_key(self) -> str | None:
        found: str | None = self._request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        return found

    def _result(self, end: ClusterEnd) -> str:
        said = [read_message(host.ml, "output/message", strict=True) for host in end.hosts]
        failed = end.failed
        message = said[failed[0].number] if failed else next(filter(None, said), "")
        if message:
            self._fields["ExitMessage"] = message
        if failed:
            _, container, code = failed
            raise ExecutionFailedError(algorithm_error(container, message, code))
        if end.interrupted:
            if end.timed_out:
                limit = self._job.max_seconds
                self._fields["ExitMessage"] = f"The job ran longer than {limit} seconds."
            return "Stopped"
        for host in end.hosts:
            metrics = _metrics(host.ml, results(host.ml, "output/metrics/cloudwatch"))
            self._job.run.metrics(metrics)
        for output in self._outputs:
            target = output["S3Output"]
            if target.get("S3UploadMode") == _CONTINUOUS:
                continue
            for host in end.hosts:
                source = results(host.ml, _host(host.ml, target["LocalPath"]))
                upload(self._job.session, source, target["S3Uri"], kms_key=self._kms_key)
        return "Completed"

    def _write_configuration(self, host: Host) -> None:
        (host.ml / "output").mkdir(parents=True, exist_ok=True)
        arn = self._job.scope.arn("sagemaker", f"processing-job/{self._job.run.name}")
        config = {"ProcessingJobArn": arn, **_with_defaults(self._request)}
        write_json(host.ml / "config/processingjobconfig.json", config)
        hosts = {"current_host": host.name, "hosts": list(host.names)}
        write_json(host.ml / "config/resourceconfig.json", hosts)


def _with_defaults(request: Mapping[str, Any]) -> Members:
    """Returns the request as processingjobconfig.json has it: null for what was not given.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-config.html
    """
    resources = request["ProcessingResources"]
    return {
        **request,
        "AppSpecification": {
            "ContainerEntrypoint": None,
            "ContainerArguments": None,
            **request["AppSpecification"],
        },
        "Environment": dict(request.get("Environment", {})),
        "ProcessingInputs": [
            {**given, "S3Input": {**_INPUT_DEFAULTS, **given["S3Input"]}}
            for given in request.get("ProcessingInputs", [])
        ],
        "ProcessingOutputConfig": {
            "Outputs": [],
            "KmsKeyId": None,
            **request.get("ProcessingOutputConfig", {}),
        },
        "ProcessingResources": {
            **resources,
            "ClusterConfig": {"VolumeKmsKeyId": None, **resources["ClusterConfig"]},
        },
    }


def _check_path(what: str, path: str) -> None:
    place = PurePosixPath(path)
    if not place.is_relative_to(_PROCESSING) or ".." in place.parts:
        raise ExecutionFailedError(
            f"ClientError: LocalPath of the {what}: got {path}, expected one below {_PROCESSING}."
        )


def _metrics(ml: Path, folder: Path) -> list[dict[str, Any]]:
    """Returns the metrics that a monitoring container asks SageMaker to publish, one a line.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-cloudwatch.html
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    texts = [results(ml, path).read_text() for path in files]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise ExecutionFailedError(
            f"AlgorithmError: {folder.name} metrics must be one JSON object a line: {error}"
        ) from error


def _host(ml: Path, path: str) -> Path:
    """Returns the path on the host of a path of the container below /opt/ml."""
    return ml / PurePosixPath(path).relative_to("/opt/ml")
