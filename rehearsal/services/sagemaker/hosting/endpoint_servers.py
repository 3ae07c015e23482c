"""The servers of an endpoint's variants and inference components."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.framework.clock import clock_of
from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import (
    DataPlane,
    ModelServer,
    ServedModel,
    ServerRun,
)
from rehearsal.services.sagemaker.hosting.data_capture import DataCapture
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Fleet, Hardware, Variant
from rehearsal.services.sagemaker.hosting.endpoint_variants import summary
from rehearsal.services.sagemaker.hosting.instance_capacity import instance_size
from rehearsal.services.sagemaker.hosting.instance_limits import variant_limits
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.hosting.replicas import Replicas
from rehearsal.services.sagemaker.registry.hub_references import HubReferences

_MEGABYTE = 1024 * 1024
MAX_SERVERLESS_PAYLOAD = 4 * _MEGABYTE
MAX_ASYNCHRONOUS_PAYLOAD = 1024 * _MEGABYTE


@dataclass(frozen=True, kw_only=True)
class PreparedServer:
    """A run that starts a server, and its images as specified and by digest."""

    run: ServerRun
    images: Sequence[tuple[str, str]]


def _hardware(variant: Mapping[str, Any]) -> Hardware:
    size = instance_size(variant.get("InstanceType", ""))
    volume = variant.get("VolumeSizeInGB", 0)
    return Hardware(size.cpus, size.memory, volume) if size else Hardware(volume=volume)


class EndpointServers:
    """Starts model servers on the data plane.

    Args:
        backend: the backend of SageMaker.
        models: the models of SageMaker.
        hubs: the models of hubs that models refer to.
        data_plane: runs the servers.
    """

    def __init__(
        self, backend: Backend, models: Models, hubs: HubReferences, data_plane: DataPlane
    ) -> None:
        self._backend = backend
        self._models = models
        self._hubs = hubs
        self._data_plane = data_plane

    def start_fleet(
        self, scope: Scope, endpoint: str, config: Mapping[str, Any]
    ) -> tuple[Fleet, dict[str, list[dict[str, Any]]]]:
        """Starts a fleet; returns it and its variants as Describe shows them."""
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
        model = self._models.served(scope, given["ModelName"], "CreateEndpoint")
        payload = None
        if "ServerlessConfig" in given:
            payload = MAX_SERVERLESS_PAYLOAD
        elif "AsyncInferenceConfig" in config:
            payload = MAX_ASYNCHRONOUS_PAYLOAD
        prepared = self.prepare(
            scope,
            endpoint,
            model,
            variant=given["VariantName"],
            startup_timeout=given.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            max_payload=payload,
            limits=variant_limits(given),
        )
        replicas = Replicas(self.starting(prepared.run))
        replicas.scale(given.get("InitialInstanceCount", 1))
        variant = Variant(
            given["VariantName"],
            weight,
            replicas,
            prepared.run.session,
            given.get("ServerlessConfig"),
            _hardware(given),
        )
        return variant, summary(given, prepared.images)

    def prepare(
        self, scope: Scope, endpoint: str, model: ServedModel, **options: Any
    ) -> PreparedServer:
        """Prepares a server of a model on an endpoint.

        Args:
            scope: account and region.
            endpoint: the name of the endpoint.
            model: the model.
            options: further members of the run.

        Raises:
            ExecutionFailedError: an image does not exist.
        """
        backend, platform = self._backend, self._backend.platform
        backend.check_placement(model.role_arn, scope, {"VpcConfig": model.vpc})
        source_arn = scope.arn("sagemaker", f"endpoint/{endpoint}")
        credentials = backend.identity.assume(model.role_arn, source_arn)
        session = platform.session(credentials, scope.region)
        images = [
            (container["Image"], self._data_plane.resolve_image(session, container["Image"]))
            for container in model.containers
        ]
        run = ServerRun(
            name=endpoint,
            scope=scope,
            model=model,
            session=session,
            environment=platform.environment(credentials, scope.region),
            hub_session=self._hubs.hub_session(scope),
            **options,
        )
        return PreparedServer(run=run, images=images)

    def starting(self, run: ServerRun) -> Callable[[], ModelServer]:
        """Returns a function that starts a server and returns it."""

        def start() -> ModelServer:
            server = self._data_plane.model_server(run)
            server.start()
            return server

        return start

    def _capture(
        self, scope: Scope, endpoint: str, config: Mapping[str, Any]
    ) -> DataCapture | None:
        capture = config.get("DataCaptureConfig")
        if not capture or not capture.get("EnableCapture", True):
            return None
        session = self._capture_session(scope, endpoint, config)
        return DataCapture(endpoint, capture, session, clock_of(self._backend.platform))

    def _capture_session(
        self, scope: Scope, endpoint: str, config: Mapping[str, Any]
    ) -> boto3.Session:
        """Returns a session of the role that writes captures: the first model's or the config's."""
        role = config.get("ExecutionRoleArn")
        first = config["ProductionVariants"][0].get("ModelName")
        if first:
            role = self._models.served(scope, first, "CreateEndpoint").role_arn
        source_arn = scope.arn("sagemaker", f"endpoint/{endpoint}")
        return self._backend.identity.role_session(scope, str(role), source_arn)
