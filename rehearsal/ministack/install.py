"""Installation of the patches, and ministack's application."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ministack import app

from rehearsal.cloudformation.resource_types import ResourceType
from rehearsal.framework.gateway import Gateway
from rehearsal.framework.platform import Platform
from rehearsal.ministack import registry
from rehearsal.ministack.control_paths import without_control_paths
from rehearsal.ministack.events.metric_publisher import MetricPublisher
from rehearsal.ministack.runtime import Runtime


def install(
    platform: Platform, gateway: Gateway, resource_types: Sequence[ResourceType]
) -> Runtime:
    """Registers the services of the rehearsal, installs all patches and returns their runtime."""
    runtime = Runtime(
        platform=platform,
        gateway=gateway,
        publisher=MetricPublisher(platform),
        resource_types=resource_types,
    )
    registry.load().install(runtime)
    return runtime


def application() -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Returns ministack's ASGI application, without its control paths."""
    return without_control_paths(app.app)
