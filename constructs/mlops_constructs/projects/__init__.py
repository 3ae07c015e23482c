"""Projects: what a team gets in one step, and the templates from which they get it."""

from .adopted_stores import AdoptedStores
from .launch_role import LaunchRole
from .launch_role_base import LaunchRoleBase
from .permissions_boundary import ProjectBoundary
from .project import Project
from .project_portfolio import ProjectPortfolio
from .project_product import ProjectProduct
from .project_template import ProjectTemplate, ProjectTemplateStack
from .seed import Seed
from .seed_repository import SeedRepository
from .template_bucket import TemplateBucket

__all__ = [
    "AdoptedStores",
    "LaunchRole",
    "LaunchRoleBase",
    "Project",
    "ProjectBoundary",
    "ProjectPortfolio",
    "ProjectProduct",
    "ProjectTemplate",
    "ProjectTemplateStack",
    "Seed",
    "SeedRepository",
    "TemplateBucket",
]
