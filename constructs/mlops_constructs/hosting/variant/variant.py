"""What production variants on instances have in common."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._instance_type import has_local_storage, is_instance_type
from mlops_constructs._problems import is_known, outside
from mlops_constructs.hosting._names import name_problems

from .variant_options import CoreDumps, PrefixRouting

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
    """The one that answered the same beginning of a prompt before; needs `prefix_routing`."""


_RESERVATION = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:\d{12}:[a-z0-9-]{1,14}/.+")


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
    prefix_routing: PrefixRouting | None = None
    core_dumps: CoreDumps | None = None
    ssm_access: bool = False
    capacity_reservation: str | None = None

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
        found += self._option_problems()
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

    def _option_problems(self) -> list[str]:
        found = self.prefix_routing.problems() if self.prefix_routing is not None else []
        found += self.core_dumps.problems() if self.core_dumps is not None else []
        by_prefix = self.routing is Routing.PREFIX_AWARE
        if by_prefix and self.prefix_routing is None:
            found.append(
                "routing: got PREFIX_AWARE without prefix_routing, which AWS needs for it; give "
                "PrefixRouting(prefix_length=…, concurrency_threshold=…)"
            )
        if not by_prefix and self.prefix_routing is not None:
            found.append(
                "prefix_routing: got it without Routing.PREFIX_AWARE; give that routing, or leave "
                "it out"
            )
        reservation = self.capacity_reservation
        known = reservation is not None and is_known(reservation)
        if known and not _RESERVATION.fullmatch(str(reservation)):
            found.append(
                f"capacity_reservation: got {reservation!r}; allowed is the ARN of a reservation "
                "or training plan of SageMaker"
            )
        return found

    def _routing(self) -> sagemaker.CfnEndpointConfig.RoutingConfigProperty | None:
        if self.routing is None:
            return None
        return sagemaker.CfnEndpointConfig.RoutingConfigProperty(
            routing_strategy=self.routing,
            prefix_aware_routing_config=self.prefix_routing.render()
            if self.prefix_routing is not None
            else None,
        )

    def instance_properties(self) -> dict[str, Any]:
        """Members of a ProductionVariant, the model's left out."""
        reservation = sagemaker.CfnEndpointConfig.CapacityReservationConfigProperty
        return {
            "variant_name": self.name,
            "instance_type": self.instance_type,
            "volume_size_in_gb": self.volume_gb,
            "routing_config": self._routing(),
            "core_dump_config": self.core_dumps.render() if self.core_dumps is not None else None,
            "enable_ssm_access": self.ssm_access or None,
            "capacity_reservation_config": reservation(
                capacity_reservation_preference="capacity-reservations-only",
                ml_reservation_arn=self.capacity_reservation,
            )
            if self.capacity_reservation is not None
            else None,
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
