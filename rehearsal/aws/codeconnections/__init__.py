"""AWS CodeConnections."""

from rehearsal.aws.codeconnections.resource_types import RESOURCE_TYPES
from rehearsal.aws.codeconnections.service import CodeConnections

__all__ = ["RESOURCE_TYPES", "CodeConnections"]
