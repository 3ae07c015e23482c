"""AWS CodeCommit."""

from rehearsal.aws.codecommit.resource_types import RESOURCE_TYPES
from rehearsal.aws.codecommit.service import CodeCommit

__all__ = ["RESOURCE_TYPES", "CodeCommit"]
