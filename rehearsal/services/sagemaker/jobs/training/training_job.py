"""The executor of training jobs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import boto3

from rehearsal.containers.aws_images.pull import PulledImage
from rehearsal.containers.bridge import INTERFACE
from rehearsal.containers.cluster_network import ClusterMember
from rehearsal.containers.container import Container
from rehearsal.containers.log_stream import LogStream
from rehearsal.containers.mounts import Mount
from rehearsal.services.sagemaker.data.archive import pack
from rehearsal.services.sagemaker.data.transfer import S3Location, download, upload
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, Members
from rehearsal.services.sagemaker.jobs.hosts import (
    ClusterEnd,
    Host,
    clashes,
    hosts_of,
    results_of,
)
from rehearsal.services.sagemaker.jobs.job import (
    Fields,
    Job,
    algorithm_error,
    now,
    read_message,
    write_json,
)
from rehearsal.services.sagemaker.jobs.synchronized_folder import SynchronizedFolder
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


def run(job: Job) -> Members:
    """Runs a training job to its end.

    Returns:
        TrainingJobStatus, ModelArtifacts, SecondaryStatus, SecondaryStatusTransitions,
        FinalMetricDataList, the times and the billed seconds.

    Raises:
        ExecutionFailedError: the job failed; it carries the same members.
    """
    return _TrainingJob(job).run()


class _TrainingJob:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._request = job.request
        self._fields: Fields = {"SecondaryStatusTransitions": []}
        self._lock = threading.Lock()
        self._scratch = Path()
        self._metrics = TrainingMetrics(
            self._request["AlgorithmSpecification"].get("MetricDefinitions", []),
            lambda metrics: job.progress({"FinalMetricDataList": metrics}),
        )

    def run(self) -> Members:
        with self._job.directory() as directory:
            self._scratch = directory
            try:
                status = self._run(directory)
            except ExecutionFailedError as error:
                self._enter("Failed", error.reason)
                self._finish()
                error.members = self._fields | error.members
                raise
        self._finish()
        return {**self._fields, "TrainingJobStatus": status}

    @property
    def _isolated(self) -> bool:
        return bool(self._request.get("EnableNetworkIsolation", False))

    def _run(self, directory: Path) -> str:
        self._enter("Starting")
        image = self._job.image(self._request["AlgorithmSpecification"]["TrainingImage"])
        self._enter("Downloading")
        self._fields["TrainingStartTime"] = now()
        hosts = hosts_of(self._job.host_names, directory)
        for host in hosts:
            for folder in ("model", "output/data", "input/config", "input/data"):
                (host.ml / folder).mkdir(parents=True)
            _lay_out_input(self._request, self._job.session, host)
        with contextlib.ExitStack() as stack:
            synchronized = [stack.enter_context(self._synchronized(host)) for host in hosts]
            # Network isolation permits the calls between the hosts of a job.
            members = stack.enter_context(self._job.network(connected=True))
            logs = [stack.enter_context(self._job.log_stream(LOG_GROUP, one.name)) for one in hosts]
            self._enter("Training", f"{_MESSAGES['Training']} {image.notice}".strip())
            containers = [
                self._container(image, *parts)
                for parts in zip(hosts, members, logs, synchronized, strict=True)
            ]
            ended = self._job.run_containers(containers)
            self._report_clashes(hosts, logs)
        return self._keep(ClusterEnd(hosts, containers, ended))

    def _container(
        self,
        image: PulledImage,
        host: Host,
        member: ClusterMember | None,
        log: LogStream,
        synchronized: list[Mount],
    ) -> Container:
        specification = self._request["AlgorithmSpecification"]
        entrypoint = specification.get("ContainerEntrypoint")
        arguments = specification.get("ContainerArguments")
        if entrypoint is None and arguments is None:
            arguments = ["train"]
        streamed = [
            Mount(host.ml / "input/data" / name, f"/opt/ml/input/data/{name}")
            for name in _streamed_channels(self._request)
        ]

        def on_line(line: str) -> None:
            log.write(line)
            self._metrics.read(line)

        if image.notice:
            log.write(image.notice)
        return self._job.container(
            image.image,
            isolated=self._isolated,
            entrypoint=entrypoint,
            arguments=arguments,
            environment=self._environment(),
            mounts=[Mount(host.ml, "/opt/ml", writable=True), *streamed, *synchronized],
            host_name=host.name,
            cluster=member,
            on_line=on_line,
        )

    def _report_clashes(self, hosts: Sequence[Host], logs: Sequence[LogStream]) -> None:
        """Logs the files of a host that an earlier host has written, too.

        "If multiple containers in a single training job write to this directory they should ensure
        no file/directory names clash." AWS does not document which one is kept.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
        """
        for folder in ("model", "output/data"):
            for number, name in clashes(results_of(hosts, folder)):
                logs[number].write(
                    f"/opt/ml/{folder}/{name} was written by several hosts; the one of "
                    f"{hosts[number].name} replaces the one of an earlier host. Write it on one "
                    "host, or under a different name on each."
                )

    def _environment(self) -> dict[str, str]:
        arn = self._job.scope.arn("sagemaker", f"training-job/{self._job.run.name}")
        documented = {"TRAINING_JOB_NAME": self._job.run.name, "TRAINING_JOB_ARN": arn}
        given = dict(self._request.get("Environment", {}))
        return self._job.variables(self._isolated) | given | documented

    @contextlib.contextmanager
    def _synchronized(self, host: Host) -> Iterator[list[Mount]]:
        """Synchronizes checkpoints, and what libraries for debugging write, while the job runs.

        The hosts of a job have the same prefix, and each starts with the files of all of them.
        """
        mounts = []
        with contextlib.ExitStack() as stack:
            for number, (inside, uri, restored) in enumerate(self._folders()):
                # A separate mount, which the job cannot replace.
                directory = host.directory / f"synchronized-{number}"
                folder = SynchronizedFolder(self._job.session, uri, directory, restored=restored)
                folder.start()
                stack.callback(folder.close)
                mounts.append(Mount(directory, str(inside), writable=True))
            yield mounts

    def _folders(self) -> Iterator[tuple[PurePosixPath, str, bool]]:
        """Yields each synchronized folder, its S3 prefix, and True if it is restored first.

        The prefixes are those in which the SageMaker SDK looks for the files.
        """
        checkpoints = self._request.get("CheckpointConfig")
        if checkpoints is not None:
            place = PurePosixPath(checkpoints.get("LocalPath", "/opt/ml/checkpoints"))
            yield place, checkpoints["S3Uri"], True
        for member, default, name in (
            ("DebugHookConfig", "tensors", "debug-output"),
            ("TensorBoardOutputConfig", "tensorboard", "tensorboard-output"),
        ):
            config = self._request.get(member)
            if config is not None:
                target = S3Location.parse(config["S3OutputPath"]).below(self._job.run.name, name)
                place = PurePosixPath(config.get("LocalPath", f"/opt/ml/output/{default}"))
                yield place, str(target), False

    def _keep(self, end: ClusterEnd) -> str:
        """Uploads the results of the job; returns its status."""
        self._enter("Uploading")
        self._upload("output.tar.gz", results_of(end.hosts, "output/data"))
        if end.failed is not None:
            host, container, code = end.failed
            message = read_message(host.ml, "output/failure")
            raise ExecutionFailedError(algorithm_error(container, message, code))
        # A stopped job keeps the model that it has written so far, as in AWS.
        self._fields["ModelArtifacts"] = {
            "S3ModelArtifacts": self._upload("model.tar.gz", results_of(end.hosts, "model"))
        }
        final = "MaxRuntimeExceeded" if end.timed_out else "Stopped"
        self._enter(final if end.interrupted else "Completed")
        return "Stopped" if end.interrupted else "Completed"

    def _upload(self, name: str, directories: Sequence[Path]) -> str:
        """Uploads the directories of all hosts as one.

        An empty directory is not uploaded, but the name is returned, as in AWS.

        Returns:
            `<S3OutputPath>/<job>/output/model.tar.gz`, or a prefix.
        """
        config = self._request["OutputDataConfig"]
        base = S3Location.parse(config["S3OutputPath"]).below(self._job.run.name, "output")
        kms_key = config.get("KmsKeyId")
        if config.get("CompressionType", "GZIP") == "NONE":
            target = str(base.below(name.removesuffix(".tar.gz"))) + "/"
            for directory in directories:
                upload(self._job.session, directory, target, kms_key=kms_key)
            return target
        target = str(base.below(name))
        if any(any(directory.iterdir()) for directory in directories):
            archive = self._scratch / name
            pack(directories[0], archive, *directories[1:])
            upload(self._job.session, archive, target, kms_key=kms_key)
        return target

    def _enter(self, status: str, message: str | None = None) -> None:
        """Begins the next secondary status and reports it."""
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
            changes = {
                "SecondaryStatus": status,
                "SecondaryStatusTransitions": [dict(item) for item in transitions],
            }
        self._job.progress(changes)

    def _finish(self) -> None:
        end = now()
        self._fields["TrainingEndTime"] = end
        self._fields["SecondaryStatusTransitions"][-1]["EndTime"] = end
        self._fields["FinalMetricDataList"] = self._metrics.final
        start = self._fields.get("TrainingStartTime")
        if start is not None:
            seconds = max(1, round((end - start).total_seconds()))
            # Spot capacity is not interrupted here, so that all of the time is billed.
            self._fields["TrainingTimeInSeconds"] = seconds
            self._fields["BillableTimeInSeconds"] = seconds


def _streamed_channels(request: Mapping[str, Any]) -> list[str]:
    """Returns the names of the channels in FastFile mode, whose folders are read-only in AWS."""
    default = request["AlgorithmSpecification"]["TrainingInputMode"]
    channels = request.get("InputDataConfig", [])
    return [
        channel["ChannelName"]
        for channel in channels
        if channel.get("InputMode", default) == "FastFile"
    ]


def _lay_out_input(request: Mapping[str, Any], session: boto3.Session, host: Host) -> None:
    """Downloads the channels to /opt/ml/input and writes the configuration files."""
    ml = host.ml
    channels = {}
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        folder = ml / "input/data" / channel["ChannelName"]
        shard = host.shard(source.get("S3DataDistributionType"))
        download(session, source["S3Uri"], folder, source["S3DataType"], shard)
        content = {"ContentType": channel["ContentType"]} if "ContentType" in channel else {}
        channels[channel["ChannelName"]] = content | {
            # "File" with FastFile too, as the developer guide says: the code reads files.
            "TrainingInputMode": "File",
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
    config = ml / "input/config"
    write_json(config / "inputdataconfig.json", channels)
    write_json(config / "hyperparameters.json", dict(request.get("HyperParameters", {})))
    write_json(config / "resourceconfig.json", _resources(request["ResourceConfig"], host))
    for member in ("DebugHookConfig", "CheckpointConfig"):
        if member in request:
            write_json(config / f"{member.lower()}.json", request[member])


def _resources(config: Mapping[str, Any], host: Host) -> dict[str, Any]:
    kind, group, names = config.get("InstanceType"), "homogeneousCluster", list(host.names)
    return {
        "current_host": host.name,
        "current_instance_type": kind,
        "current_group_name": group,
        "hosts": names,
        "instance_groups": [{"instance_group_name": group, "instance_type": kind, "hosts": names}],
        # A container that is alone has the loopback interface only; in AWS it is eth0, too.
        "network_interface_name": INTERFACE if len(names) > 1 else "lo",
    }
