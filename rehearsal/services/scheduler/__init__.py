"""EventBridge Scheduler: schedules that start targets or call any API of AWS, with a role."""

from __future__ import annotations

from rehearsal.services.scheduler.resource_types import RESOURCE_TYPES
from rehearsal.services.scheduler.service import Scheduler

__all__ = ["RESOURCE_TYPES", "Scheduler"]
