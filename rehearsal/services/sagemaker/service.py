"""The SageMaker control plane: all its parts as one service."""

from __future__ import annotations

from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.platform import Platform
from rehearsal.services.sagemaker.data_plane import DataPlane
from rehearsal.services.sagemaker.feature_store.feature_groups import FeatureGroups
from rehearsal.services.sagemaker.hosting.components.inference_components import InferenceComponents
from rehearsal.services.sagemaker.jobs.tuning.tuning_jobs import TuningJobs
from rehearsal.services.sagemaker.local_data_plane import LocalDataPlane
from rehearsal.services.sagemaker.monitoring.schedules import MonitoringSchedules
from rehearsal.services.sagemaker.pipelines.executions import PipelineExecutions
from rehearsal.services.sagemaker.projects.projects import Projects
from rehearsal.services.sagemaker.registry.model_cards import ModelCards
from rehearsal.services.sagemaker.resource_types import RESOURCE_TYPES
from rehearsal.services.sagemaker.search import Search
from rehearsal.services.sagemaker.studio.app_image_configs import AppImageConfigs
from rehearsal.services.sagemaker.studio.apps import Apps
from rehearsal.services.sagemaker.studio.domains import Domains
from rehearsal.services.sagemaker.studio.images import StudioImages
from rehearsal.services.sagemaker.studio.lifecycle_configs import LifecycleConfigs
from rehearsal.services.sagemaker.studio.mlflow_apps import MlflowApps
from rehearsal.services.sagemaker.studio.spaces import Spaces
from rehearsal.services.sagemaker.studio.user_profiles import UserProfiles
from rehearsal.services.sagemaker.tags import Tags

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
