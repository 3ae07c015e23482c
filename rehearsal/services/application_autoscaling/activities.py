"""Scaling activities: changing capacity, and what is told about it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError, Context, Credentials, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.application_autoscaling.capacity import Capacity
from rehearsal.services.application_autoscaling.records import (
    Record,
    TargetKey,
    moment,
    page,
    selected,
)

PRINCIPAL = "sagemaker.application-autoscaling.amazonaws.com"
ROLE_NAME = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
_PATH = f"/aws-service-role/{PRINCIPAL}/"
_PERMISSIONS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeInferenceComponent",
                "sagemaker:UpdateEndpointWeightsAndCapacities",
                "sagemaker:UpdateInferenceComponentRuntimeConfig",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:DeleteAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
            ],
            "Resource": "*",
        }
    ],
}
_MOST_ACTIVITIES = 1000


def role_arn(scope: Scope) -> str:
    """The service-linked role of an account."""
    return f"arn:aws:iam::{scope.account}:role{_PATH}{ROLE_NAME}"


class Activities(Service):
    """DescribeScalingActivities, and the change of capacity behind every other part."""

    name: ClassVar[str] = "application-autoscaling"
    namespace: ClassVar[str] = "application-autoscaling"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.targets: dict[TargetKey, Record] = {}
        self.closing = threading.Event()
        self._activities: list[tuple[Scope, Record]] = []
        self._scaling: set[TargetKey] = set()
        self._tags: dict[str, dict[str, str]] = {}

    def describe_scaling_activities(self, request: Request, context: Context) -> Response:
        """The latest first."""
        wanted = [request["ResourceId"]] if "ResourceId" in request else None
        with self.lock:
            found = [
                dict(activity)
                for scope, activity in reversed(self._activities)
                if scope == context.scope and selected(activity, request, wanted)
            ]
        entries, token = page(found, request)
        return {"ScalingActivities": entries, "NextToken": token}

    # The service-linked role

    def ensure_role(self, context: Context) -> str:
        """The service-linked role for SageMaker; AWS makes it with the first target.

        Raises AwsError (AccessDeniedException) when there is none and the caller may not have it
        made (iam:CreateServiceLinkedRole).
        """
        scope = context.scope
        arn = role_arn(scope)
        root = Credentials(scope.account, scope.account, "", f"arn:aws:iam::{scope.account}:root")
        iam = self.platform.session(root, scope.region).client("iam")
        try:
            iam.get_role(RoleName=ROLE_NAME)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            self.platform.authorize(
                context.caller_arn,
                "iam:CreateServiceLinkedRole",
                arn,
                scope,
                {"iam:AWSServiceName": PRINCIPAL},
            )
            trust = {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": PRINCIPAL},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
            iam.create_role(
                RoleName=ROLE_NAME, Path=_PATH, AssumeRolePolicyDocument=json.dumps(trust)
            )
            iam.put_role_policy(
                RoleName=ROLE_NAME,
                PolicyName="AWSApplicationAutoscalingSageMakerEndpointPolicy",
                PolicyDocument=json.dumps(_PERMISSIONS),
            )
        return arn

    def client(self, scope: Scope, role: str, service: str) -> Any:
        """A client that acts with the service-linked role."""
        credentials = self.platform.service_credentials(
            role, service_principal=PRINCIPAL, session_name="AutoScaling"
        )
        return self.platform.session(credentials, scope.region).client(service)  # type: ignore[call-overload]

    def capacity_of(self, key: TargetKey, role: str) -> Capacity:
        return Capacity(key, self.client(key.scope, role, "sagemaker"))

    # Changing capacity

    def keep_within_bounds(self, key: TargetKey) -> None:
        """Changes a capacity that is outside of its target's bounds."""
        target = self.targets[key]
        current = self.capacity_of(key, target["RoleARN"]).current()
        if current < target["MinCapacity"]:
            cause = f"minimum capacity was set to {target['MinCapacity']}"
            self.scale(key, target["MinCapacity"], cause)
        elif current > target["MaxCapacity"]:
            cause = f"maximum capacity was set to {target['MaxCapacity']}"
            self.scale(key, target["MaxCapacity"], cause)

    def scale(
        self, key: TargetKey, value: int, cause: str, done: Callable[[], None] | None = None
    ) -> bool:
        """Begins to set a capacity; False when an activity of the target is in progress.

        `done` is called when SageMaker has the new capacity.
        """
        with self.lock:
            if key in self._scaling:
                return False
            self._scaling.add(key)
        capacity = self.capacity_of(key, self.targets[key]["RoleARN"])
        activity = self.begin_activity(key, f"Setting {capacity.noun} to {value}.", cause)
        threading.Thread(
            target=self._scale, args=(capacity, value, activity, done), daemon=True, name="scaling"
        ).start()
        return True

    def _scale(
        self, capacity: Capacity, value: int, activity: Record, done: Callable[[], None] | None
    ) -> None:
        try:
            capacity.wait()  # SageMaker takes no change while another one is on its way
            capacity.set(value)
            failure = capacity.wait()
        except (ClientError, BotoCoreError, AwsError) as error:
            failure = str(error)
        finally:
            with self.lock:
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
        activity: Record = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": key.namespace,
            "ResourceId": key.resource,
            "ScalableDimension": key.dimension,
            "Description": description,
            "Cause": cause,
            "StartTime": moment(),
            "StatusCode": "InProgress",
        }
        with self.lock:
            self._activities.append((key.scope, activity))
            del self._activities[:-_MOST_ACTIVITIES]
        return activity

    def end_activity(self, activity: Record, status: str, message: str) -> None:
        with self.lock:
            activity.update(EndTime=moment(), StatusCode=status, StatusMessage=message)

    def close(self) -> None:
        self.closing.set()
