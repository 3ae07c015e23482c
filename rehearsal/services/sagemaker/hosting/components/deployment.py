"""Deployments of inference components: start copies, replace them, end them."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, ServedModel, reason_of
from rehearsal.services.sagemaker.hosting.components.placement import (
    ComponentPlacement,
    Specification,
)
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Component, Hardware
from rehearsal.services.sagemaker.hosting.endpoint_rollout import (
    RolledBackError,
    Stage,
    component_rollout,
)
from rehearsal.services.sagemaker.hosting.endpoint_servers import EndpointServers, PreparedServer
from rehearsal.services.sagemaker.hosting.endpoint_variants import deployed_image
from rehearsal.services.sagemaker.hosting.instance_capacity import copy_size
from rehearsal.services.sagemaker.hosting.instance_limits import component_limits
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.hosting.replicas import Replicas
from rehearsal.services.sagemaker.hosting.rollouts import Rollouts
from rehearsal.services.sagemaker.records import Record


class ComponentDeployments:
    """Deploys inference components on worker threads.

    Args:
        backend: the backend of SageMaker.
        models: the models of SageMaker.
        servers: starts the servers of copies.
        rollouts: moves traffic between copies.
        placement: the components of endpoints.
    """

    def __init__(
        self,
        backend: Backend,
        models: Models,
        servers: EndpointServers,
        rollouts: Rollouts,
        placement: ComponentPlacement,
    ) -> None:
        self._backend = backend
        self._models = models
        self._servers = servers
        self._rollouts = rollouts
        self._placement = placement

    def deploy_component(self, scope: Scope, record: Record) -> None:
        """Starts the first copies of a component."""
        try:
            specification = self._specification(scope, record)
            live = self._placement.live(scope, record)
            prepared = self._prepare(scope, record, specification)
            replicas = Replicas(self._servers.starting(prepared.run))
            self._placement.place(scope, record, specification)
            replicas.scale(record["RuntimeConfig"]["DesiredCopyCount"])
        except Exception as error:  # any failure must settle the component, with its reason
            self._placement.set_status(record, "Failed", FailureReason=reason_of(error))
            return
        name = record["InferenceComponentName"]
        hardware = _reserved(specification, record["RuntimeConfig"])
        live.components[name] = Component(name, record["VariantName"], replicas, hardware)
        self._served(scope, record, specification, prepared)

    def scale_component(self, scope: Scope, record: Record) -> None:
        """Applies the desired number of copies of a component."""
        before = record["RuntimeConfig"]["CurrentCopyCount"]
        try:
            specification = self._specification(scope, record)
            live = self._placement.live(scope, record)
            self._placement.place(scope, record, specification)
            component = live.components[record["InferenceComponentName"]]
            component.replicas.scale(record["RuntimeConfig"]["DesiredCopyCount"])
            component.hardware = _reserved(specification, record["RuntimeConfig"])
        except Exception as error:  # after any failure the earlier copies serve
            self._keep(scope, record, before, reason_of(error))
            return
        self._settle_component(scope, record)

    def replace_component(
        self,
        scope: Scope,
        record: Record,
        specification: Specification,
        deployment: Mapping[str, Any] | None,
    ) -> None:
        """Starts copies of a new specification, batch by batch, and ends the old ones."""
        before = record["RuntimeConfig"]["CurrentCopyCount"]
        count = record["RuntimeConfig"]["DesiredCopyCount"]
        try:
            live = self._placement.live(scope, record)
            self._placement.place(scope, record, specification)
            prepared = self._prepare(scope, record, specification)
            replicas = Replicas(self._servers.starting(prepared.run))
            replicas.scale(count)
        except Exception as error:  # after any failure the old copies serve
            self._keep(scope, record, before, reason_of(error))
            return
        name = record["InferenceComponentName"]
        component = live.components[name]
        plan = component_rollout(deployment, max(count, 1))

        def enter(stage: Stage) -> None:
            component.shift(replicas, stage.share)

        try:
            self._rollouts.run(scope, plan, enter, component.traffic)
        except RolledBackError as reason:
            component.shift(None, 0.0)
            replicas.retire()
            self._keep(scope, record, before, str(reason))
            return
        component.promote().retire()
        component.hardware = _reserved(specification, record["RuntimeConfig"])
        self._served(scope, record, specification, prepared)

    def remove_component(self, scope: Scope, record: Record) -> None:
        """Ends the copies of a component and removes it."""
        name = record["InferenceComponentName"]
        with contextlib.suppress(ExecutionFailedError):  # its endpoint was deleted
            live = self._placement.live(scope, record)
            live.adapters.pop(name, None)
            component = live.components.pop(name, None)
            if component is not None:
                component.stop()
        self._placement.remove(scope, record)
        self._placement.count_instances(scope, record)

    def _prepare(
        self, scope: Scope, record: Record, specification: Specification
    ) -> PreparedServer:
        """Prepares a server of a model's containers, or of the one of the specification."""
        config = self._placement.config_of(scope, record)
        isolated = bool(config.get("EnableNetworkIsolation"))
        if specification.get("ModelName"):
            name = specification["ModelName"]
            found = self._models.served(scope, name, "CreateInferenceComponent")
            model = replace(found, isolated=found.isolated or isolated, direct=False)
        else:
            container = specification["Container"]
            definition = {
                "Image": container["Image"],
                "ModelDataUrl": container.get("ArtifactUrl"),
                "Environment": container.get("Environment", {}),
            }
            model = ServedModel(
                containers=[{k: v for k, v in definition.items() if v is not None}],
                role_arn=config["ExecutionRoleArn"],
                isolated=isolated,
            )
        startup = specification.get("StartupParameters", {})
        variant = record["VariantName"]
        instance_type = next(
            item.get("InstanceType")
            for item in config["ProductionVariants"]
            if item["VariantName"] == variant
        )
        return self._servers.prepare(
            scope,
            record["EndpointName"],
            model,
            variant=record["VariantName"],
            startup_timeout=startup.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            limits=component_limits(specification["ComputeResourceRequirements"], instance_type),
            log_group=f"/aws/sagemaker/InferenceComponents/{record['InferenceComponentName']}",
        )

    def _specification(self, scope: Scope, record: Record) -> Specification:
        return self._placement.specification(scope, record["InferenceComponentName"])

    def _served(
        self,
        scope: Scope,
        record: Record,
        specification: Specification,
        prepared: PreparedServer,
    ) -> None:
        described = dict(specification)
        if "Container" in specification:
            container = dict(specification["Container"])
            container["DeployedImage"] = deployed_image(*prepared.images[0])
            container.pop("Image")
            described["Container"] = container
        self._placement.specify(scope, record["InferenceComponentName"], specification)
        with self._backend.lock:
            record["Specification"] = described
        self._settle_component(scope, record)

    def _keep(self, scope: Scope, record: Record, copies: int, reason: str) -> None:
        """Ends a failed update, after which the earlier copies serve."""
        kept = {**record["RuntimeConfig"], "DesiredCopyCount": copies}
        self._placement.set_status(record, "InService", RuntimeConfig=kept, FailureReason=reason)
        self._placement.count_instances(scope, record)

    def _settle_component(self, scope: Scope, record: Record) -> None:
        count = record["RuntimeConfig"]["DesiredCopyCount"]
        reached = {"DesiredCopyCount": count, "CurrentCopyCount": count}
        self._placement.set_status(record, "InService", RuntimeConfig=reached)
        self._placement.count_instances(scope, record)


def _reserved(specification: Specification, runtime: Mapping[str, Any]) -> Hardware:
    """Returns the hardware that all copies of a component have together."""
    size = copy_size(specification["ComputeResourceRequirements"])
    copies = max(runtime["DesiredCopyCount"], 1)
    return Hardware(size.cpus * copies, size.memory * copies)
