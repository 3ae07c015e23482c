"""Production variants on instances: their common settings."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._instance_type import has_local_storage, is_instance_type
from mlops_constructs._problems import is_known, outside
from mlops_constructs.hosting._names import name_problems

from .variant_options import CoreDumpConfig, PrefixAwareRouting

DEFAULT_VARIANT_NAME = "AllTraffic"


class RoutingStrategy(StrEnum):
    """Strategies that select the instance of a request.

    Source: ProductionVariantRoutingConfig of SageMaker's API reference.
    """

    LEAST_OUTSTANDING_REQUESTS = "LEAST_OUTSTANDING_REQUESTS"
    """The instance with the fewest open requests; best if response times vary."""

    RANDOM = "RANDOM"
    """A random instance."""

    PREFIX_AWARE = "PREFIX_AWARE"
    """The instance that served the same prompt prefix before; requires `prefix_routing`."""


_RESERVATION = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:\d{12}:[a-z0-9-]{1,14}/.+")


@dataclass(frozen=True, kw_only=True)
class InstanceVariant:
    """A variant on instances, the base of all variants that have them.

    Args:
        instance_type: instance type, for example `ml.m7i.large`.
        name: name of the variant, 1 to 63 letters, digits and hyphens. Defaults to `AllTraffic`.
        volume_gb: size of the EBS volume of each instance in GB, 1 to 512. Defaults to None: AWS
            chooses the size. Types with local NVMe disks accept no size.
        routing: strategy that selects the instance of a request. Defaults to None: AWS selects one
            at random.
        inference_ami_version: version of the AMI, which determines the GPU drivers. Defaults to
            None: AWS chooses the version.
        startup_timeout: time in which the container must pass its first health check, 1 to 60
            minutes. Defaults to None: the default of AWS.
        model_download_timeout: time in which the model data must be downloaded, 1 to 60 minutes.
            Defaults to None: the default of AWS.
        prefix_routing: settings of `RoutingStrategy.PREFIX_AWARE`, which requires them. Defaults to
            None: no other strategy has settings.
        core_dumps: destination of the core dumps of crashed containers. Defaults to None: no core
            dump is kept.
        ssm_access: True lets users with permissions for Systems Manager open a shell in the
            containers, which bypasses the network isolation of a model. Defaults to False.
        capacity_reservation: ARN of a reservation or training plan, whose capacity is then the only
            one that the instances use. Defaults to None: on-demand instances.
    """

    instance_type: str
    name: str = DEFAULT_VARIANT_NAME
    volume_gb: int | None = None
    routing: RoutingStrategy | None = None
    inference_ami_version: str | None = None
    startup_timeout: cdk.Duration | None = None
    model_download_timeout: cdk.Duration | None = None
    prefix_routing: PrefixAwareRouting | None = None
    core_dumps: CoreDumpConfig | None = None
    ssm_access: bool = False
    capacity_reservation: str | None = None

    def instance_problems(self) -> list[str]:
        """Validates the instances; returns one message per problem."""
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
                f"volume_gb: got a size for {self.instance_type}, whose local NVMe disks AWS uses "
                "instead; remove it, or use a type without local disks"
            )
        return found

    def _option_problems(self) -> list[str]:
        found = self.prefix_routing.problems() if self.prefix_routing is not None else []
        found += self.core_dumps.problems() if self.core_dumps is not None else []
        by_prefix = self.routing is RoutingStrategy.PREFIX_AWARE
        if by_prefix and self.prefix_routing is None:
            found.append(
                "routing: got PREFIX_AWARE without prefix_routing, which AWS requires; give "
                "PrefixAwareRouting(prefix_length=…, concurrency_threshold=…)"
            )
        if not by_prefix and self.prefix_routing is not None:
            found.append(
                "prefix_routing: requires RoutingStrategy.PREFIX_AWARE; give that routing, or "
                "remove prefix_routing"
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
        """Returns the members of a ProductionVariant, except those of the model."""
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
    """Validates timeouts of containers; returns one message per problem."""
    return [
        f"{name}: got {length} seconds; allowed are 60 to 3600"
        for name, timeout in timeouts.items()
        if outside(length := seconds(timeout), 60, 3600)
    ]


def seconds(duration: cdk.Duration | None) -> int | None:
    """Returns the length of a duration in seconds, or None while it is unknown."""
    if duration is None or duration.is_unresolved():
        return None
    return int(duration.to_seconds())
