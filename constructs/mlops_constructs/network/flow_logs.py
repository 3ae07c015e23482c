"""Destinations of VPC flow logs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ._service_role import network_service_role


class FlowLogs(ABC):
    """Destination of the VPC flow logs of a network; use its static factories.

    The logs record accepted and rejected connections.

    Source: "Logging IP traffic using VPC Flow Logs" in the VPC guide.

    Example:
        ```python
        FlowLogs.to_bucket(bucket, prefix="flow-logs/")
        ```
    """

    @staticmethod
    def to_log_group(*, retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR) -> "FlowLogs":
        """Sends records to a log group of CloudWatch Logs, encrypted with the network's key.

        Args:
            retention: retention of the records. Defaults to one year.

        Example:
            ```python
            FlowLogs.to_log_group()
            ```
        """
        return _ToLogGroup(retention=retention)

    @staticmethod
    def to_bucket(bucket: s3.IBucket, *, prefix: str = "") -> "FlowLogs":
        """Stores records as objects in a bucket, which costs less for high traffic.

        The policies of the bucket and of its key must allow delivery.logs.amazonaws.com to write;
        AWS adds the bucket policy if the deploying principal is allowed to change it.

        Args:
            bucket: bucket of the records.
            prefix: key prefix, ending with a slash; AWS appends
                `AWSLogs/ACCOUNT/vpcflowlogs/REGION/`. Defaults to no prefix.

        Example:
            ```python
            FlowLogs.to_bucket(bucket)
            ```
        """
        return _ToBucket(bucket=bucket, prefix=prefix)

    @abstractmethod
    def record(self, scope: Construct, vpc_id: str, key: kms.IKey) -> ec2.CfnFlowLog:
        """Records all traffic of a VPC.

        Args:
            vpc_id: id of the VPC.
            key: KMS key of the records in CloudWatch Logs.
        """


@dataclass(frozen=True, kw_only=True)
class _ToLogGroup(FlowLogs):
    retention: logs.RetentionDays

    def record(self, scope: Construct, vpc_id: str, key: kms.IKey) -> ec2.CfnFlowLog:
        group = logs.LogGroup(
            scope,
            "FlowLogGroup",
            encryption_key=key,
            retention=self.retention,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        writing = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[group.log_group_arn],
        )
        role = network_service_role(
            scope,
            "FlowLogRole",
            service="vpc-flow-logs.amazonaws.com",
            description="VPC: writes the flow logs of a network",
            statements=[writing],
        )
        return ec2.CfnFlowLog(
            scope,
            "FlowLog",
            resource_id=vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )


@dataclass(frozen=True, kw_only=True)
class _ToBucket(FlowLogs):
    bucket: s3.IBucket
    prefix: str

    def record(self, scope: Construct, vpc_id: str, key: kms.IKey) -> ec2.CfnFlowLog:
        folder = self.prefix.rstrip("/")
        return ec2.CfnFlowLog(
            scope,
            "FlowLog",
            resource_id=vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="s3",
            log_destination=f"{self.bucket.bucket_arn}/{folder}"
            if folder
            else self.bucket.bucket_arn,
        )
