"""Closes the default security group of a VPC: the handler of a CloudFormation custom resource.

CloudFormation makes each VPC with a default security group that lets its members talk to each
other, and out to everywhere; no resource type changes it. Standards want it closed, as whatever is
started without a security group ends up in it.

The file is the function's inline code, for which Lambda has the module `cfnresponse`. An error
becomes the answer FAILED with its reason, so that the deployment shows it at once.
"""

from typing import Any

import boto3
import cfnresponse  # type: ignore[import-not-found]  # Lambda puts it beside inline code
from botocore.exceptions import ClientError

REASON_LENGTH = 1000  # CloudFormation refuses an answer of more than 4096 bytes


def handler(event: dict[str, Any], context: Any) -> None:
    """Closes the group and answers CloudFormation; with its VPC, the group goes by itself."""
    group_id = event["ResourceProperties"]["DefaultSecurityGroupId"]
    status, reason = cfnresponse.SUCCESS, None
    try:
        if event["RequestType"] != "Delete":
            close(boto3.client("ec2"), group_id)
    except Exception as error:  # whatever it is, CloudFormation must hear of it
        status, reason = cfnresponse.FAILED, f"{type(error).__name__}: {error}"[:REASON_LENGTH]
    cfnresponse.send(event, context, status, {}, group_id, reason=reason)


def close(ec2: Any, group_id: str) -> None:
    """Removes the two rules that AWS gives the group; a rule that is gone already is fine."""
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
