"""Inference components on the variants of endpoints, and the instances that they need."""

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.framework.store import Store
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting import endpoint_configs, endpoint_progress
from rehearsal.services.sagemaker.hosting.endpoint_registry import EndpointRegistry, LiveEndpoint
from rehearsal.services.sagemaker.hosting.instance_capacity import (
    copy_size,
    instance_size,
    instances_needed,
)
from rehearsal.services.sagemaker.records import Record, now

KIND = "inference-component"
Specification = Mapping[str, Any]


class ComponentPlacement:
    """The inference components of endpoints, what they run and the instances that they need.

    Args:
        backend: the backend of SageMaker.
        registry: the endpoints that serve.
    """

    def __init__(self, backend: Backend, registry: EndpointRegistry) -> None:
        self._backend = backend
        self._registry = registry
        self._specifications: Store[Specification] = Store()

    def on(self, scope: Scope, endpoint: str) -> list[Record]:
        """Returns the components on an endpoint."""
        return [one for one in self._backend.all(scope, KIND) if one["EndpointName"] == endpoint]

    def specification(self, scope: Scope, name: str) -> Specification:
        """Returns what a component runs, as the request specified it; empty for a removed one."""
        with self._backend.lock:
            return self._specifications.of(scope).get(name, {})

    def specify(self, scope: Scope, name: str, specification: Specification) -> None:
        """Records what a component runs."""
        with self._backend.lock:
            self._specifications.of(scope)[name] = dict(specification)

    def remove(self, scope: Scope, record: Record) -> None:
        """Removes a component."""
        name = record["InferenceComponentName"]
        self._backend.remove(scope, KIND, name, record["InferenceComponentArn"])
        with self._backend.lock:
            self._specifications.of(scope).pop(name, None)

    def set_status(self, record: Record, status: str, **changes: Any) -> None:
        """Changes the status and further members of a component."""
        with self._backend.lock:
            record.update(InferenceComponentStatus=status, LastModifiedTime=now(), **changes)

    def live(self, scope: Scope, record: Record) -> LiveEndpoint:
        """Returns the endpoint that a component is on.

        Raises:
            ExecutionFailedError: it was deleted.
        """
        live = self._registry.get(scope, record["EndpointName"])
        if live is None:
            raise ExecutionFailedError(f"Endpoint {record['EndpointName']} was deleted.")
        return live

    def place(self, scope: Scope, record: Record, specification: Specification) -> None:
        """Raises ExecutionFailedError if the desired copies do not fit on the variant."""
        variant = self._variant_config(scope, record)
        needed = self._needed(scope, variant, record, specification)
        scaling = _scaling(variant)
        maximum = variant.get("InitialInstanceCount", 1)
        if scaling is not None:
            maximum = scaling.get("MaxInstanceCount", maximum)
        if needed is None or needed > maximum:
            many = "a larger instance than" if needed is None else f"{needed} instances of"
            raise ExecutionFailedError(
                f"The copies of inference component {record['InferenceComponentName']} do not fit "
                f"on variant {record['VariantName']}: they need {many} {variant['InstanceType']}, "
                f"at most {maximum} can be there."
            )

    def count_instances(self, scope: Scope, record: Record) -> None:
        """Applies managed instance scaling: the instances that the copies need, within bounds."""
        with self._backend.lock:
            known = self._backend.records.of(scope, endpoint_progress.KIND)
            endpoint = known.get(record["EndpointName"])
        if endpoint is None:
            return
        try:
            variant = self._variant_config(scope, record)
        except AwsError:  # somebody has deleted the configuration, so its bounds are unknown
            return
        scaling = _scaling(variant)
        if scaling is None:
            return
        needed = self._needed(scope, variant, record, None) or 0
        count = max(needed, scaling.get("MinInstanceCount", 1))
        count = min(count, scaling.get("MaxInstanceCount", count))
        with self._backend.lock:
            endpoint["ProductionVariants"] = [
                {**shown, "CurrentInstanceCount": count, "DesiredInstanceCount": count}
                if shown["VariantName"] == record["VariantName"]
                else shown
                for shown in endpoint["ProductionVariants"]
            ]

    def config_of(self, scope: Scope, record: Record) -> Mapping[str, Any]:
        """Returns the configuration of the endpoint that a component is on."""
        find, name = self._backend.find, record["EndpointName"]
        endpoint = find(scope, endpoint_progress.KIND, name, operation="DescribeEndpoint")
        name = endpoint["EndpointConfigName"]
        kind = endpoint_configs.KIND.path
        return find(scope, kind, name, operation="DescribeEndpointConfig")

    def _needed(
        self,
        scope: Scope,
        variant: Mapping[str, Any],
        changed: Record,
        specification: Specification | None,
    ) -> int | None:
        """Returns the instances that all components of a variant need; None if a copy fits on none.

        `specification` is what `changed` is about to run, None for what it runs. Where the size of
        an instance is unknown, one instance takes all copies.
        """
        name = changed["InferenceComponentName"]
        copies = []
        for record in self.on(scope, changed["EndpointName"]):
            runs = self.specification(scope, record["InferenceComponentName"])
            if specification is not None and record["InferenceComponentName"] == name:
                runs = specification
            if (
                # Adapters compute on what their base reserves.
                "ComputeResourceRequirements" in runs
                and record["InferenceComponentStatus"] not in ("Failed", "Deleting")
                and record["VariantName"] == changed["VariantName"]
            ):
                size = copy_size(runs["ComputeResourceRequirements"])
                copies += [size] * record["RuntimeConfig"]["DesiredCopyCount"]
        instance = instance_size(variant["InstanceType"])
        if instance is None:
            return min(len(copies), 1)
        return instances_needed(instance, copies)

    def _variant_config(self, scope: Scope, record: Record) -> Mapping[str, Any]:
        variants = self.config_of(scope, record)["ProductionVariants"]
        named = (v for v in variants if v["VariantName"] == record["VariantName"])
        found: Mapping[str, Any] = next(named)
        return found


def _scaling(variant: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns ManagedInstanceScaling, if it is enabled."""
    scaling: Mapping[str, Any] = variant.get("ManagedInstanceScaling", {})
    return scaling if scaling.get("Status") == "ENABLED" else None
