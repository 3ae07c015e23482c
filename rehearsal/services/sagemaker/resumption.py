"""SageMaker after a start of the server: what ran has failed, what serves starts again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.framework.service import INTERRUPTED
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.hosting.components.inference_components import InferenceComponents
from rehearsal.services.sagemaker.hosting.components.placement import KIND as COMPONENT
from rehearsal.services.sagemaker.hosting.components.placement import ComponentPlacement
from rehearsal.services.sagemaker.hosting.endpoints import Endpoints
from rehearsal.services.sagemaker.records import Record, now

# The ends of operations that a worker of the earlier server ran, by the member of the status.
_ENDS = {
    "FeatureGroupStatus": {"Creating": "CreateFailed", "Deleting": "DeleteFailed"},
    "ProjectStatus": {
        "Pending": "CreateFailed",
        "CreateInProgress": "CreateFailed",
        "UpdateInProgress": "UpdateFailed",
        "DeleteInProgress": "DeleteFailed",
    },
    "ModelPackageStatus": {"Pending": "Failed", "InProgress": "Failed", "Deleting": "Failed"},
    "MonitoringExecutionStatus": {
        "Pending": "Failed",
        "InProgress": "Failed",
        "Stopping": "Stopped",
    },
    "HubStatus": {
        "Creating": "CreateFailed",
        "Updating": "UpdateFailed",
        "Deleting": "DeleteFailed",
    },
    "HubContentStatus": {"Importing": "ImportFailed", "Deleting": "DeleteFailed"},
    "ImageStatus": {
        "CREATING": "CREATE_FAILED",
        "UPDATING": "UPDATE_FAILED",
        "DELETING": "DELETE_FAILED",
    },
    "ImageVersionStatus": {"CREATING": "CREATE_FAILED", "DELETING": "DELETE_FAILED"},
    # Of domains, user profiles, spaces and apps.
    "Status": {
        "Pending": "Failed",
        "Updating": "Update_Failed",
        "Deleting": "Delete_Failed",
        "Creating": "CreateFailed",
    },
}


def end_operations(backend: Backend) -> list[str]:
    """Ends the operations of resources that an earlier server has not completed; returns them."""
    found = []
    with backend.lock:
        for records in backend.records.kinds():
            for name, record in records.items():
                for member, ends in _ENDS.items():
                    end = ends.get(str(record.get(member)))
                    if end:
                        record.update({member: end, "FailureReason": INTERRUPTED})
                        record["LastModifiedTime"] = now()
                        found.append(f"{name}: {end}")
    return found


def start_endpoints(
    backend: Backend,
    endpoints: Endpoints,
    components: InferenceComponents,
    placement: ComponentPlacement,
) -> None:
    """Starts the servers of all endpoints again, on worker threads."""
    with backend.lock:
        for _, record in backend.records.everywhere(COMPONENT):
            status = record["InferenceComponentStatus"]
            if status in ("Creating", "Deleting"):
                record.update(InferenceComponentStatus="Failed", FailureReason=INTERRUPTED)
            elif status != "Failed":
                record["InferenceComponentStatus"] = "Updating"
    for scope, record in endpoints.resume():
        backend.workers.start(
            f"restart endpoint {record['EndpointName']}",
            _restart(scope, record, endpoints, components, placement),
        )


def _restart(
    scope: Scope,
    record: Record,
    endpoints: Endpoints,
    components: InferenceComponents,
    placement: ComponentPlacement,
) -> Callable[[], None]:
    def run() -> None:
        if not endpoints.restart(scope, record):
            return
        hosted: list[dict[str, Any]] = placement.on(scope, record["EndpointName"])
        # An adapter needs the component below it.
        for component in sorted(hosted, key=lambda one: _is_adapter(placement, scope, one)):
            if component["InferenceComponentStatus"] == "Updating":
                components.restart(scope, component)

    return run


def _is_adapter(placement: ComponentPlacement, scope: Scope, record: Record) -> bool:
    name = record["InferenceComponentName"]
    return "BaseInferenceComponentName" in placement.specification(scope, name)
