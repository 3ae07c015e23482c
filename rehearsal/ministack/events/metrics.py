"""Metrics of ministack's services, published through the service that serves CloudWatch."""

from collections.abc import Mapping

from rehearsal.ministack.registry import PERMANENT, patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime


@patch(
    "ministack.services.cloudwatch:record_metric",
    why="Metrics of Lambda would go to ministack's CloudWatch, which no request reaches.",
    until=PERMANENT,
)
def record_metric(
    previous: object,
    namespace: str,
    metric_name: str,
    value: float,
    unit: str = "None",
    dimensions: Mapping[str, str] | None = None,
    *,
    runtime: Runtime,
) -> None:
    runtime.publisher.put(
        current_scope(), namespace, metric_name, value, unit=unit, dimensions=dimensions
    )
