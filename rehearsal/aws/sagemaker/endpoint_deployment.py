"""The work behind endpoints: starting fleets, moving traffic to them, rolling back."""

from __future__ import annotations

import logging
from typing import Any

from rehearsal.aws.platform import Platform, Scope
from rehearsal.aws.sagemaker import models
from rehearsal.aws.sagemaker.data_capture import DataCapture
from rehearsal.aws.sagemaker.data_plane import DataPlane, ServerRun, reason_of
from rehearsal.aws.sagemaker.endpoint_configs import EndpointConfigs
from rehearsal.aws.sagemaker.endpoint_registry import Fleet, LiveEndpoint, Variant, registry_of
from rehearsal.aws.sagemaker.endpoint_rollout import Rollout
from rehearsal.aws.sagemaker.endpoint_variants import reached, summary
from rehearsal.aws.sagemaker.events import ENDPOINT_STATUSES
from rehearsal.aws.sagemaker.records import Record, now

_LOG = logging.getLogger(__name__)
_EVENT_MEMBERS = (
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "ProductionVariants",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
)
ALARM_POLL_SECONDS = 1.0
WAIT_COMPRESSION = 60
"""How much faster than in AWS the waits of a rollout pass: a minute of baking is a second."""


class RolledBackError(Exception):
    """An update must be undone; the text is its FailureReason."""


class EndpointDeployments(EndpointConfigs):
    """Deploys endpoint configurations on worker threads."""

    data_plane: DataPlane

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.registry = registry_of(platform)
        self.on_close(self.registry.close)

    def deploy_new(self, scope: Scope, record: Record, config: dict[str, Any]) -> None:
        """Starts the first fleet of an endpoint."""
        try:
            fleet, variants = self._start_fleet(scope, record["EndpointName"], config)
        except Exception as error:  # whatever it is, the endpoint must settle and say why
            self._settle(scope, record, "Failed", FailureReason=reason_of(error))
            return
        self.registry.add(LiveEndpoint(record["EndpointName"], scope, fleet))
        self._settle(scope, record, "InService", **_serving(config, variants))

    def deploy_update(
        self, scope: Scope, record: Record, config: dict[str, Any], plan: Rollout
    ) -> None:
        """Starts a second fleet, moves the traffic to it and ends the first; or keeps the first."""
        name = record["EndpointName"]
        live = self.registry.get(scope, name)
        if live is None:
            self._settle(scope, record, "Failed", FailureReason="The endpoint has no fleet.")
            return
        try:
            fleet, variants = self._start_fleet(scope, name, config)
        except Exception as error:  # whatever it is, the old fleet keeps serving
            self._settle(scope, record, "InService", FailureReason=reason_of(error))
            return
        try:
            self._shift(scope, live, fleet, plan)
        except RolledBackError as reason:
            self._set(scope, record, "RollingBack")
            live.shift(None, 0.0)
            fleet.stop()
            self._settle(scope, record, "InService", FailureReason=str(reason))
            return
        live.promote().stop()
        self._settle(scope, record, "InService", **_serving(config, variants))

    def apply_desired(self, scope: Scope, record: Record) -> None:
        """Gives the variants their desired weights and counts."""
        variants = [reached(variant) for variant in record["ProductionVariants"]]
        live = self.registry.get(scope, record["EndpointName"])
        weights = {variant["VariantName"]: variant["CurrentWeight"] for variant in variants}
        for variant in live.fleet.variants if live else ():
            variant.weight = weights[variant.name]
        self._settle(scope, record, "InService", ProductionVariants=variants)

    def emit_endpoint(self, scope: Scope, record: Record) -> None:
        """The event of the endpoint's present status."""
        with self.lock:
            detail = {name: record[name] for name in _EVENT_MEMBERS if name in record}
            detail["EndpointStatus"] = ENDPOINT_STATUSES[record["EndpointStatus"]]
            detail["Tags"] = dict(self._tags.get(record["EndpointArn"], {}))
        self.emit(scope, "SageMaker Endpoint State Change", detail, record["EndpointArn"])

    def _start_fleet(
        self, scope: Scope, endpoint: str, config: dict[str, Any]
    ) -> tuple[Fleet, list[dict[str, Any]]]:
        """A fleet that answers, and its variants as Describe shows them."""
        started: list[Variant] = []
        summaries = []
        try:
            for variant in config["ProductionVariants"]:
                server, images = self._start_variant(scope, endpoint, variant)
                started.append(
                    Variant(variant["VariantName"], server, variant["InitialVariantWeight"])
                )
                summaries.append(summary(variant, images))
            capture = self._capture(scope, endpoint, config)
        except BaseException:
            for variant_server in started:
                variant_server.server.stop()
            raise
        return Fleet(config["EndpointConfigName"], tuple(started), capture), summaries

    def _start_variant(
        self, scope: Scope, endpoint: str, variant: dict[str, Any]
    ) -> tuple[Any, list[tuple[str, str]]]:
        model = self.find(scope, models.KIND, variant["ModelName"], operation="CreateEndpoint")
        containers = model["_containers"]
        source_arn = scope.arn("sagemaker", f"endpoint/{endpoint}")
        credentials = self.assume(model["ExecutionRoleArn"], source_arn)
        session = self.platform.session(credentials, scope.region)
        images = [
            (container["Image"], self.data_plane.resolve_image(session, container["Image"]))
            for container in containers
        ]
        server = self.data_plane.model_server(
            ServerRun(
                endpoint=endpoint,
                variant=variant["VariantName"],
                scope=scope,
                containers=containers,
                session=session,
                environment=self.platform.environment(credentials, scope.region),
                network_isolation=bool(model.get("EnableNetworkIsolation")),
                startup_timeout=variant.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            )
        )
        server.start()
        return server, images

    def _capture(self, scope: Scope, endpoint: str, config: dict[str, Any]) -> DataCapture | None:
        capture = config.get("DataCaptureConfig")
        if not capture or not capture.get("EnableCapture", True):
            return None
        first = config["ProductionVariants"][0]["ModelName"]
        model = self.find(scope, models.KIND, first, operation="CreateEndpoint")
        source_arn = scope.arn("sagemaker", f"endpoint/{endpoint}")
        session = self.role_session(scope, model["ExecutionRoleArn"], source_arn)
        return DataCapture(endpoint, capture, session)

    def _shift(self, scope: Scope, live: LiveEndpoint, fleet: Fleet, plan: Rollout) -> None:
        """Moves traffic stage by stage. Raises RolledBackError when an alarm goes off."""
        for stage in plan.stages:
            live.shift(fleet, stage.share)
            waited = 0.0
            while waited < stage.wait_seconds:
                self._check_alarms(scope, plan)
                if self.workers.closing.wait(ALARM_POLL_SECONDS):
                    raise RolledBackError("The service ended during the update.")
                waited += ALARM_POLL_SECONDS * WAIT_COMPRESSION
        self._check_alarms(scope, plan)

    def _check_alarms(self, scope: Scope, plan: Rollout) -> None:
        if not plan.alarms:
            return
        client = self.service_session(scope).client("cloudwatch")
        answer = client.describe_alarms(AlarmNames=list(plan.alarms), StateValue="ALARM")
        ringing = [alarm["AlarmName"] for alarm in answer.get("MetricAlarms", ())]
        if ringing:
            reason = "One or more alarms have been triggered during endpoint deployment: "
            raise RolledBackError(reason + ", ".join(sorted(ringing)))

    def _set(self, scope: Scope, record: Record, status: str, **changes: Any) -> None:
        with self.lock:
            record.update(EndpointStatus=status, LastModifiedTime=now(), **changes)
        self.emit_endpoint(scope, record)

    def _settle(self, scope: Scope, record: Record, status: str, **changes: Any) -> None:
        """The end of a deployment: a stop that came meanwhile (the service ends) is left alone."""
        if "FailureReason" in changes:
            _LOG.info("endpoint %s: %s", record["EndpointName"], changes["FailureReason"])
        self._set(scope, record, status, **changes)


def _serving(config: dict[str, Any], variants: list[dict[str, Any]]) -> dict[str, Any]:
    """What Describe shows of the configuration in service."""
    serving: dict[str, Any] = {
        "EndpointConfigName": config["EndpointConfigName"],
        "ProductionVariants": variants,
        "DataCaptureConfig": None,
    }
    capture = config.get("DataCaptureConfig")
    if capture:
        enabled = capture.get("EnableCapture", True)
        serving["DataCaptureConfig"] = {
            "EnableCapture": enabled,
            "CaptureStatus": "Started" if enabled else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return serving
