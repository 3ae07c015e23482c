"""Rules about jobs of monitors, pipelines and schedules.

A job is described in three places: properties of a resource, the definition of a pipeline, and the
input with which EventBridge Scheduler calls SageMaker. All have the members of the API.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ._rule import Finding, Rule, Template, resources, value_at

_JOB_DEFINITIONS = tuple(
    f"AWS::SageMaker::{kind}JobDefinition"
    for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
)
_SCHEDULED = {
    "createprocessingjob": "Processing",
    "createtrainingjob": "Training",
    "createtransformjob": "Transform",
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job that a template describes: its place, kind and members."""

    logical_id: str
    path: str
    kind: str
    members: Mapping[str, Any]

    def first(self, *paths: str) -> Any:
        """Returns the value at the first path that exists."""
        found = (value_at(self.members, path) for path in paths)
        return next((value for value in found if value is not None), None)


def jobs(template: Template) -> Iterator[Job]:
    """Yields every job of a template."""
    for logical_id, properties in resources(
        template, *_JOB_DEFINITIONS, "AWS::SageMaker::ProcessingJob"
    ):
        yield Job(logical_id=logical_id, path="", kind="Processing", members=properties)
    for logical_id, schedule in resources(template, "AWS::Scheduler::Schedule"):
        yield from _scheduled_job(logical_id, schedule)
    for logical_id, pipeline in resources(template, "AWS::SageMaker::Pipeline"):
        body = _parsed(value_at(pipeline, "PipelineDefinition.PipelineDefinitionBody"))
        yield from _steps(logical_id, body.get("Steps", []), "PipelineDefinition")


def _scheduled_job(logical_id: str, schedule: Mapping[str, Any]) -> Iterator[Job]:
    action = _text(value_at(schedule, "Target.Arn")).rpartition(":")[2].lower()
    if action in _SCHEDULED:
        members = _parsed(value_at(schedule, "Target.Input"))
        yield Job(
            logical_id=logical_id, path="Target.Input", kind=_SCHEDULED[action], members=members
        )


def _steps(logical_id: str, steps: Any, path: str) -> Iterator[Job]:
    for step in steps:
        here = f"{path}.{step.get('Name', '?')}"
        arguments = step.get("Arguments", {})
        if step.get("Type") in _SCHEDULED.values():
            yield Job(logical_id=logical_id, path=here, kind=step["Type"], members=arguments)
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(logical_id, arguments.get(branch, []), here)


def _parsed(value: Any) -> Mapping[str, Any]:
    """Returns a JSON document of a template, with placeholders for references."""
    if isinstance(value, Mapping) and not {"Fn::Join", "Fn::Sub"} & set(value):
        return value
    try:
        parsed = json.loads(_text(value))
    except ValueError:
        return {}
    return parsed if isinstance(parsed, Mapping) else {}


def _text(value: Any) -> str:
    """Returns a string of a template, with placeholders for computed values."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(_text(part) for part in parts)
    if isinstance(value, Mapping) and isinstance(value.get("Fn::Sub"), str):
        return str(value["Fn::Sub"])
    return "computed"


def _is_isolated(job: Job) -> bool:
    if job.kind == "Transform":  # its model determines the network
        return True
    flag = job.first("NetworkConfig.EnableNetworkIsolation", "EnableNetworkIsolation")
    return bool(flag or job.first("NetworkConfig.VpcConfig", "VpcConfig"))


def _is_traffic_encrypted(job: Job) -> bool:
    flag = "EnableInterContainerTrafficEncryption"
    return job.kind == "Transform" or bool(job.first(f"NetworkConfig.{flag}", flag))


def _has_volume_key(job: Job) -> bool:
    return bool(
        job.first(
            "JobResources.ClusterConfig.VolumeKmsKeyId",
            "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
            "ResourceConfig.VolumeKmsKeyId",
            "TransformResources.VolumeKmsKeyId",
        )
    )


def _has_output_key(job: Job) -> bool:
    configs = [
        value
        for name, value in job.members.items()
        if name.endswith(("OutputConfig", "OutputDataConfig", "TransformOutput"))
        and isinstance(value, Mapping)
    ]
    return all(config.get("KmsKeyId") for config in configs)


def _violations(holds: Callable[[Job], bool], member: str) -> Callable[[Template], list[Finding]]:
    def findings(template: Template) -> list[Finding]:
        return [
            (job.logical_id, ".".join(filter(None, (job.path, member))))
            for job in jobs(template)
            if not holds(job)
        ]

    return findings


JOB_RULES = (
    Rule(
        name="JobNetwork",
        description="Containers of a job have no network, or run in a VPC of the customer",
        fix="Set EnableNetworkIsolation to true, or set VpcConfig",
        findings=_violations(_is_isolated, "NetworkConfig"),
    ),
    Rule(
        name="JobTrafficEncryption",
        description="Traffic between the containers of a job is encrypted",
        fix="Set EnableInterContainerTrafficEncryption to true",
        findings=_violations(_is_traffic_encrypted, "EnableInterContainerTrafficEncryption"),
    ),
    Rule(
        name="JobVolumeKey",
        description="Volumes of jobs are encrypted with a customer managed key",
        fix="Set VolumeKmsKeyId; types whose local NVMe disks are the volume do not support it",
        findings=_violations(_has_volume_key, "VolumeKmsKeyId"),
    ),
    Rule(
        name="JobOutputKey",
        description="Output of jobs is encrypted with a customer managed key",
        fix="Set KmsKeyId of the job's output",
        findings=_violations(_has_output_key, "KmsKeyId"),
    ),
)
