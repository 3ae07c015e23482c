"""The work behind inference components: starting copies, replacing them, counting instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, reason_of
from rehearsal.services.sagemaker.hosting import models
from rehearsal.services.sagemaker.hosting.components.placement import (
    KIND,
    InferenceComponentPlacement,
)
from rehearsal.services.sagemaker.hosting.endpoint_deployment import RolledBackError
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Component, Hardware
from rehearsal.services.sagemaker.hosting.endpoint_registry import LiveEndpoint
from rehearsal.services.sagemaker.hosting.endpoint_rollout import Rollout, component_rollout
from rehearsal.services.sagemaker.hosting.endpoint_servers import Hosting
from rehearsal.services.sagemaker.hosting.endpoint_variants import deployed_image
from rehearsal.services.sagemaker.hosting.instance_capacity import copy_size
from rehearsal.services.sagemaker.hosting.replicas import Replicas
from rehearsal.services.sagemaker.records import Record, now


class InferenceComponentDeployments(InferenceComponentPlacement):
    """Deploys inference components on worker threads."""

    def deploy_update(
        self, scope: Scope, record: Record, config: dict[str, Any], plan: Rollout
    ) -> None:
        """Components stay while the instances below them change."""
        super().deploy_update(scope, record, config, plan)
        for component in self.hosted(scope, record["EndpointName"]):
            self.count_instances(scope, component)

    def deploy_component(self, scope: Scope, record: Record) -> None:
        """Starts the first copies of a component."""
        try:
            live = self._live_of(scope, record)
            hosting = self._hosting(scope, record, record["_specification"])
            replicas = Replicas(self.starting(hosting.run))
            self.place(scope, record, record["_specification"])
            replicas.scale(record["RuntimeConfig"]["DesiredCopyCount"])
        except Exception as error:  # whatever it is, the component must settle and say why
            self.set_component(record, "Failed", FailureReason=reason_of(error))
            return
        name = record["InferenceComponentName"]
        hardware = _reserved(record["_specification"], record["RuntimeConfig"])
        live.components[name] = Component(name, record["VariantName"], replicas, hardware)
        self._served(scope, record, record["_specification"], hosting)

    def scale_component(self, scope: Scope, record: Record) -> None:
        """Gives a component its desired number of copies."""
        before = record["RuntimeConfig"]["CurrentCopyCount"]
        try:
            live = self._live_of(scope, record)
            self.place(scope, record, record["_specification"])
            component = live.components[record["InferenceComponentName"]]
            component.replicas.scale(record["RuntimeConfig"]["DesiredCopyCount"])
            component.hardware = _reserved(record["_specification"], record["RuntimeConfig"])
        except Exception as error:  # whatever it is, the copies that there were keep serving
            self._keep(scope, record, before, reason_of(error))
            return
        self._settle_component(scope, record)

    def replace_component(
        self,
        scope: Scope,
        record: Record,
        specification: Mapping[str, Any],
        deployment: Mapping[str, Any] | None,
    ) -> None:
        """Starts copies of a new specification, batch by batch, and ends the old ones."""
        before = record["RuntimeConfig"]["CurrentCopyCount"]
        count = record["RuntimeConfig"]["DesiredCopyCount"]
        try:
            live = self._live_of(scope, record)
            self.place(scope, record, specification)
            hosting = self._hosting(scope, record, specification)
            replicas = Replicas(self.starting(hosting.run))
            replicas.scale(count)
        except Exception as error:  # whatever it is, the old copies keep serving
            self._keep(scope, record, before, reason_of(error))
            return
        name = record["InferenceComponentName"]
        component = live.components[name]
        plan = component_rollout(deployment, max(count, 1))
        try:
            self.roll(scope, plan, lambda stage: component.shift(replicas, stage.share))
        except RolledBackError as reason:
            component.shift(None, 0.0)
            replicas.stop()
            self._keep(scope, record, before, str(reason))
            return
        component.promote().stop()
        component.hardware = _reserved(specification, record["RuntimeConfig"])
        self._served(scope, record, specification, hosting)

    def remove_component(self, scope: Scope, record: Record) -> None:
        """Ends the copies of a component and forgets it."""
        name = record["InferenceComponentName"]
        live = self.registry.get(scope, record["EndpointName"])
        component = live.components.pop(name, None) if live else None
        if live is not None:
            live.adapters.pop(name, None)
        if component is not None:
            component.stop()
        with self.lock:
            self.records.of(scope, KIND).pop(name, None)
        self.drop_tags(record["InferenceComponentArn"])
        self.count_instances(scope, record)

    def set_component(self, record: Record, status: str, **changes: Any) -> None:
        with self.lock:
            record.update(InferenceComponentStatus=status, LastModifiedTime=now(), **changes)

    def _live_of(self, scope: Scope, record: Record) -> LiveEndpoint:
        live = self.registry.get(scope, record["EndpointName"])
        if live is None:
            raise ExecutionFailedError(f"Endpoint {record['EndpointName']} is gone.")
        return live

    def _hosting(self, scope: Scope, record: Record, specification: Mapping[str, Any]) -> Hosting:
        """How the copies are served: a model's containers, or the one of the specification."""
        config = self.config_of(scope, record)
        model: dict[str, Any]
        if specification.get("ModelName"):
            name = specification["ModelName"]
            model = dict(self.find(scope, models.KIND, name, operation="CreateInferenceComponent"))
        else:
            container = specification["Container"]
            definition = {
                "Image": container["Image"],
                "ModelDataUrl": container.get("ArtifactUrl"),
                "Environment": container.get("Environment", {}),
            }
            model = {
                "_containers": [{k: v for k, v in definition.items() if v is not None}],
                "ExecutionRoleArn": config["ExecutionRoleArn"],
            }
        isolated = model.get("EnableNetworkIsolation") or config.get("EnableNetworkIsolation")
        startup = specification.get("StartupParameters", {})
        return self.hosting(
            scope,
            record["EndpointName"],
            {**model, "EnableNetworkIsolation": isolated},
            variant=record["VariantName"],
            startup_timeout=startup.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            log_group=f"/aws/sagemaker/InferenceComponents/{record['InferenceComponentName']}",
        )

    def _served(
        self,
        scope: Scope,
        record: Record,
        specification: Mapping[str, Any],
        hosting: Hosting,
    ) -> None:
        described = dict(specification)
        if "Container" in specification:
            container = dict(specification["Container"])
            container["DeployedImage"] = deployed_image(*hosting.images[0])
            container.pop("Image")
            described["Container"] = container
        with self.lock:
            record.update(_specification=dict(specification), Specification=described)
        self._settle_component(scope, record)

    def _keep(self, scope: Scope, record: Record, copies: int, reason: str) -> None:
        """After a failed update: what there was serves on."""
        kept = {**record["RuntimeConfig"], "DesiredCopyCount": copies}
        self.set_component(record, "InService", RuntimeConfig=kept, FailureReason=reason)
        self.count_instances(scope, record)

    def _settle_component(self, scope: Scope, record: Record) -> None:
        count = record["RuntimeConfig"]["DesiredCopyCount"]
        reached = {"DesiredCopyCount": count, "CurrentCopyCount": count}
        self.set_component(record, "InService", RuntimeConfig=reached)
        self.count_instances(scope, record)


def _reserved(specification: Mapping[str, Any], runtime: Mapping[str, Any]) -> Hardware:
    """What the copies of a component may use together."""
    size = copy_size(specification["ComputeResourceRequirements"])
    copies = max(runtime["DesiredCopyCount"], 1)
    return Hardware(size.cpus * copies, size.memory * copies)
