"""AWS CodeStar Notifications."""

from rehearsal.aws.codestar_notifications.resource_types import RESOURCE_TYPES
from rehearsal.aws.codestar_notifications.service import CodeStarNotifications

__all__ = ["RESOURCE_TYPES", "CodeStarNotifications"]
