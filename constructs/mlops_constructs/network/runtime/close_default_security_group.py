"""Closes the default security group of a VPC: the handler of a CloudFormation custom resource.

EC2 creates each VPC with a default security group that allows traffic between its members, and all
outbound traffic; no resource type changes it. Security standards require it to be closed, since
resources without a security group use it.

The file is the function's inline code, for which Lambda provides the module `cfnresponse`. An error
becomes the response FAILED with its reason, so that the deployment shows it immediately.
"""

from typing import Any

import boto3
import cfnresponse  # type: ignore[import-not-found]  # Lambda adds it to inline code
from botocore.exceptions import ClientError

MAX_REASON_LENGTH = 1000  # CloudFormation accepts responses of up to 4096 bytes


def handler(event: dict[str, Any], context: Any) -> None:
    """Closes the group and responds to CloudFormation; the group is deleted with its VPC."""
    group_id = event["ResourceProperties"]["DefaultSecurityGroupId"]
    status, reason = cfnresponse.SUCCESS, None
    try:
        if event["RequestType"] != "Delete":
            close(boto3.client("ec2"), group_id)
    except Exception as error:  # any failure must reach CloudFormation
        status, reason = cfnresponse.FAILED, f"{type(error).__name__}: {error}"[:MAX_REASON_LENGTH]
    cfnresponse.send(event, context, status, {}, group_id, reason=reason)


def close(ec2: Any, group_id: str) -> None:
    """Revokes the two rules that AWS adds to the group, if they exist."""
    members = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}
    anywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    for revoke, rule in (
        (ec2.revoke_security_group_ingress, members),
        (ec2.revoke_security_group_egress, anywhere),
    ):
        try:
            revoke(GroupId=group_id, IpPermissions=[rule])
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidPermission.NotFound":
                raise
