"""Starting the servers of an endpoint configuration's variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data_plane import DataPlane, ModelServer, ServerRun
from rehearsal.services.sagemaker.hosting import models
from rehearsal.services.sagemaker.hosting.data_capture import DataCapture
from rehearsal.services.sagemaker.hosting.endpoint_configs import EndpointConfigs
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Fleet, Hardware, Variant
from rehearsal.services.sagemaker.hosting.endpoint_variants import summary
from rehearsal.services.sagemaker.hosting.instance_capacity import instance_size
from rehearsal.services.sagemaker.hosting.replicas import Replicas

_MEGABYTE = 1024 * 1024
SERVERLESS_PAYLOAD = 4 * _MEGABYTE
ASYNCHRONOUS_PAYLOAD = 1024 * _MEGABYTE


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """What a server is for: the run that starts it, and the images as given and by digest."""

    run: ServerRun
    images: Sequence[tuple[str, str]]


def _hardware(variant: Mapping[str, Any]) -> Hardware:
    size = instance_size(variant.get("InstanceType", ""))
    volume = variant.get("VolumeSizeInGB", 0)
    return Hardware(size.cpus, size.memory, volume) if size else Hardware(volume=volume)


class EndpointServers(EndpointConfigs):
    """Starts model servers on the data plane."""

    data_plane: DataPlane

    def start_fleet(
        self, scope: Scope, endpoint: str, config: Mapping[str, Any]
    ) -> tuple[Fleet, dict[str, list[dict[str, Any]]]]:
        """A fleet that answers, and its variants as Describe shows them."""
        started: dict[str, list[Variant]] = {
            "ProductionVariants": [],
            "ShadowProductionVariants": [],
        }
        summaries: dict[str, list[dict[str, Any]]] = {}
        try:
            for kind, variants in started.items():
                for given in config.get(kind, ()):
                    variant, described = self._start_variant(scope, endpoint, given, config)
                    variants.append(variant)
                    summaries.setdefault(kind, []).append(described)
            capture = self._capture(scope, endpoint, config)
        except BaseException:
            for variant in (item for variants in started.values() for item in variants):
                variant.stop()
            raise
        fleet = Fleet(
            config["EndpointConfigName"],
            tuple(started["ProductionVariants"]),
            shadows=tuple(started["ShadowProductionVariants"]),
            capture=capture,
            asynchronous=config.get("AsyncInferenceConfig"),
        )
        return fleet, summaries

    def _start_variant(
        self, scope: Scope, endpoint: str, given: Mapping[str, Any], config: Mapping[str, Any]
    ) -> tuple[Variant, dict[str, Any]]:
        weight = given["InitialVariantWeight"]
        if not given.get("ModelName"):
            return Variant(given["VariantName"], weight), summary(given, ())
        model = self.find(scope, models.KIND, given["ModelName"], operation="CreateEndpoint")
        payload = None
        if "ServerlessConfig" in given:
            payload = SERVERLESS_PAYLOAD
        elif "AsyncInferenceConfig" in config:
            payload = ASYNCHRONOUS_PAYLOAD
        hosting = self.hosting(
            scope,
            endpoint,
            model,
            variant=given["VariantName"],
            startup_timeout=given.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            largest_payload=payload,
            direct=model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct",
        )
        replicas = Replicas(self.starting(hosting.run))
        replicas.scale(given.get("InitialInstanceCount", 1))
        variant = Variant(
            given["VariantName"],
            weight,
            replicas,
            hosting.run.session,
            given.get("ServerlessConfig"),
            _hardware(given),
        )
        return variant, summary(given, hosting.images)

    def hosting(
        self, scope: Scope, endpoint: str, model: Mapping[str, Any], **options: Any
    ) -> Hosting:
        """How a model is served on an endpoint.

        `model` is a record of CreateModel. Raises ExecutionFailedError when an image is missing.
        """
        self.check_placement(model["ExecutionRoleArn"], scope, model)
        containers = model["_containers"]
        source_arn = scope.arn("sagemaker", f"endpoint/{endpoint}")
        credentials = self.assume(model["ExecutionRoleArn"], source_arn)
        session = self.platform.session(credentials, scope.region)
        images = [
            (container["Image"], self.data_plane.resolve_image(session, container["Image"]))
            for container in containers
        ]
        run = ServerRun(
            endpoint=endpoint,
            scope=scope,
            containers=containers,
            session=session,
            environment=self.platform.environment(credentials, scope.region),
            network_isolation=bool(model.get("EnableNetworkIsolation")),
            hub_session=self.hub_references.hub_session(scope),
            **options,
        )
        return Hosting(run=run, images=images)

    def starting(self, run: ServerRun) -> Callable[[], ModelServer]:
        """A function that starts a server and answers it."""

        def start() -> ModelServer:
            server = self.data_plane.model_server(run)
            server.start()
            return server

        return start

    def _capture(
        self, scope: Scope, endpoint: str, config: Mapping[str, Any]
    ) -> DataCapture | None:
        capture = config.get("DataCaptureConfig")
        if not capture or not capture.get("EnableCapture", True):
            return None
        return DataCapture(endpoint, capture, self._capture_session(scope, endpoint, config))

    def _capture_session(
        self, scope: Scope, endpoint: str, config: Mapping[str, Any]
    ) -> boto3.Session:
        """The role that writes captures: the first model's, or where there is none the config's."""
        role = config.get("ExecutionRoleArn")
        first = config["ProductionVariants"][0].get("ModelName")
        if first:
            model = self.find(scope, models.KIND, first, operation="CreateEndpoint")
            role = model["ExecutionRoleArn"]
        return self.role_session(scope, str(role), scope.arn("sagemaker", f"endpoint/{endpoint}"))
