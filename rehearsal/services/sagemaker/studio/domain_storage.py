"""Storage of a domain in the customer's account: a file system and its security groups.

The names and the tag are those of SageMaker. Deleting a domain with the retention policy `Delete`
removes the file system; the two security groups stay, as they do in AWS.
"""

import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import Scope

OWNER_TAG = "ManagedByAmazonSageMakerResource"
NFS_PORT = 2049
_POLL_SECONDS = 0.1


class DomainStorage:
    """Creates and deletes the file systems of domains.

    Args:
        identity: SageMaker, in whose name the resources are created.
    """

    def __init__(self, identity: ServiceIdentity) -> None:
        self._identity = identity

    def create(self, scope: Scope, domain: Mapping[str, Any]) -> str:
        """Creates the file system, a mount target in each zone and the security groups.

        Args:
            scope: account and region of the domain.
            domain: the domain's DomainId, DomainArn, VpcId, SubnetIds and KmsKeyId.

        Returns:
            The id of the file system.
        """
        session = self._identity.service_session(scope)
        tags = [{"Key": OWNER_TAG, "Value": domain["DomainArn"]}]
        efs, ec2 = session.client("efs"), session.client("ec2")
        key = {"KmsKeyId": domain["KmsKeyId"]} if domain.get("KmsKeyId") else {}
        file_system: str = efs.create_file_system(
            CreationToken=domain["DomainId"], Encrypted=True, Tags=tags, **key
        )["FileSystemId"]
        inbound = _create_nfs_groups(ec2, domain["DomainId"], domain["VpcId"], tags)
        for subnet in _one_per_zone(ec2, domain["SubnetIds"]):
            efs.create_mount_target(
                FileSystemId=file_system, SubnetId=subnet, SecurityGroups=[inbound]
            )
        return file_system

    def delete(self, scope: Scope, file_system: str) -> None:
        """Deletes a file system and its mount targets, if they still exist."""
        efs = self._identity.service_session(scope).client("efs")
        try:
            targets = efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]
            for target in targets:
                efs.delete_mount_target(MountTargetId=target["MountTargetId"])
            while efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]:
                time.sleep(_POLL_SECONDS)
            efs.delete_file_system(FileSystemId=file_system)
        except ClientError as error:
            if error.response["Error"]["Code"] != "FileSystemNotFound":
                raise


def _create_nfs_groups(ec2: Any, domain_id: str, vpc_id: str, tags: list[dict[str, str]]) -> str:
    """Creates the groups of the mount targets and of the apps; returns the id of the former."""
    groups = {}
    for direction in ("inbound", "outbound"):
        groups[direction] = ec2.create_security_group(
            GroupName=f"security-group-for-{direction}-nfs-{domain_id}",
            Description=f"[DO NOT DELETE] Security Group that allows {direction} NFS traffic for "
            f"SageMaker Notebooks Domain [{domain_id}]",
            VpcId=vpc_id,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )["GroupId"]
    for direction, other, authorize in (
        ("inbound", "outbound", ec2.authorize_security_group_ingress),
        ("outbound", "inbound", ec2.authorize_security_group_egress),
    ):
        nfs = {
            "IpProtocol": "tcp",
            "FromPort": NFS_PORT,
            "ToPort": NFS_PORT,
            "UserIdGroupPairs": [{"GroupId": groups[other]}],
        }
        authorize(GroupId=groups[direction], IpPermissions=[nfs])
    return str(groups["inbound"])


def _one_per_zone(ec2: Any, subnet_ids: list[str]) -> list[str]:
    subnets = ec2.describe_subnets(SubnetIds=subnet_ids)["Subnets"]
    by_zone = {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in reversed(subnets)}
    return list(by_zone.values())
