"""The capacity of what is scaled: how to read and set it, for each dimension of SageMaker."""

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
        """As in the descriptions of scaling activities."""
        return f"desired {_NOUNS[self.key.dimension]}"

    def check(self) -> None:
        """Raises AwsError (ValidationException) for what does not exist or does not scale."""
        try:
            self.current()
        except ClientError as error:
            raise AwsError("ValidationException", error.response["Error"]["Message"]) from error
        if self.key.dimension == "sagemaker:variant:DesiredInstanceCount":
            self._refuse_burstable()

    def current(self) -> int:
        """What is there now, or on its way."""
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
        """Asks for a capacity. Raises ClientError when SageMaker refuses it."""
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
        """Blocks until the resource has settled; answers why it did not take the capacity."""
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
        """Endpoint and variant, or the component, of the resource id."""
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

    def _refuse_burstable(self) -> None:
        """Source: "Automatic scaling is not supported for burstable instances such as T2"."""
        endpoint, name = self._names()
        found = self.client.describe_endpoint(EndpointName=endpoint)
        config = self.client.describe_endpoint_config(
            EndpointConfigName=found["EndpointConfigName"]
        )
        for variant in config["ProductionVariants"]:
            kind = variant.get("InstanceType", "")
            if variant["VariantName"] == name and kind.startswith("ml.t"):
                raise self._wrong_kind(f"runs on {kind}: burstable instances do not scale")
