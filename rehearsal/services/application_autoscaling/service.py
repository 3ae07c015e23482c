"""Application Auto Scaling for SageMaker."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.clock import clock_of
from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.framework.workers import Workers
from rehearsal.services.application_autoscaling.activities import Activities
from rehearsal.services.application_autoscaling.execution import PolicyExecution
from rehearsal.services.application_autoscaling.linked_role import LinkedRole
from rehearsal.services.application_autoscaling.policies import ScalingPolicies
from rehearsal.services.application_autoscaling.records import Targets, key_of
from rehearsal.services.application_autoscaling.request_rules import APPLICATION_AUTOSCALING
from rehearsal.services.application_autoscaling.resource_types import RESOURCE_TYPES
from rehearsal.services.application_autoscaling.scheduled_actions import ScheduledActions
from rehearsal.services.application_autoscaling.targets import ScalableTargets, service_keys

__all__ = ["RESOURCE_TYPES", "ApplicationAutoScaling"]

TICK_SECONDS = 5.0

_LOG = logging.getLogger(__name__)


class ApplicationAutoScaling(Service):
    """Scalable targets, scaling policies and scheduled actions of SageMaker.

    CloudWatch calls `execute_policy` when an alarm with a policy as its action goes to ALARM. While
    the alarm stays there, the service executes the policy itself.
    """

    KEPT = ("_targets",)

    name = "application-autoscaling"
    namespace = "application-autoscaling"
    rules = APPLICATION_AUTOSCALING
    tag_shape = TagShape(arn="ResourceARN", as_map=True)

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._workers = Workers()
        self._clock = clock_of(platform)
        self._targets: Targets = {}
        role = LinkedRole(platform)
        activities = Activities(self.lock, self._targets, role, self._workers)
        policies = ScalingPolicies(self.lock, self._targets, role)
        self._actions = ScheduledActions(self.lock, self._targets, activities, self._clock)
        self._execution = PolicyExecution(self._targets, policies, role, activities, self._clock)
        targets = ScalableTargets(
            self.lock, self.tags, self._targets, role, activities, (policies, self._actions)
        )
        tagging = TagOperations(self.tags, targets.require)
        self.compose(targets, policies, self._actions, activities, tagging)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARN of a request's target; describing has no resource level."""
        if "ResourceARN" in request:
            return [request["ResourceARN"]]
        if operation.startswith("Describe"):
            return ["*"]
        target = self._targets.get(key_of(scope, request))
        return [
            target["ScalableTargetARN"] if target else scope.arn(self.name, "scalable-target/*")
        ]

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        return service_keys(request)

    def execute_policy(self, policy_arn: str, alarm_name: str, scope: Scope) -> None:
        """Executes a policy that is the action of an alarm.

        Raises:
            AwsError: ObjectNotFoundException, if there is no such policy.
        """
        self._execution.execute_policy(policy_arn, alarm_name, scope)

    def execute_alarms(self) -> None:
        """Executes the policies of all alarms in ALARM."""
        self._execution.execute_alarms()

    def run_due(self, now: datetime.datetime) -> None:
        """Runs the scheduled actions that are due at a time."""
        self._actions.run_due(now)

    def start(self) -> None:
        self._workers.start("application auto scaling", self._tick)

    def close(self) -> None:
        self._workers.close(timeout=1.0)

    def _tick(self) -> None:
        while not self._workers.closing.wait(TICK_SECONDS):
            try:
                self.run_due(self._clock())
                self.execute_alarms()
            except (AwsError, BotoCoreError, ClientError) as error:
                # A resource that was deleted meanwhile stops no other target.
                _LOG.warning("application auto scaling: %s", error)
