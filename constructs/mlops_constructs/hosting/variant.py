"""What production variants on instances have in common."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._instance_type import has_local_storage, is_instance_type
from mlops_constructs._problems import is_known, outside

from .names import name_problems

DEFAULT_VARIANT_NAME = "AllTraffic"


class Routing(StrEnum):
    """Which instance gets a request.

    Source: ProductionVariantRoutingConfig of SageMaker's API reference.
    """

    LEAST_OUTSTANDING_REQUESTS = "LEAST_OUTSTANDING_REQUESTS"
    """The one with most room; best where answers take unequally long."""

    RANDOM = "RANDOM"
    """Any of them."""

    PREFIX_AWARE = "PREFIX_AWARE"
    """The one that answered the same beginning of a prompt before."""


@dataclass(frozen=True, kw_only=True)
class InstanceVariant:
    """A variant on instances. The subclasses say what its parameters mean."""

    instance_type: str
    name: str = DEFAULT_VARIANT_NAME
    volume_gb: int | None = None
    routing: Routing | None = None
    inference_ami_version: str | None = None
    startup_timeout: cdk.Duration | None = None
    model_download_timeout: cdk.Duration | None = None

    def instance_problems(self) -> list[str]:
        """What AWS would refuse of the instances."""
        found = name_problems("name", self.name)
        if is_known(self.instance_type) and not is_instance_type(self.instance_type):
            found.append(
                f"instance_type: got {self.instance_type!r}; allowed is ml.<family>.<size>, such "
                "as ml.m7i.large"
            )
        found += timeout_problems(
            startup_timeout=self.startup_timeout,
            model_download_timeout=self.model_download_timeout,
        )
        if outside(self.volume_gb, 1, 512):
            found.append(f"volume_gb: got {self.volume_gb}; allowed are 1 to 512")
        if (
            self.volume_gb is not None
            and is_known(self.instance_type)
            and has_local_storage(self.instance_type)
        ):
            found.append(
                f"volume_gb: got it with {self.instance_type}, whose local NVMe disks AWS uses "
                "instead; leave it out, or use a type without local disks"
            )
        return found

    def instance_properties(self) -> dict[str, Any]:
        """Members of a ProductionVariant, the model's left out."""
        routing = sagemaker.CfnEndpointConfig.RoutingConfigProperty
        return {
            "variant_name": self.name,
            "instance_type": self.instance_type,
            "volume_size_in_gb": self.volume_gb,
            "routing_config": routing(routing_strategy=self.routing) if self.routing else None,
            "inference_ami_version": self.inference_ami_version,
            "container_startup_health_check_timeout_in_seconds": seconds(self.startup_timeout),
            "model_data_download_timeout_in_seconds": seconds(self.model_download_timeout),
        }


def timeout_problems(**timeouts: cdk.Duration | None) -> list[str]:
    """What AWS would refuse of the time in which containers have to start."""
    return [
        f"{name}: got {length} seconds; allowed are 60 to 3600"
        for name, timeout in timeouts.items()
        if outside(length := seconds(timeout), 60, 3600)
    ]


def seconds(duration: cdk.Duration | None) -> int | None:
    """The length of a duration that is known."""
    if duration is None or duration.is_unresolved():
        return None
    return int(duration.to_seconds())
