"""Settings of a stage: the content of `config/<stage>.yaml`, a module for each section."""

from .asynchronous import Asynchronous
from .batch import Batch
from .capture import Capture
from .component import Component, Compute, Instances
from .loading import SettingsError, load_settings
from .monitor import (
    Attribution,
    BatchMonitor,
    Bias,
    DataQuality,
    ModelQuality,
    Monitor,
    PredictionDrift,
    Retrain,
)
from .other_variants import SecondVariant, Shadow
from .real_time import RealTime
from .rollout import Rollback, Rollout
from .scaling import BacklogScaling, CopyScaling, Scaling
from .serverless import Serverless
from .stage_settings import StageSettings

__all__ = [
    "Asynchronous",
    "Attribution",
    "BacklogScaling",
    "Batch",
    "BatchMonitor",
    "Bias",
    "Capture",
    "Component",
    "Compute",
    "CopyScaling",
    "DataQuality",
    "Instances",
    "ModelQuality",
    "Monitor",
    "PredictionDrift",
    "RealTime",
    "Retrain",
    "Rollback",
    "Rollout",
    "Scaling",
    "SecondVariant",
    "Serverless",
    "SettingsError",
    "Shadow",
    "StageSettings",
    "load_settings",
]
