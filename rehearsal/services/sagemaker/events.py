"""The EventBridge events of SageMaker resources.

Names and details follow "Events that Amazon SageMaker AI sends to Amazon EventBridge" in the
developer guide: jobs and endpoints carry times as epoch milliseconds, model packages and pipelines
as ISO text.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import Platform, Scope

ENDPOINT_STATUSES = {
    "Creating": "CREATING",
    "InService": "IN_SERVICE",
    "Updating": "UPDATING",
    "RollingBack": "ROLLING_BACK",
    "Deleting": "DELETING",
    "Failed": "FAILED",
    "UpdateRollbackFailed": "UPDATE_ROLLBACK_FAILED",
    "OutOfService": "OUT_OF_SERVICE",
    "SystemUpdating": "SYSTEM_UPDATING",
}


def emit(
    platform: Platform,
    scope: Scope,
    detail_type: str,
    detail: Mapping[str, Any],
    *resources: str,
    iso: bool = False,
) -> None:
    """Puts an event of source `aws.sagemaker` on the account's default bus.

    Args:
        platform: the AWS around the service.
        scope: account and region of the resource.
        detail_type: the type as the guide names it, such as `SageMaker Model Package State Change`.
        detail: the detail; times are converted.
        resources: the ARNs of the resources of the event.
        iso: True to write times as ISO 8601 text. Defaults to False: epoch milliseconds.
    """
    platform.emit_event(
        scope,
        source="aws.sagemaker",
        detail_type=detail_type,
        detail={name: plain(value, iso=iso) for name, value in detail.items()},
        resources=resources,
    )


def plain(value: Any, *, iso: bool) -> Any:
    """Returns a value as JSON has it."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if iso else int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {name: plain(item, iso=iso) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, iso=iso) for item in value]
    return value
