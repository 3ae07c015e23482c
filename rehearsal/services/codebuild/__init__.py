"""AWS CodeBuild: service.py is the API, engine/ runs the builds."""

from rehearsal.services.codebuild.resource_types import RESOURCE_TYPES
from rehearsal.services.codebuild.service import CodeBuild

__all__ = ["RESOURCE_TYPES", "CodeBuild"]
