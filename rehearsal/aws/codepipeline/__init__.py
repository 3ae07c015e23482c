"""AWS CodePipeline."""

from rehearsal.aws.codepipeline.resource_types import RESOURCE_TYPES
from rehearsal.aws.codepipeline.service import CodePipeline

__all__ = ["RESOURCE_TYPES", "CodePipeline"]
