"""What Application Auto Scaling can scale of SageMaker's, and by which metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_constructs._endpoint_kind import EndpointKind


@dataclass(frozen=True, kw_only=True)
class WakeUp:
    """The metric that tells that requests wait, or fail, since there is no capacity at all."""

    metric_name: str
    statistic: str


@dataclass(frozen=True, kw_only=True)
class ScaledCapacity:
    """A kind of capacity.

    Attributes:
        noun: what a person calls one of it.
        dimension: the scalable dimension of Application Auto Scaling.
        kind: of the endpoint that has it, on which it depends what CloudWatch knows.
        predefined: metrics that AWS predefines for target tracking, by what they measure.
        utilization_namespace: where CloudWatch keeps use of CPU, memory and disks.
        utilization_suffix: with which it ends the names of these metrics.
        lowest: fewest of it that AWS allows.
        wake_up: how it leaves zero; None where it never is.
        why_not_less: reason of `lowest`, for a person.
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
    # Each of them is by requests that wait for an answer, which these instances do not get.
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
    why_not_less="without it a serverless variant starts from zero by itself",
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
        capacity: its kind.
        resource_id: how Application Auto Scaling names it.
        dimensions: under which CloudWatch keeps its metrics.
        wake_up_dimensions: under which it keeps the metric that wakes it.
    """

    capacity: ScaledCapacity
    resource_id: str
    dimensions: Mapping[str, str]
    wake_up_dimensions: Mapping[str, str]

    @staticmethod
    def variant(
        capacity: ScaledCapacity, *, endpoint_name: str, variant_name: str
    ) -> "ScaledResource":
        """Capacity of a variant."""
        return ScaledResource(
            capacity=capacity,
            resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
            dimensions={"EndpointName": endpoint_name, "VariantName": variant_name},
            # The queue belongs to the endpoint.
            wake_up_dimensions={"EndpointName": endpoint_name},
        )

    @staticmethod
    def component(inference_component_name: str) -> "ScaledResource":
        """Copies of an inference component."""
        dimensions = {"InferenceComponentName": inference_component_name}
        return ScaledResource(
            capacity=COPIES,
            resource_id=f"inference-component/{inference_component_name}",
            dimensions=dimensions,
            wake_up_dimensions=dimensions,
        )
