"""Conditions on tags of security groups and file systems, as SageMaker tags its own."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

TAG = {"Key": "owner", "Value": "mine"}
MINE = {"StringEquals": {"aws:ResourceTag/owner": "mine"}}


def test_only_a_security_group_with_the_tag_may_be_deleted(aws: Any) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    tagged, plain = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc, **options)["GroupId"]
        for name, options in {
            "tagged": {"TagSpecifications": [{"ResourceType": "security-group", "Tags": [TAG]}]},
            "plain": {},
        }.items()
    )
    statement = {"Action": "ec2:DeleteSecurityGroup", "Condition": MINE}
    owner = aws.client("ec2", aws.person("group-owner", statement))

    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        owner.delete_security_group(GroupId=plain)
    owner.delete_security_group(GroupId=tagged)


def test_a_file_system_is_found_by_who_may_see_it(aws: Any) -> None:
    efs = aws.client("efs")
    tagged = efs.create_file_system(CreationToken="tagged", Tags=[TAG])
    plain = efs.create_file_system(CreationToken="plain")
    person = aws.person(
        "file-system-owner",
        {
            "Action": "elasticfilesystem:DescribeFileSystems",
            "Resource": tagged["FileSystemArn"],
            "Condition": MINE,
        },
    )
    owner = aws.client("efs", person)

    found = owner.describe_file_systems(FileSystemId=tagged["FileSystemId"])["FileSystems"]
    assert [one["FileSystemId"] for one in found] == [tagged["FileSystemId"]]
    for other in ({"FileSystemId": plain["FileSystemId"]}, {}):
        with pytest.raises(ClientError, match="not authorized"):
            owner.describe_file_systems(**other)
