"""AWS CodeConnections."""

from rehearsal.services.codeconnections.resource_types import RESOURCE_TYPES
from rehearsal.services.codeconnections.service import CodeConnections

__all__ = ["RESOURCE_TYPES", "CodeConnections"]
