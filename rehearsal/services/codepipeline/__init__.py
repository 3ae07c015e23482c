"""AWS CodePipeline: service.py is the API, engine/ runs executions, actions/ their actions."""

from rehearsal.services.codepipeline.resource_types import RESOURCE_TYPES
from rehearsal.services.codepipeline.service import CodePipeline

__all__ = ["RESOURCE_TYPES", "CodePipeline"]
