"""The service-linked role with which Application Auto Scaling acts on SageMaker and CloudWatch."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import Context, Platform, Scope
from rehearsal.services.application_autoscaling.capacity import Capacity
from rehearsal.services.application_autoscaling.records import TargetKey

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


class LinkedRole:
    """The service-linked role of every account.

    Args:
        platform: the AWS around the service.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._identity = ServiceIdentity(platform, PRINCIPAL, "AutoScaling")

    def ensure(self, context: Context) -> str:
        """Returns the ARN of the role, which AWS creates with the first target.

        Raises:
            AwsError: AccessDeniedException, if there is no role and the caller lacks
                `iam:CreateServiceLinkedRole`.
        """
        scope = context.scope
        arn = role_arn(scope)
        iam = self._identity.service_session(scope).client("iam")
        try:
            iam.get_role(RoleName=ROLE_NAME)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            self._platform.authorize(
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
        """Returns a client that acts with the role."""
        credentials = self._platform.service_credentials(
            role, service_principal=PRINCIPAL, session_name="AutoScaling"
        )
        session: Any = self._platform.session(credentials, scope.region)
        return session.client(service)

    def capacity(self, key: TargetKey, role: str) -> Capacity:
        """Returns the capacity of a target, through the role."""
        return Capacity(key, self.client(key.scope, role, "sagemaker"))


def role_arn(scope: Scope) -> str:
    """Returns the ARN of the service-linked role of an account."""
    return f"arn:aws:iam::{scope.account}:role{_PATH}{ROLE_NAME}"
