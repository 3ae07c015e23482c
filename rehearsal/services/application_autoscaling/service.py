"""Application Auto Scaling as one service, with the loop that runs what is due."""

from __future__ import annotations

import logging
import threading

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError
from rehearsal.services.application_autoscaling.records import moment
from rehearsal.services.application_autoscaling.resource_types import RESOURCE_TYPES
from rehearsal.services.application_autoscaling.scheduled_actions import ScheduledActions

__all__ = ["RESOURCE_TYPES", "ApplicationAutoScaling"]

TICK_SECONDS = 5.0

_LOG = logging.getLogger(__name__)


class ApplicationAutoScaling(ScheduledActions):
    """Scalable targets, scaling policies and scheduled actions of SageMaker.

    CloudWatch calls `execute_policy` when an alarm with a policy as its action goes off; while the
    alarm stays in ALARM, the service looks after it itself.
    """

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
