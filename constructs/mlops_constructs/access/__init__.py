"""Roles of the services that act, with least privilege."""

from .acknowledgement import acknowledge_wildcards
from .model_execution_role import ModelExecutionRole

__all__ = ["ModelExecutionRole", "acknowledge_wildcards"]
