"""A notebook: a Python in which somebody uses the SageMaker SDK as they find it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import yaml

from tests.personas.conftest import PROJECT_TAGS, Person


@contextmanager
def notebook(person: Person) -> Iterator[None]:
    """The variables of a person's session, and the SDK's configuration in their home."""
    configuration = person.folder / "config.yaml"
    configuration.write_text(yaml.safe_dump(_defaults(person)))
    given = {**person.environment, "SAGEMAKER_USER_CONFIG_OVERRIDE": str(configuration)}
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(given)
    _forget_sessions()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget_sessions()


def _forget_sessions() -> None:
    from sagemaker.core.utils.utils import SageMakerClient

    SageMakerClient.reset()
    boto3.DEFAULT_SESSION = None


def _defaults(person: Person) -> dict[str, object]:
    outputs = person.outputs
    network = {
        "Subnets": outputs["Subnets"].split(","),
        "SecurityGroupIds": outputs["SecurityGroups"].split(","),
    }
    return {
        "SchemaVersion": "1.0",
        "SageMaker": {
            "PythonSDK": {
                "Modules": {
                    "Session": {
                        "DefaultS3Bucket": outputs["ArtifactBucketName"],
                        "DefaultS3ObjectKeyPrefix": "runs",
                    },
                    "ModelTrainer": {
                        "networking": {
                            "subnets": network["Subnets"],
                            "security_group_ids": network["SecurityGroupIds"],
                            "enable_inter_container_traffic_encryption": True,
                        }
                    },
                }
            },
            "TrainingJob": {
                "RoleArn": outputs["JobRole"],
                "VpcConfig": network,
                "OutputDataConfig": {"KmsKeyId": outputs["Key"]},
                "ResourceConfig": {"VolumeKmsKeyId": outputs["Key"]},
                "Tags": PROJECT_TAGS,
            },
            "ProcessingJob": {
                "RoleArn": outputs["JobRole"],
                "NetworkConfig": {
                    "VpcConfig": network,
                    "EnableInterContainerTrafficEncryption": True,
                },
                "ProcessingOutputConfig": {"KmsKeyId": outputs["Key"]},
                "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": outputs["Key"]}},
                "Tags": PROJECT_TAGS,
            },
            "Pipeline": {"RoleArn": outputs["JobRole"], "Tags": PROJECT_TAGS},
        },
    }
