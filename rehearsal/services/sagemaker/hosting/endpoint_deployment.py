"""Deployments of endpoints: start fleets, move traffic to them, roll back."""

import logging
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.framework.service import INTERRUPTED
from rehearsal.framework.store import Store
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import reason_of
from rehearsal.services.sagemaker.hosting.async_inference import process_request
from rehearsal.services.sagemaker.hosting.async_queue import (
    DEFAULT_CONCURRENCY,
    AsyncQueue,
    AsyncRequest,
)
from rehearsal.services.sagemaker.hosting.components.placement import ComponentPlacement
from rehearsal.services.sagemaker.hosting.endpoint_progress import EndpointProgress
from rehearsal.services.sagemaker.hosting.endpoint_registry import EndpointRegistry, LiveEndpoint
from rehearsal.services.sagemaker.hosting.endpoint_rollout import (
    RolledBackError,
    Rollout,
    Stage,
)
from rehearsal.services.sagemaker.hosting.endpoint_servers import EndpointServers
from rehearsal.services.sagemaker.hosting.endpoint_variants import reached, retained, stayed
from rehearsal.services.sagemaker.hosting.rollouts import Rollouts
from rehearsal.services.sagemaker.records import Record

_LOG = logging.getLogger(__name__)


class EndpointDeployments:
    """Deploys endpoint configurations on worker threads.

    Args:
        backend: the backend of SageMaker.
        servers: starts the servers of fleets.
        progress: reports the status of endpoints.
        rollouts: moves traffic between fleets.
        registry: the endpoints that serve.
        components: the inference components of endpoints.
    """

    def __init__(
        self,
        backend: Backend,
        servers: EndpointServers,
        progress: EndpointProgress,
        rollouts: Rollouts,
        registry: EndpointRegistry,
        components: ComponentPlacement,
    ) -> None:
        self._backend = backend
        self._servers = servers
        self._progress = progress
        self._rollouts = rollouts
        self._registry = registry
        self._components = components
        # A configuration may be deleted while its endpoint serves.
        self._served: Store[dict[str, Any]] = Store()

    def deploy_new(self, scope: Scope, record: Record, config: dict[str, Any]) -> None:
        """Starts the first fleet of an endpoint."""
        try:
            fleet, variants = self._servers.start_fleet(scope, record["EndpointName"], config)
        except Exception as error:  # any failure must settle the endpoint, with its reason
            self._settle(scope, record, "Failed", FailureReason=reason_of(error))
            return
        live = LiveEndpoint(record["EndpointName"], scope, fleet)
        if fleet.asynchronous is not None:
            live.queue = self._queue(live)
        self._registry.add(live)
        self._served.of(scope)[record["EndpointName"]] = config
        self._settle(scope, record, "InService", **_serving(config, variants))

    def restart(self, scope: Scope, record: Record) -> bool:
        """Starts the fleet of an endpoint again, after the end of an earlier server.

        Returns:
            True if the endpoint serves.
        """
        name = record["EndpointName"]
        config = self._served.of(scope).get(name)
        if config is None:
            self._settle(scope, record, "Failed", FailureReason=INTERRUPTED)
            return False
        shown = record.get("ProductionVariants") or []
        if shown:
            config = retained(config, record, config, set())
        try:
            fleet, _ = self._servers.start_fleet(scope, name, config)
        except Exception as error:  # any failure must settle the endpoint, with its reason
            reason = f"The endpoint was not started again: {reason_of(error)}"
            self._settle(scope, record, "Failed", FailureReason=reason)
            return False
        live = LiveEndpoint(name, scope, fleet)
        if fleet.asynchronous is not None:
            live.queue = self._queue(live)
        self._registry.add(live)
        variants = [stayed(variant) for variant in shown]
        self._settle(scope, record, "InService", ProductionVariants=variants)
        return True

    def deploy_update(
        self, scope: Scope, record: Record, config: dict[str, Any], plan: Rollout
    ) -> None:
        """Starts a second fleet, moves the traffic to it and ends the first; or keeps the first."""
        self._replace_fleet(scope, record, config, plan)
        # Components remain while the instances below them change.
        for component in self._components.on(scope, record["EndpointName"]):
            self._components.count_instances(scope, component)

    def _replace_fleet(
        self, scope: Scope, record: Record, config: dict[str, Any], plan: Rollout
    ) -> None:
        name = record["EndpointName"]
        live = self._registry.get(scope, name)
        if live is None:
            self._settle(scope, record, "Failed", FailureReason="The endpoint has no fleet.")
            return
        self._progress.show_launch(scope, record, config)
        try:
            fleet, variants = self._servers.start_fleet(scope, name, config)
        except Exception as error:  # after any failure the old fleet keeps serving
            self._settle(scope, record, "InService", FailureReason=reason_of(error))
            return

        def enter(stage: Stage) -> None:
            live.shift(fleet, stage.share)
            self._progress.show_stage(scope, record, config, variants["ProductionVariants"], stage)

        try:
            self._rollouts.run(scope, plan, enter, live.traffic)
        except RolledBackError as reason:
            self._progress.set_status(scope, record, "RollingBack")
            live.shift(None, 0.0)
            fleet.retire()
            self._settle(scope, record, "InService", FailureReason=str(reason))
            return
        live.promote().retire()
        self._served.of(scope)[name] = config
        self._settle(scope, record, "InService", **_serving(config, variants))
        if live.queue is not None:
            live.queue.wake()

    def apply_desired(self, scope: Scope, record: Record) -> None:
        """Applies the desired weights, counts and serverless settings of variants."""
        wanted = {variant["VariantName"]: variant for variant in record["ProductionVariants"]}
        live = self._registry.get(scope, record["EndpointName"])
        try:
            for variant in live.fleet.variants if live else ():
                change = wanted[variant.name]
                variant.weight = change["DesiredWeight"]
                variant.serverless = change.get("DesiredServerlessConfig")
                if variant.replicas is not None and "DesiredInstanceCount" in change:
                    variant.replicas.scale(change["DesiredInstanceCount"])
        except Exception as error:  # any failure must settle the endpoint, with its reason
            kept = [stayed(variant) for variant in wanted.values()]
            reason = reason_of(error)
            self._settle(scope, record, "InService", ProductionVariants=kept, FailureReason=reason)
            return
        variants = [reached(variant) for variant in wanted.values()]
        self._settle(scope, record, "InService", ProductionVariants=variants)
        if live is not None and live.queue is not None:
            live.queue.wake()

    def _queue(self, live: LiveEndpoint) -> AsyncQueue:
        """Returns the queue of an asynchronous endpoint, which outlives its fleets."""
        metrics = self._registry.metrics

        def process(request: AsyncRequest) -> None:
            process_request(live, metrics, topic_key, request)

        def topic_key(topic: str) -> str | None:
            sns = self._backend.identity.service_session(live.scope).client("sns")
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

    def _settle(self, scope: Scope, record: Record, status: str, **changes: Any) -> None:
        """Ends a deployment with a status."""
        if "FailureReason" in changes:
            _LOG.info("endpoint %s: %s", record["EndpointName"], changes["FailureReason"])
        changes["PendingDeploymentSummary"] = None
        self._progress.set_status(scope, record, status, **changes)


def _serving(
    config: dict[str, Any], variants: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """Returns the members of Describe that show the configuration in service."""
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
