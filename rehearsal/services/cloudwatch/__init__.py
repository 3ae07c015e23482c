"""CloudWatch: metrics with their dimensions, alarms that time evaluates, dashboards."""

from __future__ import annotations

from rehearsal.services.cloudwatch.resource_types import RESOURCE_TYPES
from rehearsal.services.cloudwatch.service import CloudWatch

__all__ = ["RESOURCE_TYPES", "CloudWatch"]
