"""Roles of services and users, with least privilege."""

from .acknowledgement import acknowledge_permissions, acknowledge_wildcards
from .image_permissions import image_pull_permissions
from .job_role import JobRole
from .least_privilege_role import PROJECT_ROLE_PATH, ROLE_PATH, LeastPrivilegeRole
from .model_execution_role import ModelExecutionRole
from .permission import Permission
from .permissions_boundary import PermissionsBoundary
from .personas.branch_rule import BranchRule
from .personas.federation import Federation
from .personas.persona import Persona
from .personas.persona_role import PersonaRole
from .personas.project_access import PROJECT_TAG, ProjectAccess
from .role_policies import RolePolicies
from .service_role import ServiceRole

__all__ = [
    "PROJECT_ROLE_PATH",
    "PROJECT_TAG",
    "ROLE_PATH",
    "BranchRule",
    "Federation",
    "JobRole",
    "LeastPrivilegeRole",
    "ModelExecutionRole",
    "Permission",
    "PermissionsBoundary",
    "Persona",
    "PersonaRole",
    "ProjectAccess",
    "RolePolicies",
    "ServiceRole",
    "acknowledge_permissions",
    "acknowledge_wildcards",
    "image_pull_permissions",
]
