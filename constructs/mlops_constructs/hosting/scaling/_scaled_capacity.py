"""Capacity that Application Auto Scaling can scale, and its predefined metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_constructs._endpoint_kind import EndpointKind


@dataclass(frozen=True, kw_only=True)
class WakeUp:
    """The metric of requests that wait, or fail, because there is no capacity."""

    metric_name: str
    statistic: str


@dataclass(frozen=True, kw_only=True)
class ScaledCapacity:
    """A kind of capacity.

    Attributes:
        noun: name of its unit in messages.
        dimension: scalable dimension of Application Auto Scaling.
        kind: kind of the endpoint, on which its metrics depend.
        predefined: predefined metrics of target tracking by what they measure.
        utilization_namespace: namespace of the metrics of CPU, memory and disks.
        utilization_suffix: suffix of the names of these metrics.
        lowest: lower bound of AWS.
        wake_up: metric on which it scales out from zero; None if it never is zero.
        why_not_less: reason of `lowest`, for messages.
    """

    noun: str
    dimension: str
    kind: EndpointKind
    predefined: Mapping[str, str]
    utilization_namespace: str
    utilization_suffix: str = ""
    lowest: int = 1
    wake_up: WakeUp | None = None
    why_not_less: str = ""


INSTANCES = ScaledCapacity(
    noun="instances",
    dimension="sagemaker:variant:DesiredInstanceCount",
    kind=EndpointKind.REAL_TIME,
    predefined={
        "invocations": "SageMakerVariantInvocationsPerInstance",
        "concurrency": "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    },
    utilization_namespace="/aws/sagemaker/Endpoints",
    why_not_less="only inference components and asynchronous endpoints scale to zero",
)

INSTANCES_BEHIND_QUEUE = ScaledCapacity(
    noun="instances behind a queue",
    dimension=INSTANCES.dimension,
    kind=EndpointKind.ASYNCHRONOUS,
    # The predefined metrics count synchronous requests, which these instances do not get.
    predefined={},
    utilization_namespace=INSTANCES.utilization_namespace,
    lowest=0,
    wake_up=WakeUp(metric_name="HasBacklogWithoutCapacity", statistic="Maximum"),
)

PROVISIONED_CONCURRENCY = ScaledCapacity(
    noun="provisioned concurrency",
    dimension="sagemaker:variant:DesiredProvisionedConcurrency",
    kind=EndpointKind.SERVERLESS,
    predefined={"utilization": "SageMakerVariantProvisionedConcurrencyUtilization"},
    utilization_namespace=INSTANCES.utilization_namespace,
    why_not_less="without provisioned concurrency a serverless variant scales from zero itself",
)

COPIES = ScaledCapacity(
    noun="copies",
    dimension="sagemaker:inference-component:DesiredCopyCount",
    kind=EndpointKind.REAL_TIME,
    predefined={
        "invocations": "SageMakerInferenceComponentInvocationsPerCopy",
        "concurrency": "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    },
    utilization_namespace="/aws/sagemaker/InferenceComponents",
    utilization_suffix="Normalized",
    lowest=0,
    wake_up=WakeUp(metric_name="NoCapacityInvocationFailures", statistic="Sum"),
)


@dataclass(frozen=True, kw_only=True)
class ScaledResource:
    """Capacity of one variant or component.

    Attributes:
        capacity: kind of the capacity.
        resource_id: its id in Application Auto Scaling.
        dimensions: dimensions of its metrics in CloudWatch.
        wake_up_dimensions: dimensions of the metric on which it scales out from zero.
    """

    capacity: ScaledCapacity
    resource_id: str
    dimensions: Mapping[str, str]
    wake_up_dimensions: Mapping[str, str]

    @staticmethod
    def variant(
        capacity: ScaledCapacity, *, endpoint_name: str, variant_name: str
    ) -> "ScaledResource":
        """Returns the capacity of a variant."""
        return ScaledResource(
            capacity=capacity,
            resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
            dimensions={"EndpointName": endpoint_name, "VariantName": variant_name},
            # The queue belongs to the endpoint.
            wake_up_dimensions={"EndpointName": endpoint_name},
        )

    @staticmethod
    def component(inference_component_name: str) -> "ScaledResource":
        """Returns the copies of an inference component."""
        dimensions = {"InferenceComponentName": inference_component_name}
        return ScaledResource(
            capacity=COPIES,
            resource_id=f"inference-component/{inference_component_name}",
            dimensions=dimensions,
            wake_up_dimensions=dimensions,
        )
