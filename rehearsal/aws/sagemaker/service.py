"""The SageMaker control plane: all its parts as one service."""

from __future__ import annotations

from rehearsal.aws.platform import Platform
from rehearsal.aws.sagemaker.app_image_configs import AppImageConfigs
from rehearsal.aws.sagemaker.apps import Apps
from rehearsal.aws.sagemaker.data_plane import DataPlane
from rehearsal.aws.sagemaker.domains import Domains
from rehearsal.aws.sagemaker.feature_groups import FeatureGroups
from rehearsal.aws.sagemaker.inference_components import InferenceComponents
from rehearsal.aws.sagemaker.lifecycle_configs import LifecycleConfigs
from rehearsal.aws.sagemaker.local_data_plane import LocalDataPlane
from rehearsal.aws.sagemaker.mlflow_apps import MlflowApps
from rehearsal.aws.sagemaker.model_cards import ModelCards
from rehearsal.aws.sagemaker.monitoring_schedules import MonitoringSchedules
from rehearsal.aws.sagemaker.pipeline_executions import PipelineExecutions
from rehearsal.aws.sagemaker.projects import Projects
from rehearsal.aws.sagemaker.resource_types import RESOURCE_TYPES
from rehearsal.aws.sagemaker.search import Search
from rehearsal.aws.sagemaker.spaces import Spaces
from rehearsal.aws.sagemaker.studio_images import StudioImages
from rehearsal.aws.sagemaker.tags import Tags
from rehearsal.aws.sagemaker.tuning_jobs import TuningJobs
from rehearsal.aws.sagemaker.user_profiles import UserProfiles
from rehearsal.execution.image_store import ImageStore

__all__ = ["RESOURCE_TYPES", "SageMaker"]


class Studio(
    Domains, UserProfiles, Spaces, Apps, LifecycleConfigs, StudioImages, AppImageConfigs, MlflowApps
):
    """Studio: domains, what belongs to them, and MLflow Apps."""


class SageMaker(
    InferenceComponents,
    MonitoringSchedules,
    TuningJobs,
    PipelineExecutions,
    Projects,
    FeatureGroups,
    ModelCards,
    Studio,
    Search,
    Tags,
):
    """SageMaker.

    Each operation is a method of one of the parts; what has no method is refused by name.

    Args:
        platform: The AWS around the service.
        data_plane: What runs jobs and endpoints; processes of this machine by default.
    """

    def __init__(self, platform: Platform, data_plane: DataPlane | None = None) -> None:
        super().__init__(platform)
        if data_plane is None:
            data_plane = LocalDataPlane(ImageStore(platform.state_directory / "images"))
        self.data_plane = data_plane

    def start(self) -> None:
        self.workers.start("prepare the data plane", self.data_plane.prepare)
        self.workers.start("measure endpoints", self.measure_endpoints)
