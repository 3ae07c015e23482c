"""Application Auto Scaling as one service, with the loop that runs what is due."""

from __future__ import annotations

import logging
import threading
import weakref
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.application_autoscaling.records import moment
from rehearsal.aws.application_autoscaling.resource_types import RESOURCE_TYPES
from rehearsal.aws.application_autoscaling.scheduled_actions import ScheduledActions
from rehearsal.aws.platform import AwsError, Platform, Scope

__all__ = ["RESOURCE_TYPES", "ApplicationAutoScaling", "execute_policy"]

TICK_SECONDS = 5.0

_LOG = logging.getLogger(__name__)


class ApplicationAutoScaling(ScheduledActions):
    """Scalable targets, scaling policies and scheduled actions of SageMaker."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        _services[platform.state_directory.absolute()] = self

    def start(self) -> None:
        threading.Thread(target=self._tick, daemon=True, name="application auto scaling").start()

    def _tick(self) -> None:
        while not self.closing.wait(TICK_SECONDS):
            try:
                self.run_due(moment())
                self.execute_alarms()
            except (AwsError, BotoCoreError, ClientError) as error:
                # What is gone meanwhile (an endpoint that was deleted) stops no other target.
                _LOG.warning("application auto scaling: %s", error)


# CloudWatch's alarms find the service of their platform here.
_services: weakref.WeakValueDictionary[Path, ApplicationAutoScaling] = weakref.WeakValueDictionary()


def execute_policy(platform: Platform, policy_arn: str, alarm_name: str, scope: Scope) -> None:
    """Runs a scaling policy as the action of an alarm that is in ALARM.

    For alarm actions `arn:aws:autoscaling:REGION:ACCOUNT:scalingPolicy:...`. Raises AwsError
    (ObjectNotFoundException) when there is no such policy, or the service is not served.
    """
    service = _services.get(platform.state_directory.absolute())
    if service is None:
        raise AwsError("ObjectNotFoundException", f"No scaling policy found for ARN {policy_arn}")
    service.execute_policy(policy_arn, alarm_name, scope)
