"""The objects of the running server that patches use."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rehearsal.cloudformation.resource_handler import ResourceHandler
from rehearsal.cloudformation.resource_types import ResourceType
from rehearsal.framework.gateway import Gateway
from rehearsal.framework.platform import Platform
from rehearsal.ministack.events.metric_publisher import MetricPublisher


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """The objects that `Registry.install` hands to the patches.

    Args:
        platform: the AWS around the services.
        gateway: the gateway of the rehearsal's services.
        publisher: the publisher of the services' own metrics.
        resource_types: the CloudFormation types of the rehearsal's services.
    """

    platform: Platform
    gateway: Gateway
    publisher: MetricPublisher
    resource_types: Sequence[ResourceType]

    @cached_property
    def signing_names(self) -> tuple[str, ...]:
        """The signing names of the rehearsal's services."""
        return tuple(self.gateway.target_prefixes)

    @cached_property
    def resource_handlers(self) -> dict[str, ResourceHandler]:
        """The handlers of the resource types, by the name of the type."""
        return {one.type_name: ResourceHandler(one) for one in self.resource_types}

    @cached_property
    def type_names(self) -> frozenset[str]:
        """The names of the resource types."""
        return frozenset(one.type_name for one in self.resource_types)
