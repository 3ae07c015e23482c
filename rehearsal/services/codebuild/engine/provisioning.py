"""What a build begins with: the credentials of its service role, and its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.containers.build_log import BuildLog
from rehearsal.framework.network_interfaces import check_attachment
from rehearsal.framework.platform import AwsError, Credentials, Platform
from rehearsal.services.codebuild.engine.failure import PhaseFailedError
from rehearsal.services.codebuild.engine.plan import BuildPlan

_SERVICE = "codebuild.amazonaws.com"


def credentials(plan: BuildPlan, platform: Platform) -> Credentials:
    """Of the service role. Raises PhaseFailedError when CodeBuild may not assume it."""
    try:
        return platform.service_credentials(
            plan.service_role,
            service_principal=_SERVICE,
            session_name=f"AWSCodeBuild-{plan.build_uuid}",
            source_arn=plan.scope.arn("codebuild", f"project/{plan.project}"),
        )
    except AwsError as error:
        raise PhaseFailedError(
            "ACCESS_DENIED",
            "CodeBuild is not authorized to perform: sts:AssumeRole on service role. "
            f"{error.message}",
        ) from error


def attach(plan: BuildPlan, platform: Platform, vpc: Mapping[str, Any]) -> None:
    """That the service role may attach the build. Raises PhaseFailedError when it may not."""
    try:
        check_attachment(
            platform,
            plan.service_role,
            plan.scope,
            subnet_ids=vpc["subnets"],
            security_group_ids=vpc["securityGroupIds"],
            service=_SERVICE,
        )
    except AwsError as error:
        raise PhaseFailedError(
            "UNAUTHORIZED_OPERATION_CREATE_NETWORK_INTERFACE",
            "The service role is not authorized to attach the build to the VPC "
            f"{vpc['vpcId']}. {error.message}",
        ) from error


def open_log(plan: BuildPlan, session: boto3.Session, log: BuildLog) -> None:
    """Opens the log, where the build has one. Raises PhaseFailedError when the role may not."""
    if not plan.log_group or not plan.log_stream:
        return
    try:
        log.open(session, plan.log_group, plan.log_stream)
    except ClientError as error:
        raise PhaseFailedError(
            "ACCESS_DENIED",
            f"Service role {plan.service_role} does not allow AWS CodeBuild to create Amazon "
            f"CloudWatch Logs log streams for build {plan.arn}. Error message: "
            f"{error.response['Error'].get('Message', '')}",
        ) from error
