"""Models, and the endpoints that serve them."""

from mlops_constructs._endpoint_kind import EndpointKind

from .async_inference import AsyncInference
from .batch_transform import BatchTransform
from .capacity import Capacity
from .component_base import InferenceComponentBase
from .component_compute import ComponentCompute
from .copy_placement import CopyPlacement
from .data_capture import DataCapture
from .endpoint import Endpoint
from .endpoint_base import EndpointBase
from .experiment_schedule import ExperimentSchedule
from .inference_component import InferenceComponent
from .inference_experiment import DesiredState, ExperimentVariant, InferenceExperiment
from .managed_fleet import ManagedFleet
from .metric_publication import MetricPublication
from .model import Model, ModelBase
from .model_source import ModelSource
from .real_time_variant import RealTimeVariant
from .rollback import Rollback
from .rollout import Rollout
from .rollout_options import BlueGreenOptions, RolloutOptions
from .scaling import Scaling
from .scaling_metric import ScalingMetric
from .scaling_policy import ScalingPolicy
from .scheduled_capacity import ScheduledCapacity
from .serverless_variant import ServerlessVariant
from .serving_metrics import MetricOptions, ServingMetrics
from .shadow_variant import ShadowVariant
from .target_tracking import TrackingOptions
from .transform_capture import TransformCapture
from .transform_data import Batch, Split, TransformInput, TransformInstances, TransformOutput
from .variant import Routing
from .variant_options import CoreDumps, PrefixRouting
from .vpc_placement import VpcPlacement

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
