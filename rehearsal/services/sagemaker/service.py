"""The SageMaker control plane: all its parts as one service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.service import Request
from rehearsal.services.sagemaker.data_plane import DataPlane
from rehearsal.services.sagemaker.feature_store.feature_groups import FeatureGroups
from rehearsal.services.sagemaker.feature_store.online_store import online_store_of
from rehearsal.services.sagemaker.hosting.components.inference_components import InferenceComponents
from rehearsal.services.sagemaker.jobs.tuning.tuning_jobs import TuningJobs
from rehearsal.services.sagemaker.local_data_plane import LocalDataPlane
from rehearsal.services.sagemaker.monitoring.schedules import MonitoringSchedules
from rehearsal.services.sagemaker.pipelines.executions import PipelineExecutions
from rehearsal.services.sagemaker.projects.products import ProjectProducts
from rehearsal.services.sagemaker.projects.projects import Projects
from rehearsal.services.sagemaker.registry.hub_contents import HubContents
from rehearsal.services.sagemaker.registry.hub_references import HubReferences
from rehearsal.services.sagemaker.registry.hubs import Hubs
from rehearsal.services.sagemaker.registry.model_cards import ModelCards
from rehearsal.services.sagemaker.registry.model_package_groups import ModelPackageGroups
from rehearsal.services.sagemaker.registry.model_packages import ModelPackages, tagged_arn
from rehearsal.services.sagemaker.resource_types import RESOURCE_TYPES
from rehearsal.services.sagemaker.search import Search
from rehearsal.services.sagemaker.stored_resource import StoredResource
from rehearsal.services.sagemaker.studio.apps import Apps
from rehearsal.services.sagemaker.studio.domain_storage import DomainStorage
from rehearsal.services.sagemaker.studio.domains import Domains
from rehearsal.services.sagemaker.studio.images import APP_IMAGE_CONFIGS, Images, ImageVersions
from rehearsal.services.sagemaker.studio.lifecycle_configs import LifecycleConfigs
from rehearsal.services.sagemaker.studio.mlflow_apps import MlflowApps
from rehearsal.services.sagemaker.studio.records import StudioRecords
from rehearsal.services.sagemaker.studio.settings import Settings
from rehearsal.services.sagemaker.studio.spaces import Spaces
from rehearsal.services.sagemaker.studio.user_profiles import UserProfiles
from rehearsal.services.sagemaker.tags import TagOperations

__all__ = ["RESOURCE_TYPES", "SageMaker"]


class SageMaker(
    InferenceComponents,
    MonitoringSchedules,
    TuningJobs,
    PipelineExecutions,
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
        self._compose_studio()
        self._compose_registry()
        products = ProjectProducts(lambda: self.peers["servicecatalog"], self.backend.identity)
        self.compose(
            FeatureGroups(self.backend, online_store_of(platform)),
            Projects(self.backend, products),
            Search(self.backend),
            TagOperations(self.backend),
        )

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        keys = super().condition_keys(operation, request, scope)
        return {**keys, **self._spaces.condition_keys(operation, request, scope)}

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        return super().resource_tags(tagged_arn(arn), scope)

    def _compose_registry(self) -> None:
        groups, hubs = ModelPackageGroups(self.backend), Hubs(self.backend)
        self.model_packages = ModelPackages(self.backend, groups)
        self.hub_references = HubReferences(self.backend, hubs)
        self.compose(
            groups,
            self.model_packages,
            ModelCards(self.backend),
            hubs,
            HubContents(self.backend, hubs, self.hub_references.contents),
            self.hub_references,
        )

    def _compose_studio(self) -> None:
        backend = self.backend
        records, settings = StudioRecords(backend), Settings(backend)
        images = Images(backend, records)
        self._spaces = Spaces(backend, records)
        self.compose(
            Domains(backend, records, settings, DomainStorage(backend.identity)),
            UserProfiles(backend, records, settings),
            self._spaces,
            Apps(backend, records),
            LifecycleConfigs(backend, settings),
            images,
            ImageVersions(backend, records, images),
            StoredResource(backend, APP_IMAGE_CONFIGS),
            MlflowApps(backend),
        )

    def start(self) -> None:
        self.workers.start("prepare the data plane", self.data_plane.prepare)
        self.workers.start("measure endpoints", self.measure_endpoints)
