"""VPCs of stacks: their attributes and their default security group.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import ec2

from rehearsal.ministack.registry import resource_handler

_TYPE = "AWS::EC2::VPC"
_WHY = (
    "A VPC lacks the attributes CidrBlock, CidrBlockAssociations and Ipv6CidrBlocks, and the rule "
    "of its default security group."
)
_UNTIL = "ministack returns the attributes of AWS::EC2::VPC and creates the default group's rule."


@resource_handler(_TYPE, "create", why=_WHY, until=_UNTIL)
def create(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    vpc_id, attributes = _described(*previous(logical_id, props, stack_name))
    _allow_members(attributes["DefaultSecurityGroup"])
    return vpc_id, attributes


@resource_handler(_TYPE, "update", why=_WHY, until=_UNTIL)
def update(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    return _described(*previous(physical_id, old_props, new_props, stack_name, logical_id))


def _described(vpc_id: str, attributes: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    vpc = ec2._vpcs[vpc_id]
    associations = vpc.get("CidrBlockAssociationSet") or []
    return vpc_id, {
        **attributes,
        "CidrBlock": vpc["CidrBlock"],
        "CidrBlockAssociations": [one["AssociationId"] for one in associations],
        "Ipv6CidrBlocks": [],
    }


def _allow_members(group_id: str) -> None:
    """Allows traffic among the members of a default group, as AWS does when it creates one."""
    group = ec2._security_groups[group_id]
    if not group["IpPermissions"]:
        group["IpPermissions"] = [
            {
                "IpProtocol": "-1",
                "IpRanges": [],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
                "UserIdGroupPairs": [{"GroupId": group_id, "UserId": group["OwnerId"]}],
            }
        ]
