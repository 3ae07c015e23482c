"""Scaling activities: changes of capacity, and their record."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.clock import utc_now
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.workers import Workers
from rehearsal.services.application_autoscaling.capacity import Capacity
from rehearsal.services.application_autoscaling.linked_role import LinkedRole
from rehearsal.services.application_autoscaling.records import (
    INVALID_TOKEN,
    PAGE_SIZE,
    Record,
    TargetKey,
    Targets,
    selected,
)

_MAX_ACTIVITIES = 1000


class Activities:
    """Changes capacities, and describes the scaling activities.

    Args:
        lock: the service's lock.
        targets: the scalable targets.
        role: the service-linked role.
        workers: the threads of the service.
    """

    KEPT = ("_activities",)

    def __init__(
        self, lock: threading.RLock, targets: Targets, role: LinkedRole, workers: Workers
    ) -> None:
        self._lock = lock
        self._targets = targets
        self._role = role
        self._workers = workers
        self._activities: list[tuple[Scope, Record]] = []
        self._scaling: set[TargetKey] = set()

    def describe_scaling_activities(self, request: Request, context: Context) -> Response:
        """Returns activities, the latest first."""
        wanted = [request["ResourceId"]] if "ResourceId" in request else None
        with self._lock:
            found = [
                dict(activity)
                for scope, activity in reversed(self._activities)
                if scope == context.scope and selected(activity, request, wanted)
            ]
        entries, more = page(found, request, size=PAGE_SIZE, error=INVALID_TOKEN)
        return {"ScalingActivities": entries, **more}

    def keep_within_bounds(self, key: TargetKey) -> None:
        """Changes a capacity that is outside of the bounds of its target."""
        target = self._targets[key]
        current = self._role.capacity(key, target["RoleARN"]).current()
        if current < target["MinCapacity"]:
            cause = f"minimum capacity was set to {target['MinCapacity']}"
            self.scale(key, target["MinCapacity"], cause)
        elif current > target["MaxCapacity"]:
            cause = f"maximum capacity was set to {target['MaxCapacity']}"
            self.scale(key, target["MaxCapacity"], cause)

    def scale(
        self, key: TargetKey, value: int, cause: str, done: Callable[[], None] | None = None
    ) -> bool:
        """Starts to set a capacity, unless an activity of the target is in progress.

        Args:
            key: the target.
            value: the new capacity.
            cause: the cause, as the activity describes it.
            done: called when SageMaker has the new capacity. Defaults to None.

        Returns:
            True if an activity was started.
        """
        with self._lock:
            if key in self._scaling:
                return False
            self._scaling.add(key)
        capacity = self._role.capacity(key, self._targets[key]["RoleARN"])
        activity = self.begin_activity(key, f"Setting {capacity.noun} to {value}.", cause)
        self._workers.start("scaling", lambda: self._scale(capacity, value, activity, done))
        return True

    def _scale(
        self, capacity: Capacity, value: int, activity: Record, done: Callable[[], None] | None
    ) -> None:
        try:
            capacity.wait()  # SageMaker rejects a change while another one is in progress
            capacity.set(value)
            failure = capacity.wait()
        except (ClientError, BotoCoreError, AwsError) as error:
            failure = str(error)
        finally:
            with self._lock:
                self._scaling.discard(capacity.key)
        if failure:
            message = f"Failed to set {capacity.noun} to {value}. Reason: {failure}"
            self.end_activity(activity, "Failed", message)
            return
        if done is not None:
            done()
        message = f"Successfully set {capacity.noun} to {value}."
        fulfilled = "Change successfully fulfilled by sagemaker."
        self.end_activity(activity, "Successful", f"{message} {fulfilled}")

    def begin_activity(self, key: TargetKey, description: str, cause: str) -> Record:
        """Records an activity in progress."""
        activity: Record = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": key.namespace,
            "ResourceId": key.resource,
            "ScalableDimension": key.dimension,
            "Description": description,
            "Cause": cause,
            "StartTime": utc_now(),
            "StatusCode": "InProgress",
        }
        with self._lock:
            self._activities.append((key.scope, activity))
            del self._activities[:-_MAX_ACTIVITIES]
        return activity

    def end_activity(self, activity: Record, status: str, message: str) -> None:
        """Records the end of an activity."""
        with self._lock:
            activity.update(EndTime=utc_now(), StatusCode=status, StatusMessage=message)
