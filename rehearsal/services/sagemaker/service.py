"""SageMaker as one service, composed of its parts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.clock import clock_of
from rehearsal.framework.platform import Context, Platform, Scope
from rehearsal.framework.service import HostRoute, RawHandler, Request, Response, Service
from rehearsal.services.sagemaker import authorization, condition_keys, resumption
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data.bucket_region import bucket_region
from rehearsal.services.sagemaker.data_plane import DataPlane
from rehearsal.services.sagemaker.experiments.experiments import Experiments
from rehearsal.services.sagemaker.experiments.job_components import JobComponents
from rehearsal.services.sagemaker.experiments.membership import Membership
from rehearsal.services.sagemaker.experiments.metric_store import metric_store_of
from rehearsal.services.sagemaker.experiments.pipeline_trials import PipelineTrials
from rehearsal.services.sagemaker.experiments.trial_components import TrialComponents
from rehearsal.services.sagemaker.experiments.trials import Trials
from rehearsal.services.sagemaker.feature_store.feature_groups import FeatureGroups
from rehearsal.services.sagemaker.feature_store.feature_metadata import FeatureMetadata
from rehearsal.services.sagemaker.feature_store.online_store import online_store_of
from rehearsal.services.sagemaker.hosting.components.deployment import ComponentDeployments
from rehearsal.services.sagemaker.hosting.components.inference_components import InferenceComponents
from rehearsal.services.sagemaker.hosting.components.placement import ComponentPlacement
from rehearsal.services.sagemaker.hosting.endpoint_configs import EndpointConfigs
from rehearsal.services.sagemaker.hosting.endpoint_deployment import EndpointDeployments
from rehearsal.services.sagemaker.hosting.endpoint_progress import EndpointProgress
from rehearsal.services.sagemaker.hosting.endpoint_registry import registry_of
from rehearsal.services.sagemaker.hosting.endpoint_servers import EndpointServers
from rehearsal.services.sagemaker.hosting.endpoint_utilization import Utilization
from rehearsal.services.sagemaker.hosting.endpoints import Endpoints
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.hosting.rollouts import Rollouts
from rehearsal.services.sagemaker.jobs.jobs import Jobs
from rehearsal.services.sagemaker.jobs.processing.processing_jobs import ProcessingJobs
from rehearsal.services.sagemaker.jobs.training.training_jobs import TrainingJobs
from rehearsal.services.sagemaker.jobs.transform.transform_jobs import TransformJobs
from rehearsal.services.sagemaker.jobs.tuning.tuning_jobs import TuningJobs
from rehearsal.services.sagemaker.lineage.associations import Associations
from rehearsal.services.sagemaker.lineage.entities import LINEAGE_KINDS, Artifacts, LineageEntities
from rehearsal.services.sagemaker.lineage.graph import LineageGraph
from rehearsal.services.sagemaker.lineage.groups import LineageGroups
from rehearsal.services.sagemaker.lineage.queries import LineageQueries
from rehearsal.services.sagemaker.lineage.tracking import LineageTracking
from rehearsal.services.sagemaker.local_data_plane import LocalDataPlane
from rehearsal.services.sagemaker.monitoring.executions import MonitoringExecutions
from rehearsal.services.sagemaker.monitoring.job_definitions import KINDS, MonitoringJobDefinitions
from rehearsal.services.sagemaker.monitoring.schedules import MonitoringSchedules
from rehearsal.services.sagemaker.notebooks.code_repositories import CodeRepositories
from rehearsal.services.sagemaker.notebooks.lifecycle_configs import NotebookLifecycleConfigs
from rehearsal.services.sagemaker.notebooks.notebook_instances import NotebookInstances
from rehearsal.services.sagemaker.pipelines.executions import PipelineExecutions
from rehearsal.services.sagemaker.pipelines.pipelines import Pipelines
from rehearsal.services.sagemaker.projects.portfolio import ServiceCatalogPortfolio
from rehearsal.services.sagemaker.projects.products import ProjectProducts
from rehearsal.services.sagemaker.projects.projects import Projects
from rehearsal.services.sagemaker.registry.hub_contents import HubContents
from rehearsal.services.sagemaker.registry.hub_references import HubReferences
from rehearsal.services.sagemaker.registry.hubs import Hubs
from rehearsal.services.sagemaker.registry.model_cards import ModelCards
from rehearsal.services.sagemaker.registry.model_package_groups import ModelPackageGroups
from rehearsal.services.sagemaker.registry.model_packages import ModelPackages, tagged_arn
from rehearsal.services.sagemaker.request_rules import SAGEMAKER
from rehearsal.services.sagemaker.request_rules.regions import BUCKET_REGION
from rehearsal.services.sagemaker.resource_types import RESOURCE_TYPES
from rehearsal.services.sagemaker.search import Search
from rehearsal.services.sagemaker.stored_resource import StoredResource
from rehearsal.services.sagemaker.studio.apps import Apps
from rehearsal.services.sagemaker.studio.domain_storage import DomainStorage
from rehearsal.services.sagemaker.studio.domains import Domains
from rehearsal.services.sagemaker.studio.images import APP_IMAGE_CONFIGS, Images, ImageVersions
from rehearsal.services.sagemaker.studio.lifecycle_configs import LifecycleConfigs
from rehearsal.services.sagemaker.studio.mlflow.apps import MlflowApps
from rehearsal.services.sagemaker.studio.mlflow.servers import MlflowServers
from rehearsal.services.sagemaker.studio.mlflow.tracking_host import TrackingHost
from rehearsal.services.sagemaker.studio.mlflow.user_interface import UserInterface
from rehearsal.services.sagemaker.studio.records import StudioRecords
from rehearsal.services.sagemaker.studio.spaces import Spaces
from rehearsal.services.sagemaker.studio.user_profiles import UserProfiles
from rehearsal.services.sagemaker.studio.user_settings import UserSettings
from rehearsal.services.sagemaker.tags import ResourceTags
from rehearsal.services.sagemaker.unsupported_members import reject_unsupported

__all__ = ["RESOURCE_TYPES", "SageMaker"]


class SageMaker(Service):
    """SageMaker.

    Each operation is a method of one of the parts; others are not supported.

    Args:
        platform: the AWS around the service.
        data_plane: runs jobs and endpoints. Defaults to None: processes of this machine.
    """

    name: ClassVar[str] = "sagemaker"
    namespace: ClassVar[str] = "sagemaker"
    tag_operation: ClassVar[str] = "AddTags"
    rules = SAGEMAKER

    def __init__(self, platform: Platform, data_plane: DataPlane | None = None) -> None:
        super().__init__(platform)
        if data_plane is None:
            data_plane = LocalDataPlane(
                ImageStore(platform.state_directory / "images"), clock_of(platform)
            )
        self._data_plane = data_plane
        self.backend = Backend(platform, self.tags)
        self._jobs = Jobs(self.backend)
        self._compose_studio()
        self._compose_notebooks()
        self._compose_experiments()
        self._compose_registry()
        self._compose_hosting()
        self._compose_jobs()
        self._compose_monitoring()
        self._compose_pipelines()
        identity = self.backend.identity
        products = ProjectProducts(lambda: self.peers["servicecatalog"], identity)
        metadata = FeatureMetadata(self.backend)
        parts = {"FeatureMetadata": metadata.all, "PipelineVersion": self._pipelines.all_versions}
        self.compose(
            ServiceCatalogPortfolio(lambda: self.peers["servicecatalog"], identity),
            FeatureGroups(self.backend, online_store_of(platform)),
            Projects(self.backend, products),
            metadata,
            Search(self.backend, self._trial_components, self._trials, parts),
            ResourceTags(self.backend),
        )

    def check_supported(self, operation: str, request: Request) -> None:
        reject_unsupported(operation, request)

    def read_state(self, context: Context, operation: str, request: Request) -> Response | None:
        if operation != BUCKET_REGION:
            return super().read_state(context, operation, request)
        session = self.backend.identity.service_session(context.scope)
        region = bucket_region(session, request["Bucket"])
        return {"BucketRegion": region} if region else None

    def _compose_studio(self) -> None:
        backend = self.backend
        records, settings = StudioRecords(backend), UserSettings(backend)
        images = Images(backend, records)
        self._spaces = Spaces(backend, records)
        servers = MlflowServers(backend, self._data_plane)
        self._mlflow_apps = MlflowApps(backend, servers)
        self._tracking_host = TrackingHost(self._mlflow_apps, servers)
        self._mlflow_pages = UserInterface(backend, self._mlflow_apps, servers)
        self.compose(
            Domains(backend, records, settings, DomainStorage(backend.identity)),
            UserProfiles(backend, records, settings),
            self._spaces,
            Apps(backend, records),
            LifecycleConfigs(backend, settings),
            images,
            ImageVersions(backend, records, images),
            StoredResource(backend, APP_IMAGE_CONFIGS),
            self._mlflow_apps,
            self._mlflow_pages,
        )

    def _compose_notebooks(self) -> None:
        repositories = CodeRepositories(self.backend)
        self.compose(
            repositories,
            NotebookLifecycleConfigs(self.backend),
            NotebookInstances(self.backend, repositories),
        )

    def _compose_experiments(self) -> None:
        backend, membership = self.backend, Membership(self.backend)
        metrics, experiments = metric_store_of(self.platform), Experiments(self.backend)
        self._trials = Trials(backend, experiments, membership)
        self._trial_components = TrialComponents(
            backend, experiments, self._trials, membership, metrics
        )
        graph = LineageGraph(backend)
        tracking = LineageTracking(backend, graph)
        self._jobs.observe(JobComponents(backend, experiments, self._trials, membership, metrics))
        self._jobs.observe(tracking)
        backend.on_event(tracking.follow)
        pipeline_trials = PipelineTrials(backend, experiments, self._trials, membership)
        backend.on_event(pipeline_trials.follow)
        self.compose(
            experiments,
            self._trials,
            self._trial_components,
            Artifacts(backend, graph),
            *(LineageEntities(backend, kind, graph) for kind in LINEAGE_KINDS),
            Associations(backend, graph),
            LineageQueries(graph),
            LineageGroups(),
        )

    def _compose_registry(self) -> None:
        backend = self.backend
        groups, hubs = ModelPackageGroups(backend), Hubs(backend)
        packages = ModelPackages(backend, groups)
        self._references = HubReferences(backend, hubs)
        self._models = Models(backend, packages, self._references)
        self.compose(
            groups,
            packages,
            ModelCards(backend),
            hubs,
            HubContents(backend, hubs, self._references.contents),
            self._references,
        )

    def _compose_hosting(self) -> None:
        backend, models = self.backend, self._models
        registry = registry_of(self.platform)
        backend.on_close(registry.close)
        self.registry = registry
        servers = EndpointServers(backend, models, self._references, self._data_plane)
        progress = EndpointProgress(backend)
        rollouts = Rollouts(backend, registry.metrics.flush)
        placement = ComponentPlacement(backend, registry)
        deployments = EndpointDeployments(backend, servers, progress, rollouts, registry, placement)
        components = ComponentDeployments(backend, models, servers, rollouts, placement)
        self._placement = placement
        self._endpoints = Endpoints(backend, deployments, progress, registry, placement)
        self._inference_components = InferenceComponents(
            backend, models, placement, components, registry
        )
        self.compose(
            models, EndpointConfigs(backend, models), self._endpoints, self._inference_components
        )

    def _compose_jobs(self) -> None:
        backend, jobs, data_plane = self.backend, self._jobs, self._data_plane
        training_jobs = TrainingJobs(backend, jobs, data_plane)
        self.compose(
            ProcessingJobs(backend, jobs, data_plane),
            training_jobs,
            TuningJobs(backend, jobs, training_jobs, data_plane),
            TransformJobs(backend, jobs, self._models, data_plane),
        )

    def _compose_monitoring(self) -> None:
        backend, jobs = self.backend, self._jobs
        definitions = [MonitoringJobDefinitions(backend, kind) for kind in KINDS]
        self.monitoring_executions = MonitoringExecutions(
            backend, jobs, self._data_plane, definitions
        )
        self.monitoring_schedules = MonitoringSchedules(backend, jobs, self.monitoring_executions)
        self.compose(*definitions, self.monitoring_executions, self.monitoring_schedules)

    def _compose_pipelines(self) -> None:
        self._pipelines = Pipelines(self.backend)
        self._executions = PipelineExecutions(
            self.backend, self._pipelines, self._jobs, self._mlflow_apps.expect
        )
        self.compose(self._pipelines, self._executions)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if "CallbackToken" in request:
            arn = self._executions.callback_arn(request["CallbackToken"])
            request = {**request, "PipelineExecutionArn": arn}
        return authorization.resource_arns(operation, request, scope)

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        keys = condition_keys.condition_keys(operation, request)
        keys |= condition_keys.model_keys(operation, request, scope)
        return {**keys, **self._spaces.condition_keys(operation, request, scope)}

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        return super().resource_tags(tagged_arn(arn), scope)

    def host_routes(self) -> Sequence[HostRoute]:
        return [self._tracking_host]

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        return self._mlflow_pages.raw_routes()

    def resume(self) -> Sequence[str]:
        interrupted = [
            *self._jobs.resume(),
            *self._executions.resume(),
            *resumption.end_operations(self.backend),
        ]
        resumption.start_endpoints(
            self.backend, self._endpoints, self._inference_components, self._placement
        )
        return interrupted

    def start(self) -> None:
        workers = self.backend.workers
        workers.start("prepare the data plane", self._data_plane.prepare)
        utilization = Utilization(self.registry.metrics)
        workers.start("measure endpoints", lambda: utilization.run(self.registry, workers.closing))

    def close(self) -> None:
        self.backend.close()
