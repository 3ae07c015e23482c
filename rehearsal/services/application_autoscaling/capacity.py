"""The capacity of SageMaker's scalable dimensions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError
from rehearsal.services.application_autoscaling.records import TargetKey

POLL_SECONDS = 0.2
_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
_NOUNS = {
    "sagemaker:variant:DesiredInstanceCount": "instance count",
    "sagemaker:variant:DesiredProvisionedConcurrency": "provisioned concurrency",
    "sagemaker:inference-component:DesiredCopyCount": "copy count",
}


@dataclass(frozen=True)
class Capacity:
    """The capacity of a target, through a SageMaker client of the service-linked role."""

    key: TargetKey
    client: Any

    @property
    def noun(self) -> str:
        """The name of the capacity in the descriptions of scaling activities."""
        return f"desired {_NOUNS[self.key.dimension]}"

    def check(self) -> None:
        """Raises AwsError (ValidationException) if the resource does not exist or cannot scale."""
        try:
            self.current()
        except ClientError as error:
            raise AwsError("ValidationException", error.response["Error"]["Message"]) from error
        if self.key.dimension == "sagemaker:variant:DesiredInstanceCount":
            self._reject_burstable()

    def current(self) -> int:
        """Returns the desired capacity."""
        dimension = self.key.dimension
        if dimension == "sagemaker:inference-component:DesiredCopyCount":
            component = self._component()
            if "RuntimeConfig" not in component:
                raise self._wrong_kind("has no copies: it is an adapter")
            return int(component["RuntimeConfig"]["DesiredCopyCount"])
        variant = self._variant()
        if dimension == "sagemaker:variant:DesiredInstanceCount":
            if "DesiredInstanceCount" not in variant:
                raise self._wrong_kind("has no instances: it is serverless")
            return int(variant["DesiredInstanceCount"])
        if "DesiredServerlessConfig" not in variant:
            raise self._wrong_kind("has no provisioned concurrency: it is not serverless")
        return int(variant["DesiredServerlessConfig"].get("ProvisionedConcurrency", 0))

    def set(self, value: int) -> None:
        """Sets the desired capacity.

        Raises:
            ClientError: SageMaker rejects it.
        """
        if self.key.dimension == "sagemaker:inference-component:DesiredCopyCount":
            self.client.update_inference_component_runtime_config(
                InferenceComponentName=self._names()[0],
                DesiredRuntimeConfig={"CopyCount": value},
            )
            return
        endpoint, variant = self._names()
        change: dict[str, Any] = {"DesiredInstanceCount": value}
        if self.key.dimension == "sagemaker:variant:DesiredProvisionedConcurrency":
            change = {"ServerlessUpdateConfig": {"ProvisionedConcurrency": value}}
        self.client.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[{"VariantName": variant, **change}],
        )

    def wait(self) -> str | None:
        """Blocks until the resource is in a stable status; returns its failure reason, if any."""
        while True:
            found = self._resource()
            status = found.get("EndpointStatus") or found.get("InferenceComponentStatus")
            if status not in _BUSY:
                reason: str | None = found.get("FailureReason")
                return reason
            time.sleep(POLL_SECONDS)

    def _resource(self) -> Mapping[str, Any]:
        if self.key.dimension == "sagemaker:inference-component:DesiredCopyCount":
            return self._component()
        found: Mapping[str, Any] = self.client.describe_endpoint(EndpointName=self._names()[0])
        return found

    def _component(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.client.describe_inference_component(
            InferenceComponentName=self._names()[0]
        )
        return found

    def _variant(self) -> Mapping[str, Any]:
        endpoint, name = self._names()
        found = self.client.describe_endpoint(EndpointName=endpoint)
        for variant in found.get("ProductionVariants", ()):
            if variant["VariantName"] == name:
                chosen: Mapping[str, Any] = variant
                return chosen
        raise AwsError("ValidationException", f"Endpoint {endpoint} has no variant {name}.")

    def _names(self) -> list[str]:
        """Returns endpoint and variant, or the inference component, of the resource id."""
        parts = self.key.resource.split("/")
        match parts:
            case ["endpoint", endpoint, "variant", variant] if ":variant:" in self.key.dimension:
                return [endpoint, variant]
            case ["inference-component", name] if "inference-component" in self.key.dimension:
                return [name]
        raise AwsError(
            "ValidationException",
            f"Unsupported service namespace, resource type or scalable dimension: "
            f"{self.key.namespace}, {self.key.resource}, {self.key.dimension}",
        )

    def _wrong_kind(self, why: str) -> AwsError:
        return AwsError("ValidationException", f"{self.key.resource} {why}.")

    def _reject_burstable(self) -> None:
        """Rejects instance types such as ml.t2, for which AWS does not support scaling."""
        endpoint, name = self._names()
        found = self.client.describe_endpoint(EndpointName=endpoint)
        config = self.client.describe_endpoint_config(
            EndpointConfigName=found["EndpointConfigName"]
        )
        for variant in config["ProductionVariants"]:
            kind = variant.get("InstanceType", "")
            if variant["VariantName"] == name and kind.startswith("ml.t"):
                raise self._wrong_kind(f"runs on {kind}: burstable instances do not scale")
