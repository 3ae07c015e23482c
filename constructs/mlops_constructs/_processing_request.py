"""Request of a processing job, as EventBridge Scheduler and Step Functions send it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aws_cdk import aws_kms as kms

from ._job_network import JobNetwork

OUTPUT = "/opt/ml/processing/output"
_INPUTS = "/opt/ml/processing/input"


class StoredObject(Protocol):
    """An object in a bucket."""

    @property
    def uri(self) -> str: ...

    @property
    def key(self) -> str: ...


class Machines(Protocol):
    """Instances and network of a job."""

    @property
    def instance_type(self) -> str: ...

    @property
    def instance_count(self) -> int: ...

    @property
    def volume_size_in_gb(self) -> int: ...

    @property
    def network(self) -> JobNetwork: ...


@dataclass(frozen=True, kw_only=True)
class ProcessingInput:
    """A file that SageMaker copies into the container before it starts."""

    name: str
    file: StoredObject

    @property
    def folder(self) -> str:
        return f"{_INPUTS}/{self.name}"

    @property
    def path(self) -> str:
        """Path of the file in the container."""
        return f"{self.folder}/{self.file.key.rpartition('/')[2]}"

    def render(self) -> dict[str, Any]:
        return {
            "InputName": self.name,
            "AppManaged": False,
            "S3Input": {
                "S3Uri": self.file.uri,
                "LocalPath": self.folder,
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
                "S3DataDistributionType": "FullyReplicated",
            },
        }


@dataclass(frozen=True, kw_only=True)
class ProcessingRequest:
    """A request of CreateProcessingJob, except the name of the job.

    Args:
        image_uri: URI of the container image.
        arguments: arguments of the container.
        job: instances and network.
        maximum_seconds: timeout in seconds.
        role_arn: ARN of the execution role.
        encryption_key: KMS key of the output and the volume.
        environment: environment variables of the container. Defaults to None: no variables.
        inputs: files that are copied into the container. Defaults to none.
        output_uri: S3 URI of the reports. Defaults to None: the job writes none.
        tags: tags of the jobs. Defaults to None: no tags.
    """

    image_uri: str
    arguments: Sequence[str]
    job: Machines
    maximum_seconds: int
    role_arn: str
    encryption_key: kms.IKey | None
    environment: Mapping[str, str] | None = None
    inputs: Sequence[ProcessingInput] = ()
    output_uri: str | None = None
    tags: Mapping[str, str] | None = None

    def render(self) -> dict[str, Any]:
        """Returns the members of the request, except the name of the job."""
        key = {} if self.encryption_key is None else {"KmsKeyId": self.encryption_key.key_arn}
        volume_key = {f"Volume{name}": value for name, value in key.items()}
        return {
            "AppSpecification": {
                "ImageUri": self.image_uri,
                **({"ContainerArguments": list(self.arguments)} if self.arguments else {}),
            },
            **({"Environment": dict(self.environment)} if self.environment else {}),
            **({"ProcessingInputs": [one.render() for one in self.inputs]} if self.inputs else {}),
            **self._output(key),
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": self.job.instance_count,
                    "InstanceType": self.job.instance_type,
                    "VolumeSizeInGB": self.job.volume_size_in_gb,
                    **volume_key,
                }
            },
            "NetworkConfig": self._network(),
            "RoleArn": self.role_arn,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.maximum_seconds},
            **self._tags(),
        }

    def _tags(self) -> dict[str, Any]:
        if not self.tags:
            return {}
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def _output(self, key: Mapping[str, str]) -> dict[str, Any]:
        if self.output_uri is None:
            return {}
        output = {"S3Uri": self.output_uri, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
        named = {"OutputName": "reports", "AppManaged": False, "S3Output": output}
        return {"ProcessingOutputConfig": {"Outputs": [named], **key}}

    def _network(self) -> dict[str, Any]:
        network = self.job.network
        rendered: dict[str, Any] = {
            "EnableInterContainerTrafficEncryption": network.traffic_encryption,
            "EnableNetworkIsolation": bool(network.isolation),
        }
        if network.vpc is not None:
            rendered["VpcConfig"] = {
                "SecurityGroupIds": network.security_group_ids(),
                "Subnets": network.subnet_ids(),
            }
        return rendered
