"""The status of endpoints: their pending deployments and their events."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.events import ENDPOINT_STATUSES
from rehearsal.services.sagemaker.hosting.endpoint_rollout import Stage
from rehearsal.services.sagemaker.records import Record, now

KIND = "endpoint"
_EVENT_MEMBERS = (
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "ProductionVariants",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
)
_STATE = "SageMaker Endpoint State Change"
_DEPLOYMENT = "SageMaker Endpoint Deployment State Change"


class EndpointProgress:
    """Records and reports the status of endpoints and of their deployments.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def emit(self, scope: Scope, record: Record) -> None:
        """Emits the event of the endpoint's present status."""
        self._emit(scope, record, _STATE, _EVENT_MEMBERS)

    def set_status(self, scope: Scope, record: Record, status: str, **changes: Any) -> None:
        """Changes the status and further members of an endpoint, and emits the event."""
        with self._backend.lock:
            record.update(EndpointStatus=status, LastModifiedTime=now(), **changes)
        self.emit(scope, record)

    def show_launch(
        self, scope: Scope, record: Record, config: dict[str, Any], *, first: bool = False
    ) -> None:
        """Reports that a fleet starts.

        Args:
            scope: account and region.
            record: the endpoint.
            config: the endpoint configuration of the fleet.
            first: True for the fleet of a new endpoint, whose events report its status alone.
                Defaults to False.
        """
        count = sum(v.get("InitialInstanceCount", 0) for v in config["ProductionVariants"])
        variants = [_launched(variant) for variant in config["ProductionVariants"]]
        status = ("Creating", f"Launching {count} instance(s).")
        self._show(scope, record, config, variants, status, emit=not first)

    def show_stage(
        self,
        scope: Scope,
        record: Record,
        config: dict[str, Any],
        variants: Sequence[dict[str, Any]],
        stage: Stage,
    ) -> None:
        """Reports that a share of the new fleet has traffic."""
        full = stage.share == 1.0
        count = round(sum(v.get("DesiredInstanceCount", 0) for v in variants) * stage.share)
        what = f"{'full' if full else 'canary'} capacity of {max(count, 1)} instance(s)"
        status = ("ActivatingTraffic", f"Activating traffic on {what}.")
        if stage.wait_seconds:
            wait = "TerminationWaitInSeconds" if full else "WaitIntervalInSeconds"
            message = f"Baking for {stage.wait_seconds} seconds ({wait}) with traffic enabled on"
            status = ("Baking", f"{message} {what}.")
        self._show(scope, record, config, variants, status)

    def _show(
        self,
        scope: Scope,
        record: Record,
        config: dict[str, Any],
        variants: Sequence[dict[str, Any]],
        status: tuple[str, str],
        *,
        emit: bool = True,
    ) -> None:
        shown = {"Status": status[0], "StatusMessage": status[1], "StartTime": now()}
        with self._backend.lock:
            started = (record.get("PendingDeploymentSummary") or {}).get("StartTime") or now()
            record["PendingDeploymentSummary"] = {
                "EndpointConfigName": config["EndpointConfigName"],
                "StartTime": started,
                "ProductionVariants": [
                    {**variant, "VariantStatus": [shown]} for variant in variants
                ],
            }
        if emit:
            members = (*_EVENT_MEMBERS, "PendingDeploymentSummary")
            self._emit(scope, record, _DEPLOYMENT, members)

    def _emit(self, scope: Scope, record: Record, detail_type: str, members: Sequence[str]) -> None:
        with self._backend.lock:
            detail = {name: record[name] for name in members if record.get(name) is not None}
            detail["EndpointStatus"] = ENDPOINT_STATUSES[record["EndpointStatus"]]
            detail["Tags"] = self._backend.tags.of(record["EndpointArn"])
        self._backend.emit(scope, detail_type, detail, record["EndpointArn"])


def _launched(variant: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the PendingProductionVariantSummary of a variant whose resources are created."""
    shown: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "DesiredWeight": variant["InitialVariantWeight"],
    }
    if "InitialInstanceCount" in variant:
        shown |= {
            "CurrentInstanceCount": 0,
            "DesiredInstanceCount": variant["InitialInstanceCount"],
        }
    if "InstanceType" in variant:
        shown["InstanceType"] = variant["InstanceType"]
    if "ServerlessConfig" in variant:
        shown["DesiredServerlessConfig"] = variant["ServerlessConfig"]
    return shown
