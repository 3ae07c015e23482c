"""AWS CodeStar Notifications."""

from rehearsal.services.codestar_notifications.resource_types import RESOURCE_TYPES
from rehearsal.services.codestar_notifications.service import CodeStarNotifications

__all__ = ["RESOURCE_TYPES", "CodeStarNotifications"]
