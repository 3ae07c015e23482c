"""VPCs of stacks as CloudFormation describes them: their attributes and their default group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import ec2

from rehearsal.ministack.stacks.stack_rows import wrap_row

Row = Callable[..., Any]


def install() -> None:
    """Adds to ministack's row of AWS::EC2::VPC what templates and functions ask for."""
    wrap_row("AWS::EC2::VPC", create=_created, update=_described)


def _created(stock: Row) -> Row:
    describe = _described(stock)

    def create(*arguments: Any) -> Any:
        made = describe(*arguments)
        _let_members_talk(made[1]["DefaultSecurityGroup"])
        return made

    return create


def _described(stock: Row) -> Row:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html"""

    def handle(*arguments: Any, **named: Any) -> Any:
        vpc_id, attributes = stock(*arguments, **named)
        vpc = ec2._vpcs[vpc_id]
        associations = vpc.get("CidrBlockAssociationSet") or []
        return vpc_id, {
            **attributes,
            "CidrBlock": vpc["CidrBlock"],
            "CidrBlockAssociations": [one["AssociationId"] for one in associations],
            "Ipv6CidrBlocks": [],
        }

    return handle


def _let_members_talk(group_id: str) -> None:
    """AWS lets the members of a default group talk among themselves, until someone closes it."""
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
