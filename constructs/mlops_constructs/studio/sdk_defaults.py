"""What the SageMaker Python SDK fills in, so that nobody types it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access._job_guard import JobNetwork

_MARK = "# Written whenever the application starts. A file without this line is left alone."
_SCRIPT = """\
#!/bin/bash
# Defaults of the SageMaker Python SDK: network, key, tags, bucket and role of this team.
set -eu
file="${XDG_CONFIG_HOME:-$HOME/.config}/sagemaker/config.yaml"
if [ -e "$file" ] && [ "$(head -n 1 "$file")" != '%(mark)s' ]; then
    echo "$file is somebody's own: the defaults of the team are not written" >&2
else
    mkdir -p "$(dirname "$file")"
    cat > "$file" <<'DEFAULTS'
%(mark)s
%(defaults)s
DEFAULTS
fi
"""
_PREFIX = re.compile(r"[\w!.*'()/-]{1,1024}")


@dataclass(frozen=True, kw_only=True)
class SdkDefaults:
    """Defines the defaults of the SageMaker Python SDK in Studio.

    A lifecycle script writes them to the SDK's configuration file, which is
    `~/.config/sagemaker/config.yaml` (JSON, which is YAML). The SDK reads it whenever it makes a
    session: processing jobs and pipelines then need no role, network, key or tags.

    Version 3.27 of the SDK leaves gaps. Its `ModelTrainer` takes role, bucket and network from the
    file, and not the keys and tags: read those with
    `Session().sagemaker_config["SageMaker"]["TrainingJob"]`. Its `HyperparameterTuner` passes on
    neither the key of volumes nor the encryption of traffic: where they are demanded, tune with
    `sagemaker.core.resources.HyperParameterTuningJob`.

    Nothing in the file is secret. A file that a person wrote is left alone.

    Args:
        role: with which jobs, pipelines and models run, such as an `access.JobRole`. Left out: the
            SDK takes the role of whoever calls.
        bucket: where the SDK puts code and results. Left out: it makes a bucket
            `sagemaker-REGION-ACCOUNT`, which people of `PersonaRole` may not.
        prefix: below which it puts them.
        network: where jobs and models run; the traffic between instances of a job is encrypted.
            Left out: in no VPC.
        key: encrypts volumes and outputs. Left out: keys of AWS do.
        tags: of whatever the SDK creates, such as `sagemaker:project-name` of the project.
        telemetry: whether the SDK tells AWS which functions are used, which needs the internet.

    Raises:
        ValueError: with every problem of the input.

    Source: "Configuring and using defaults with the SageMaker Python SDK" in its documentation.

    Example:
        ```python
        SdkDefaults(
            role=role, bucket=bucket, key=key, tags={"sagemaker:project-name": "churn"}
        )
        ```
    """

    role: iam.IRole | None = None
    bucket: s3.IBucket | None = None
    prefix: str = "runs"
    network: JobNetwork | None = None
    key: kms.IKey | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    telemetry: bool = False

    def __post_init__(self) -> None:
        problems = Problems("the defaults of the SDK")
        if is_known(self.prefix) and (
            not _PREFIX.fullmatch(self.prefix) or self.prefix != self.prefix.strip("/")
        ):
            problems.add(
                f"prefix is {self.prefix!r}; allowed is a path without slashes around it, such as "
                "runs"
            )
        if self.network is not None and cdk.Token.is_unresolved(self.network.subnet_ids):
            problems.add(
                "network has a list of subnets that only the deployment knows; give the ids one by "
                "one"
            )
        if not (self.role or self.bucket or self.network or self.key or self.tags):
            problems.add("they are empty; give a role, bucket, network, key or tags")
        problems.raise_if_any()

    def configuration(self) -> dict[str, Any]:
        """The content of the SDK's configuration file; may hold tokens."""
        role, tags = self._role(), self._tags()
        vpc = {"VpcConfig": self._vpc} if self.network else {}
        encrypted = {"EnableInterContainerTrafficEncryption": True} if self.network else {}
        network = {"NetworkConfig": {**vpc, **encrypted}} if self.network else {}
        key = self.key.key_arn if self.key else None
        output, volume = _with("KmsKeyId", key), _with("VolumeKmsKeyId", key)
        sections: dict[str, dict[str, Any]] = {
            "PythonSDK": {"Modules": self._modules()},
            "TrainingJob": {
                **role,
                **vpc,
                **encrypted,
                **_section("OutputDataConfig", output),
                **_section("ResourceConfig", volume),
                **tags,
            },
            "ProcessingJob": {
                **role,
                **network,
                **_section("ProcessingOutputConfig", output),
                **_section("ProcessingResources", _section("ClusterConfig", volume)),
                **tags,
            },
            "TransformJob": {
                **_section("TransformOutput", output),
                **_section("TransformResources", volume),
                **tags,
            },
            "Pipeline": {**role, **tags},
            "Model": {**({"ExecutionRoleArn": role["RoleArn"]} if role else {}), **vpc, **tags},
            "EndpointConfig": {**output, **tags},
            "Endpoint": tags,
        }
        return {
            "SchemaVersion": "1.0",
            "SageMaker": {name: section for name, section in sections.items() if section},
        }

    def text(self) -> str:
        """The lifecycle script that writes the file; may hold tokens."""
        defaults = json.dumps(self.configuration(), indent=1)
        return _SCRIPT % {"mark": _MARK, "defaults": defaults}

    @property
    def _vpc(self) -> dict[str, list[str]]:
        network = self.network
        if network is None:
            return {}
        return {
            "SecurityGroupIds": list(network.security_group_ids),
            "Subnets": list(network.subnet_ids),
        }

    def _role(self) -> dict[str, str]:
        return {"RoleArn": self.role.role_arn} if self.role else {}

    def _tags(self) -> dict[str, list[dict[str, str]]]:
        tags = [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())]
        return {"Tags": tags} if tags else {}

    def _modules(self) -> dict[str, Any]:
        modules: dict[str, Any] = {"TelemetryOptOut": not self.telemetry}
        if self.bucket is not None:
            modules["Session"] = {
                "DefaultS3Bucket": self.bucket.bucket_name,
                "DefaultS3ObjectKeyPrefix": self.prefix,
            }
        if self.network is not None:
            # The only place where the SDK's trainer looks for the encryption of traffic.
            modules["ModelTrainer"] = {
                "networking": {
                    "enable_inter_container_traffic_encryption": True,
                    "security_group_ids": self._vpc["SecurityGroupIds"],
                    "subnets": self._vpc["Subnets"],
                }
            }
        return modules


def _with(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}


def _section(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: dict(content)} if content else {}
