"""SageMaker projects, and the templates from which users create them."""

from .adopted_stores import AdoptedStores
from .artifact_replica import ArtifactReplica
from .boundary.project_boundary import ProjectBoundary
from .launch.launch_role import LaunchRole
from .launch.launch_role_base import LaunchRoleBase
from .monitoring.project_monitoring import ProjectMonitoring, RetrainingLimits
from .project import Project
from .project_target import ProjectTarget
from .seeds.code_host import CodeHost
from .seeds.seed import Seed
from .seeds.seed_repository import SeedRepository, SeedRepositoryBase
from .seeds.seed_version import SeedVersion
from .templates.project_portfolio import ProjectPortfolio
from .templates.project_product import ProjectProduct
from .templates.project_template import ProjectTemplate, ProjectTemplateStack
from .templates.template_bucket import TemplateBucket

__all__ = [
    "AdoptedStores",
    "ArtifactReplica",
    "CodeHost",
    "LaunchRole",
    "LaunchRoleBase",
    "Project",
    "ProjectBoundary",
    "ProjectMonitoring",
    "ProjectPortfolio",
    "ProjectProduct",
    "ProjectTarget",
    "ProjectTemplate",
    "ProjectTemplateStack",
    "RetrainingLimits",
    "Seed",
    "SeedRepository",
    "SeedRepositoryBase",
    "SeedVersion",
    "TemplateBucket",
]
