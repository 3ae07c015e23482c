"""AWS CodeCommit."""

from rehearsal.services.codecommit.resource_types import RESOURCE_TYPES
from rehearsal.services.codecommit.service import CodeCommit

__all__ = ["RESOURCE_TYPES", "CodeCommit"]
