"""Where copies of inference components find room, and the instances that they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting import endpoint_configs, endpoints
from rehearsal.services.sagemaker.hosting.endpoints import Endpoints
from rehearsal.services.sagemaker.hosting.instance_capacity import (
    copy_size,
    instance_size,
    instances_needed,
)
from rehearsal.services.sagemaker.records import Record

KIND = "inference-component"


class InferenceComponentPlacement(Endpoints):
    """Accounts for the instances of variants that host inference components."""

    def place(self, scope: Scope, record: Record, specification: Mapping[str, Any]) -> None:
        """Raises ExecutionFailedError when the desired copies do not fit on the variant."""
        variant = self._variant_config(scope, record)
        needed = self._needed(scope, variant, {**record, "_specification": specification})
        scaling = _scaling(variant)
        largest = variant.get("InitialInstanceCount", 1)
        if scaling is not None:
            largest = scaling.get("MaxInstanceCount", largest)
        if needed is None or needed > largest:
            many = "a larger instance than" if needed is None else f"{needed} instances of"
            raise ExecutionFailedError(
                f"The copies of inference component {record['InferenceComponentName']} do not fit "
                f"on variant {record['VariantName']}: they need {many} {variant['InstanceType']}, "
                f"at most {largest} can be there."
            )

    def count_instances(self, scope: Scope, record: Record) -> None:
        """Managed instance scaling: as many instances as the copies need, within its bounds."""
        with self.lock:
            endpoint = self.records.of(scope, endpoints.KIND).get(record["EndpointName"])
        if endpoint is None:
            return
        variant = self._variant_config(scope, record)
        scaling = _scaling(variant)
        if scaling is None:
            return
        needed = self._needed(scope, variant, record) or 0
        count = max(needed, scaling.get("MinInstanceCount", 1))
        count = min(count, scaling.get("MaxInstanceCount", count))
        with self.lock:
            endpoint["ProductionVariants"] = [
                {**shown, "CurrentInstanceCount": count, "DesiredInstanceCount": count}
                if shown["VariantName"] == record["VariantName"]
                else shown
                for shown in endpoint["ProductionVariants"]
            ]

    def hosted(self, scope: Scope, endpoint: str) -> list[Record]:
        """The components on an endpoint."""
        with self.lock:
            known = self.records.of(scope, KIND).values()
            return [record for record in known if record["EndpointName"] == endpoint]

    def config_of(self, scope: Scope, record: Record) -> Mapping[str, Any]:
        """The configuration of the endpoint that a component is on."""
        endpoint = self.find(
            scope, endpoints.KIND, record["EndpointName"], operation="DescribeEndpoint"
        )
        name = endpoint["EndpointConfigName"]
        return self.find(scope, endpoint_configs.KIND, name, operation="DescribeEndpointConfig")

    def _needed(
        self, scope: Scope, variant: Mapping[str, Any], changed: Mapping[str, Any]
    ) -> int | None:
        """The instances that all components of a variant need; None if a copy fits on none.

        `changed` stands for the record of its name. Where the size of an instance is not known,
        one instance takes all copies.
        """
        name = changed["InferenceComponentName"]
        with self.lock:
            known = self.records.of(scope, KIND)
            beside = [record for other, record in known.items() if other != name]
            if name in known:
                beside.append(dict(changed))
        copies = [
            copy_size(record["_specification"]["ComputeResourceRequirements"])
            for record in beside
            # Adapters compute on what their base reserves.
            if "ComputeResourceRequirements" in record["_specification"]
            and record["InferenceComponentStatus"] not in ("Failed", "Deleting")
            and record["EndpointName"] == changed["EndpointName"]
            and record["VariantName"] == changed["VariantName"]
            for _ in range(record["RuntimeConfig"]["DesiredCopyCount"])
        ]
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
    """ManagedInstanceScaling, where it is enabled."""
    scaling: Mapping[str, Any] = variant.get("ManagedInstanceScaling", {})
    return scaling if scaling.get("Status") == "ENABLED" else None
