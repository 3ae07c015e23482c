"""Models, and the endpoints that serve them."""

from .capacity import Capacity
from .data_capture import DataCapture
from .endpoint import Endpoint
from .endpoint_base import EndpointBase, MetricOptions
from .model import Model, ModelBase
from .model_source import ModelSource
from .rollback import Rollback
from .rollout import Rollout
from .scaling import Scaling
from .variant import RealTimeVariant, ServerlessVariant

__all__ = [
    "Capacity",
    "DataCapture",
    "Endpoint",
    "EndpointBase",
    "MetricOptions",
    "Model",
    "ModelBase",
    "ModelSource",
    "RealTimeVariant",
    "Rollback",
    "Rollout",
    "Scaling",
    "ServerlessVariant",
]
