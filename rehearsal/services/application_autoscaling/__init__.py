"""Application Auto Scaling: scalable targets, their policies and schedules, and what they do."""

from rehearsal.services.application_autoscaling.resource_types import RESOURCE_TYPES
from rehearsal.services.application_autoscaling.service import ApplicationAutoScaling

__all__ = ["RESOURCE_TYPES", "ApplicationAutoScaling"]
