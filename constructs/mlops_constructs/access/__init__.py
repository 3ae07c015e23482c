"""Roles of the services that act, with least privilege."""

from .acknowledgement import acknowledge_wildcards
from .model_execution_role import ModelExecutionRole
from .role_policies import RolePolicies
from .service_role import Permission, ServiceRole

__all__ = [
    "ModelExecutionRole",
    "Permission",
    "RolePolicies",
    "ServiceRole",
    "acknowledge_wildcards",
]
