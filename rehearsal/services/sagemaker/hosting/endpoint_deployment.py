"""The work behind endpoints: starting fleets, moving traffic to them, rolling back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.framework.platform import Platform, Scope
from rehearsal.services.sagemaker.data_plane import reason_of
from rehearsal.services.sagemaker.hosting.asynchronous.inference import answer_request
from rehearsal.services.sagemaker.hosting.asynchronous.queue import (
    DEFAULT_CONCURRENCY,
    AsyncQueue,
    AsyncRequest,
)
from rehearsal.services.sagemaker.hosting.endpoint_progress import EndpointProgress
from rehearsal.services.sagemaker.hosting.endpoint_registry import LiveEndpoint, registry_of
from rehearsal.services.sagemaker.hosting.endpoint_rollout import Rollout, Stage
from rehearsal.services.sagemaker.hosting.endpoint_utilization import PUBLISH_SECONDS, Utilization
from rehearsal.services.sagemaker.hosting.endpoint_variants import reached, stayed
from rehearsal.services.sagemaker.records import Record

_LOG = logging.getLogger(__name__)
ALARM_POLL_SECONDS = 1.0
WAIT_COMPRESSION = 60
"""How much faster than in AWS the waits of a rollout pass: a minute of baking is a second."""


class RolledBackError(Exception):
    """An update must be undone; the text is its FailureReason."""


class EndpointDeployments(EndpointProgress):
    """Deploys endpoint configurations on worker threads."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.registry = registry_of(platform)
        self.on_close(self.registry.close)

    def measure_endpoints(self) -> None:
        """Publishes what the servers of endpoints use, until the service ends."""
        utilization = Utilization(self.registry.metrics)
        while not self.workers.closing.wait(PUBLISH_SECONDS):
            utilization.measure(self.registry.live())

    def deploy_new(self, scope: Scope, record: Record, config: dict[str, Any]) -> None:
        """Starts the first fleet of an endpoint."""
        try:
            fleet, variants = self.start_fleet(scope, record["EndpointName"], config)
        except Exception as error:  # whatever it is, the endpoint must settle and say why
            self._settle(scope, record, "Failed", FailureReason=reason_of(error))
            return
        live = LiveEndpoint(record["EndpointName"], scope, fleet)
        if fleet.asynchronous is not None:
            live.queue = self._queue(live)
        self.registry.add(live)
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
        self.show_launch(scope, record, config)
        try:
            fleet, variants = self.start_fleet(scope, name, config)
        except Exception as error:  # whatever it is, the old fleet keeps serving
            self._settle(scope, record, "InService", FailureReason=reason_of(error))
            return

        def enter(stage: Stage) -> None:
            live.shift(fleet, stage.share)
            self.show_stage(scope, record, config, variants["ProductionVariants"], stage)

        try:
            self.roll(scope, plan, enter)
        except RolledBackError as reason:
            self.set_endpoint(scope, record, "RollingBack")
            live.shift(None, 0.0)
            fleet.stop()
            self._settle(scope, record, "InService", FailureReason=str(reason))
            return
        live.promote().stop()
        self._settle(scope, record, "InService", **_serving(config, variants))
        if live.queue is not None:
            live.queue.wake()

    def apply_desired(self, scope: Scope, record: Record) -> None:
        """Gives the variants their desired weights, counts and serverless settings."""
        wanted = {variant["VariantName"]: variant for variant in record["ProductionVariants"]}
        live = self.registry.get(scope, record["EndpointName"])
        try:
            for variant in live.fleet.variants if live else ():
                change = wanted[variant.name]
                variant.weight = change["DesiredWeight"]
                variant.serverless = change.get("DesiredServerlessConfig")
                if variant.replicas is not None and "DesiredInstanceCount" in change:
                    variant.replicas.scale(change["DesiredInstanceCount"])
        except Exception as error:  # whatever it is, the endpoint must settle and say why
            kept = [stayed(variant) for variant in wanted.values()]
            reason = reason_of(error)
            self._settle(scope, record, "InService", ProductionVariants=kept, FailureReason=reason)
            return
        variants = [reached(variant) for variant in wanted.values()]
        self._settle(scope, record, "InService", ProductionVariants=variants)
        if live is not None and live.queue is not None:
            live.queue.wake()

    def _queue(self, live: LiveEndpoint) -> AsyncQueue:
        """The queue of an asynchronous endpoint, which outlives its fleets."""
        metrics = self.registry.metrics

        def process(request: AsyncRequest) -> None:
            answer_request(live, metrics, topic_key, request)

        def topic_key(topic: str) -> str | None:
            sns = self.service_session(live.scope).client("sns")
            attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
            key: str | None = attributes.get("KmsMasterKeyId")
            return key

        def concurrency() -> int:
            client = (live.fleet.asynchronous or {}).get("ClientConfig", {})
            return int(client.get("MaxConcurrentInvocationsPerInstance", DEFAULT_CONCURRENCY))

        def instances() -> int:
            return sum(v.replicas.count for v in live.fleet.variants if v.replicas is not None)

        return AsyncQueue(
            live.name,
            live.scope,
            instances=instances,
            concurrency=concurrency,
            process=process,
            metrics=metrics,
        )

    def roll(self, scope: Scope, plan: Rollout, enter: Callable[[Stage], None]) -> None:
        """Moves traffic stage by stage. Raises RolledBackError when an alarm goes off."""
        for stage in plan.stages:
            enter(stage)
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
        kinds = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}
        answer = client.describe_alarms(
            AlarmNames=list(plan.alarms), AlarmTypes=list(kinds), StateValue="ALARM"
        )
        ringing = [
            alarm["AlarmName"] for member in kinds.values() for alarm in answer.get(member, ())
        ]
        if ringing:
            reason = "One or more alarms have been triggered during endpoint deployment: "
            raise RolledBackError(reason + ", ".join(sorted(ringing)))

    def _settle(self, scope: Scope, record: Record, status: str, **changes: Any) -> None:
        """The end of a deployment: a stop that came meanwhile (the service ends) is left alone."""
        if "FailureReason" in changes:
            _LOG.info("endpoint %s: %s", record["EndpointName"], changes["FailureReason"])
        changes["PendingDeploymentSummary"] = None
        self.set_endpoint(scope, record, status, **changes)


def _serving(
    config: dict[str, Any], variants: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """What Describe shows of the configuration in service."""
    serving: dict[str, Any] = {
        "EndpointConfigName": config["EndpointConfigName"],
        "DataCaptureConfig": None,
        "ShadowProductionVariants": None,
        **variants,
        **{name: config.get(name) for name in ("AsyncInferenceConfig", "MetricsConfig")},
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
