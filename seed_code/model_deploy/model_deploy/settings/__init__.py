"""Settings of a stage: the content of `config/<stage>.yaml`, a module for each section."""

from .capture import Capture
from .loading import SettingsError, load_settings
from .real_time import RealTime
from .rollout import Rollback, Rollout
from .scaling import Scaling
from .serverless import Serverless
from .stage_settings import StageSettings

__all__ = [
    "Capture",
    "RealTime",
    "Rollback",
    "Rollout",
    "Scaling",
    "Serverless",
    "SettingsError",
    "StageSettings",
    "load_settings",
]
