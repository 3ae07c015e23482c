"""AWS CodeBuild."""

from rehearsal.aws.codebuild.resource_types import RESOURCE_TYPES
from rehearsal.aws.codebuild.service import CodeBuild

__all__ = ["RESOURCE_TYPES", "CodeBuild"]
