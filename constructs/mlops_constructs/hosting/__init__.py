"""Models, and the endpoints that serve them."""

from mlops_constructs._endpoint_kind import EndpointKind

from .endpoint.async_inference import AsyncInference
from .endpoint.data_capture import DataCapture
from .endpoint.endpoint import Endpoint
from .endpoint.endpoint_base import EndpointBase
from .endpoint.metrics_config import MetricPublication
from .endpoint.serving_metrics import MetricOptions, ServingMetrics
from .inference_component.compute_resource_requirements import ComponentCompute
from .inference_component.inference_component import InferenceComponent
from .inference_component.inference_component_base import InferenceComponentBase
from .inference_component.scheduling_config import CopyPlacement
from .inference_experiment.experiment_schedule import ExperimentSchedule
from .inference_experiment.inference_experiment import (
    DesiredState,
    ExperimentVariant,
    InferenceExperiment,
)
from .model.model import Model, ModelBase
from .model.model_source import ModelSource
from .model.vpc_config import VpcPlacement
from .rollout.capacity_size import Capacity
from .rollout.rollback import Rollback
from .rollout.rollout import Rollout
from .rollout.rollout_options import BlueGreenOptions, RolloutOptions
from .scaling.scaling import Scaling
from .scaling.scaling_metric import ScalingMetric
from .scaling.scaling_policy import ScalingPolicy
from .scaling.scheduled_action import ScheduledCapacity
from .scaling.target_tracking import TrackingOptions
from .transform.batch_data_capture import TransformCapture
from .transform.batch_transform import BatchTransform
from .transform.transform_data import (
    Batch,
    Split,
    TransformInput,
    TransformInstances,
    TransformOutput,
)
from .variant.managed_instance_scaling import ManagedFleet
from .variant.real_time_variant import RealTimeVariant
from .variant.serverless_variant import ServerlessVariant
from .variant.shadow_variant import ShadowVariant
from .variant.variant import Routing
from .variant.variant_options import CoreDumps, PrefixRouting

__all__ = [
    "AsyncInference",
    "Batch",
    "BatchTransform",
    "BlueGreenOptions",
    "Capacity",
    "ComponentCompute",
    "CopyPlacement",
    "CoreDumps",
    "DataCapture",
    "DesiredState",
    "Endpoint",
    "EndpointBase",
    "EndpointKind",
    "ExperimentSchedule",
    "ExperimentVariant",
    "InferenceComponent",
    "InferenceComponentBase",
    "InferenceExperiment",
    "ManagedFleet",
    "MetricOptions",
    "MetricPublication",
    "Model",
    "ModelBase",
    "ModelSource",
    "PrefixRouting",
    "RealTimeVariant",
    "Rollback",
    "Rollout",
    "RolloutOptions",
    "Routing",
    "Scaling",
    "ScalingMetric",
    "ScalingPolicy",
    "ScheduledCapacity",
    "ServerlessVariant",
    "ServingMetrics",
    "ShadowVariant",
    "Split",
    "TrackingOptions",
    "TransformCapture",
    "TransformInput",
    "TransformInstances",
    "TransformOutput",
    "VpcPlacement",
]
