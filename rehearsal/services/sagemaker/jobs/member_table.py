"""Members of requests that create jobs, and what becomes of each.

    python -m rehearsal.services.sagemaker.jobs.member_table > docs/job-members.md

A member is supported, recorded without effect, or rejected by name. A test compares the catalogue
with botocore's model, so that a new member of AWS is not dropped unseen.
"""

from collections.abc import Iterator, Mapping

from botocore.model import ListShape, Shape, StructureShape

from rehearsal.services.sagemaker.service_model import input_shape
from rehearsal.services.sagemaker.unsupported_members import UNSUPPORTED

COMMAND = "python -m rehearsal.services.sagemaker.jobs.member_table > docs/job-members.md"
OPERATIONS = (
    "CreateTrainingJob",
    "CreateProcessingJob",
    "CreateTransformJob",
    "CreateHyperParameterTuningJob",
)

_TRAFFIC = "the traffic between the hosts of a job does not leave this machine"
_HARDWARE = "jobs run on this machine"
_NOT_PROFILED = "nothing is profiled; `ProfilingStatus` is `Disabled`"
_RULES = "rules are not evaluated: the status of each is `Error`, and the job goes on"
_ENCRYPTION = "the permission for a grant is checked; volumes of this machine are not encrypted"

_RESOURCES = {
    "InstanceType": _HARDWARE,
    "InstanceCount": "",
    "VolumeSizeInGB": _HARDWARE,
    "VolumeKmsKeyId": _ENCRYPTION,
}
_S3_SOURCE = "InputDataConfig[].DataSource.S3DataSource"
_TRAINING = {
    "InputDataConfig[].ChannelName": "",
    f"{_S3_SOURCE}.S3DataType": "",
    f"{_S3_SOURCE}.S3Uri": "",
    f"{_S3_SOURCE}.S3DataDistributionType": "",
    f"{_S3_SOURCE}.ModelAccessConfig": "nothing checks the licence of a model",
    "InputDataConfig[].ContentType": "",
    "InputDataConfig[].CompressionType": "",
    "InputDataConfig[].RecordWrapperType": "",
    "InputDataConfig[].InputMode": "",
    "InputDataConfig[].ShuffleConfig": "a directory has no order",
    "OutputDataConfig": "",
    "VpcConfig": "the role is checked; nothing is attached to the network",
    "StoppingCondition.MaxRuntimeInSeconds": "",
    "StoppingCondition.MaxWaitTimeInSeconds": "spot capacity is always there",
    "StoppingCondition.MaxPendingTimeInSeconds": "no job waits for capacity",
    "EnableNetworkIsolation": "",
    "EnableInterContainerTrafficEncryption": _TRAFFIC,
    "EnableManagedSpotTraining": "spot capacity is never interrupted",
    "CheckpointConfig": "",
    "RetryStrategy": "nothing fails with the internal errors that AWS retries",
    "Environment": "",
    "RoleArn": "",
    "AlgorithmSpecification.TrainingImage": "",
    "AlgorithmSpecification.TrainingInputMode": "",
    "AlgorithmSpecification.MetricDefinitions": "",
    **{f"ResourceConfig.{name}": why for name, why in _RESOURCES.items()},
    "ResourceConfig.KeepAlivePeriodInSeconds": "there is no warm pool",
    "ResourceConfig.InstancePlacementConfig": _HARDWARE,
    "ResourceConfig.SelectedInstanceType": _HARDWARE,
    "ResourceConfig.SelectedInstanceCount": _HARDWARE,
}
_EXPERIMENT = {"ExperimentConfig": ""}
_TAGS = {"Tags": ""}
_TUNING = "HyperParameterTuningJobConfig"
_TUNING_RESOURCES = "HyperParameterTuningResourceConfig"

CATALOGUE: Mapping[str, Mapping[str, str]] = {
    "CreateTrainingJob": {
        **_TRAINING,
        **_EXPERIMENT,
        **_TAGS,
        "TrainingJobName": "",
        "HyperParameters": "",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": "metrics have no time series",
        "AlgorithmSpecification.ContainerEntrypoint": "",
        "AlgorithmSpecification.ContainerArguments": "",
        "DebugHookConfig": "",
        "DebugRuleConfigurations": _RULES,
        "TensorBoardOutputConfig": "",
        "ProfilerConfig": _NOT_PROFILED,
        "ProfilerRuleConfigurations": _RULES,
        "RemoteDebugConfig": "Systems Manager has no session to a container of the rehearsal",
        "InfraCheckConfig": "there is no accelerator to check",
    },
    "CreateProcessingJob": {
        **_EXPERIMENT,
        **_TAGS,
        "ProcessingJobName": "",
        "RoleArn": "",
        "Environment": "",
        "ProcessingInputs[].InputName": "",
        "ProcessingInputs[].AppManaged": "",
        "ProcessingInputs[].S3Input": "",
        "ProcessingOutputConfig.Outputs[].OutputName": "",
        "ProcessingOutputConfig.Outputs[].AppManaged": "",
        "ProcessingOutputConfig.Outputs[].S3Output": "",
        "ProcessingOutputConfig.KmsKeyId": "",
        **{f"ProcessingResources.ClusterConfig.{name}": why for name, why in _RESOURCES.items()},
        "ProcessingResources.ClusterConfig.SelectedInstanceType": _HARDWARE,
        "ProcessingResources.ClusterConfig.SelectedInstanceCount": _HARDWARE,
        "StoppingCondition.MaxRuntimeInSeconds": "",
        "AppSpecification": "",
        "NetworkConfig.EnableInterContainerTrafficEncryption": _TRAFFIC,
        "NetworkConfig.EnableNetworkIsolation": "",
        "NetworkConfig.VpcConfig": _TRAINING["VpcConfig"],
    },
    "CreateTransformJob": {
        **_EXPERIMENT,
        **_TAGS,
        "TransformJobName": "",
        "ModelName": "",
        "MaxConcurrentTransforms": "",
        "ModelClientConfig": "",
        "MaxPayloadInMB": "",
        "BatchStrategy": "",
        "Environment": "",
        "TransformInput": "",
        "TransformOutput": "",
        "DataCaptureConfig": "",
        "DataProcessing": "",
        "TransformResources.InstanceType": _HARDWARE,
        "TransformResources.InstanceCount": "",
        "TransformResources.VolumeKmsKeyId": _ENCRYPTION,
        "TransformResources.TransformAmiVersion": _HARDWARE,
    },
    "CreateHyperParameterTuningJob": {
        **_TAGS,
        "HyperParameterTuningJobName": "",
        f"{_TUNING}.Strategy": "",
        f"{_TUNING}.HyperParameterTuningJobObjective": "",
        f"{_TUNING}.ResourceLimits": "",
        f"{_TUNING}.ParameterRanges": "",
        f"{_TUNING}.TrainingJobEarlyStoppingType": "",
        f"{_TUNING}.RandomSeed": "",
        **{f"TrainingJobDefinition.{name}": why for name, why in _TRAINING.items()},
        "TrainingJobDefinition.DefinitionName": "",
        "TrainingJobDefinition.StaticHyperParameters": "",
        **{
            f"TrainingJobDefinition.{_TUNING_RESOURCES}.{name}": why
            for name, why in _RESOURCES.items()
        },
        "WarmStartConfig": "",
        f"TrainingJobDefinition.{_TUNING_RESOURCES}.AllocationStrategy": _HARDWARE,
        f"TrainingJobDefinition.{_TUNING_RESOURCES}.InstanceConfigs": (
            "the first kind of instance is in the description of each trial"
        ),
    },
}
"""Supported members, and the reason for which a member has no effect; the longest path applies."""

_HEAD = f"""# Members of requests for jobs

What the rehearsal does with each member of a request that creates a job. Members with the status
*recorded* have no effect: Describe returns them as AWS does. Rejected ones end the request with an
error that names them, and so do the values in the column of remarks.

The page is generated: `{COMMAND}`.
"""


def paths(shape: Shape, prefix: str = "") -> Iterator[str]:
    """Yields the paths of the leaves of a shape, as `ResourceConfig.InstanceType`."""
    if isinstance(shape, StructureShape) and shape.members:
        for name, member in shape.members.items():
            yield from paths(member, f"{prefix}.{name}" if prefix else name)
    elif isinstance(shape, ListShape):
        yield from paths(shape.member, f"{prefix}[]")
    else:
        yield prefix


def entry_of(path: str, entries: Mapping[str, str]) -> str | None:
    """Returns the longest entry that is a path or one of its parents; None without one."""
    found = [one for one in entries if path == one or path.startswith((f"{one}.", f"{one}["))]
    return max(found, key=len, default=None)


def rejected(operation: str) -> list[str]:
    """Returns the members that an operation rejects whatever their value is."""
    return [path for path in UNSUPPORTED[operation] if "=" not in path]


def _remark(operation: str, entry: str) -> str:
    """Returns the values of an entry that are rejected."""
    found = []
    for path in UNSUPPORTED[operation]:
        member, _, value = path.partition("=")
        if value and (member == entry or member.startswith((f"{entry}.", f"{entry}["))):
            name = member.rpartition(".")[2]
            found.append(f"`{name}` `{value}`")
    return f"rejected: {', '.join(found)}" if found else ""


def rows(operation: str) -> list[tuple[str, str, str]]:
    """Returns member, status and remark of each entry, in the order of botocore's model."""
    none = dict.fromkeys(rejected(operation), "")
    found: dict[str, tuple[str, str, str]] = {}
    for path in paths(input_shape(operation)):
        no = entry_of(path, none)
        if no is not None:
            found[no] = (no, "rejected", "")
            continue
        entry = entry_of(path, CATALOGUE[operation])
        if entry is None:
            raise ValueError(f"{operation} has the member {path}, which the catalogue does not.")
        why = CATALOGUE[operation][entry]
        status = "recorded" if why else "supported"
        found[entry] = (entry, status, "; ".join(filter(None, (why, _remark(operation, entry)))))
    return list(found.values())


def table() -> str:
    """Returns the page."""
    page = _HEAD
    for operation in OPERATIONS:
        page += f"\n## {operation}\n\n| member | status | remark |\n|---|---|---|\n"
        for member, status, remark in rows(operation):
            page += f"| `{member}` | {status} | {remark} |\n"
    return page


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201  # the output of a command
