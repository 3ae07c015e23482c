"""The parts of EFS, EC2 and ECR that SageMaker uses for Studio, in memory."""

from __future__ import annotations

from typing import Any, cast

from botocore.exceptions import ClientError


class FakeEfs:
    """File systems and mount targets."""

    def __init__(self) -> None:
        self.file_systems: dict[str, dict[str, Any]] = {}
        self.targets: dict[str, dict[str, Any]] = {}

    def create_file_system(self, **request: Any) -> dict[str, Any]:
        name = f"fs-{len(self.file_systems):08d}"
        self.file_systems[name] = request
        return {"FileSystemId": name}

    def create_mount_target(self, **request: Any) -> None:
        self.targets[f"fsmt-{len(self.targets)}"] = request

    def describe_mount_targets(self, *, FileSystemId: str) -> dict[str, Any]:  # noqa: N803
        if FileSystemId not in self.file_systems:
            error = {"Error": {"Code": "FileSystemNotFound", "Message": "gone"}}
            raise ClientError(cast(Any, error), "DescribeMountTargets")
        return {
            "MountTargets": [
                {"MountTargetId": name}
                for name, target in self.targets.items()
                if target["FileSystemId"] == FileSystemId
            ]
        }

    def delete_mount_target(self, *, MountTargetId: str) -> None:  # noqa: N803
        del self.targets[MountTargetId]

    def delete_file_system(self, *, FileSystemId: str) -> None:  # noqa: N803
        del self.file_systems[FileSystemId]


class FakeEc2:
    """Security groups, and subnets whose zone is the end of their name."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}

    def describe_subnets(self, *, SubnetIds: list[str]) -> dict[str, Any]:  # noqa: N803
        missing = [name for name in SubnetIds if not name.startswith("subnet-")]
        if missing:
            error = {"Error": {"Code": "InvalidSubnetID.NotFound", "Message": f"no {missing}"}}
            raise ClientError(cast(Any, error), "DescribeSubnets")
        return {
            "Subnets": [
                {"SubnetId": name, "AvailabilityZone": name.rpartition("-")[2]}
                for name in SubnetIds
            ]
        }

    def create_security_group(self, **request: Any) -> dict[str, Any]:
        name = f"sg-{len(self.groups)}"
        self.groups[name] = {**request, "Rules": []}
        return {"GroupId": name}

    def authorize_security_group_ingress(self, **request: Any) -> None:
        self.groups[request["GroupId"]]["Rules"].append(request["IpPermissions"][0])

    authorize_security_group_egress = authorize_security_group_ingress


class FakeEcr:
    """Images by repository and tag."""

    def __init__(self, images: dict[tuple[str, str], str]) -> None:
        self.images = images

    def batch_get_image(
        self,
        *,
        registryId: str,  # noqa: N803
        repositoryName: str,  # noqa: N803
        imageIds: list[dict[str, str]],  # noqa: N803
    ) -> dict[str, Any]:
        found = self.images.get((repositoryName, imageIds[0]["imageTag"]))
        return {"images": [{"imageId": {"imageDigest": found}}] if found else []}
