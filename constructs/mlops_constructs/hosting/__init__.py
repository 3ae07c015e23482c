"""Models, endpoints, inference components and batch transform."""

from mlops_constructs._endpoint_kind import EndpointKind

from .endpoint.async_inference import AsyncInference
from .endpoint.data_capture import DataCapture
from .endpoint.endpoint import Endpoint
from .endpoint.endpoint_base import EndpointBase
from .endpoint.metrics_config import MetricsConfig
from .endpoint.serving_metrics import MetricOptions, ServingMetrics
from .inference_component.compute_resource_requirements import ComputeResourceRequirements
from .inference_component.inference_component import InferenceComponent
from .inference_component.inference_component_base import InferenceComponentBase
from .inference_component.scheduling_config import SchedulingConfig
from .inference_experiment.experiment_schedule import ExperimentSchedule
from .inference_experiment.inference_experiment import (
    DesiredState,
    ExperimentVariant,
    InferenceExperiment,
)
from .model.model import Model, ModelBase
from .model.model_source import ModelSource
from .model.vpc_config import VpcConfig
from .rollout.capacity_size import CapacitySize
from .rollout.rollback import Rollback
from .rollout.rollout import BlueGreenOptions, Rollout, RolloutOptions
from .scaling.scaling import Scaling
from .scaling.scaling_metric import ScalingMetric
from .scaling.scaling_policy import ScalingPolicy
from .scaling.scheduled_action import ScheduledAction
from .scaling.target_tracking import TargetTrackingOptions
from .transform.batch_data_capture import BatchDataCapture
from .transform.batch_transform import BatchTransform
from .transform.transform_data import (
    BatchStrategy,
    SplitType,
    TransformInput,
    TransformInstances,
    TransformOutput,
)
from .variant.managed_instance_scaling import ManagedInstanceScaling
from .variant.real_time_variant import RealTimeVariant
from .variant.serverless_variant import ServerlessVariant
from .variant.shadow_variant import ShadowVariant
from .variant.variant import RoutingStrategy
from .variant.variant_options import CoreDumpConfig, PrefixAwareRouting

__all__ = [
    "AsyncInference",
    "BatchDataCapture",
    "BatchStrategy",
    "BatchTransform",
    "BlueGreenOptions",
    "CapacitySize",
    "ComputeResourceRequirements",
    "CoreDumpConfig",
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
    "ManagedInstanceScaling",
    "MetricOptions",
    "MetricsConfig",
    "Model",
    "ModelBase",
    "ModelSource",
    "PrefixAwareRouting",
    "RealTimeVariant",
    "Rollback",
    "Rollout",
    "RolloutOptions",
    "RoutingStrategy",
    "Scaling",
    "ScalingMetric",
    "ScalingPolicy",
    "ScheduledAction",
    "SchedulingConfig",
    "ServerlessVariant",
    "ServingMetrics",
    "ShadowVariant",
    "SplitType",
    "TargetTrackingOptions",
    "TransformInput",
    "TransformInstances",
    "TransformOutput",
    "VpcConfig",
]
