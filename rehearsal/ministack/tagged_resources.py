"""The resources of the rehearsal's services in the Resource Groups Tagging API.

Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from collections.abc import Callable, Iterator

from rehearsal.ministack.registry import PERMANENT, patch_value
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime

Collector = Callable[[], Iterator[tuple[str, list[dict[str, str]]]]]
# The service in the ARNs of Service Catalog's resources.
_CATALOG = "catalog"


@patch_value(
    "ministack.services.tagging:_COLLECTORS",
    why="GetResources, GetTagKeys and GetTagValues know the resources of ministack only.",
    until=PERMANENT,
)
def collectors(previous: dict[str, Collector], *, runtime: Runtime) -> dict[str, Collector]:
    """Adds the tags of the rehearsal's services to those that ministack collects."""

    def collect() -> Iterator[tuple[str, list[dict[str, str]]]]:
        scope = current_scope()
        for service in runtime.gateway.services:
            for arn, tags in service.tags.everywhere().items():
                region, account = arn.split(":")[3:5]
                if account == scope.account and region in (scope.region, ""):
                    yield arn, [{"Key": key, "Value": value} for key, value in tags.items()]

    names = [service.namespace for service in runtime.gateway.services]
    return {**previous, **dict.fromkeys([*names, _CATALOG], collect)}
