"""Defaults of the SageMaker Python SDK in Studio."""

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

_MARK = "# Written at each start of the application. A file without this line is not overwritten."
_SCRIPT = """\
#!/bin/bash
# Defaults of the SageMaker Python SDK: network, key, tags, bucket and role.
set -eu
file="${XDG_CONFIG_HOME:-$HOME/.config}/sagemaker/config.yaml"
if [ -e "$file" ] && [ "$(head -n 1 "$file")" != '%(mark)s' ]; then
    echo "$file was not written by this script: it is not overwritten" >&2
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

    A lifecycle script writes them to the configuration file of the SDK,
    `~/.config/sagemaker/config.yaml` (as JSON, which is YAML). The SDK reads it when it creates a
    session: processing jobs and pipelines then need no role, network, key or tags.

    Version 3.27 of the SDK has gaps. Its `ModelTrainer` takes role, bucket and network from the
    file, but not keys and tags: read those with
    `Session().sagemaker_config["SageMaker"]["TrainingJob"]`. Its `HyperparameterTuner` passes on
    neither the key of volumes nor the encryption of traffic: where they are required, use
    `sagemaker.core.resources.HyperParameterTuningJob`.

    The file contains no secrets. A file that was not written by the script is not overwritten.

    Args:
        role: execution role of jobs, pipelines and models, such as an `access.JobRole`. Defaults to
            None: the SDK uses the role of the caller.
        bucket: bucket of code and results. Defaults to None: the SDK creates a bucket
            `sagemaker-REGION-ACCOUNT`, which a `PersonaRole` does not allow.
        prefix: prefix of code and results, 1 to 1024 characters without leading or trailing slash.
            Defaults to `runs`.
        network: network of jobs and models; traffic between the instances of a job is encrypted.
            Defaults to None: no VPC.
        key: key of volumes and outputs. Defaults to None: AWS managed keys.
        tags: tags of all resources that the SDK creates, such as `sagemaker:project-name`. Defaults
            to no tags.
        telemetry: True if the SDK reports to AWS which functions are used; it needs internet
            access. Defaults to False.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
        problems = Problems("SdkDefaults")
        if is_known(self.prefix) and (
            not _PREFIX.fullmatch(self.prefix) or self.prefix != self.prefix.strip("/")
        ):
            problems.add(
                f"prefix: got {self.prefix!r}; allowed is a path without leading or trailing "
                "slash, such as runs"
            )
        if self.network is not None and cdk.Token.is_unresolved(self.network.subnet_ids):
            problems.add(
                "network: got a list of subnets that is a token; give a list of subnet ids"
            )
        if not (self.role or self.bucket or self.network or self.key or self.tags):
            problems.add("got no defaults; give a role, bucket, network, key or tags")
        problems.raise_if_any()

    def configuration(self) -> dict[str, Any]:
        """Returns the content of the SDK's configuration file; may contain tokens."""
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
        """Returns the lifecycle script that writes the file; may contain tokens."""
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
            # The SDK's trainer reads the encryption of traffic only from here.
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
