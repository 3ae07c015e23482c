"""Studio in stacks: created, changed in place, replaced and deleted, with the caller's rights."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server

SERVICES = ("rehearsal.services.sagemaker.service:SageMaker",)
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
TRUST = {"Service": "sagemaker.amazonaws.com"}
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("studio"), SERVICES) as aws:
        yield aws


@pytest.fixture(scope="module")
def role(cloud: Aws) -> str:
    """The role of Studio, its images and its MLflow App; it may read images and the bucket."""
    cloud.client("s3").create_bucket(Bucket="studio-artifacts")
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="churn")
    for tag in ("1", "2"):
        ecr.put_image(
            repositoryName="churn",
            imageManifest=json.dumps({"schemaVersion": 2, "annotations": {"tag": tag}}),
            imageTag=tag,
        )
    return cloud.role("studio", TRUST, {"Action": ["ecr:BatchGetImage", "s3:ListBucket"]})


@pytest.fixture(scope="module")
def network(cloud: Aws) -> dict[str, Any]:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="studio", Description="apps", VpcId=vpc)
    return {"VpcId": vpc, "SubnetIds": subnets, "group": group["GroupId"]}


def template(role: str, network: dict[str, Any]) -> dict[str, Any]:
    """Everything of Studio, each referring to the others."""
    domain = {"Fn::GetAtt": ["Domain", "DomainId"]}
    script = base64.b64encode(b"#!/bin/bash\n").decode()
    lab = {
        "LifecycleConfigArns": [{"Fn::GetAtt": ["Script", "StudioLifecycleConfigArn"]}],
        "CustomImages": [
            {
                "ImageName": "vision",
                "AppImageConfigName": {"Ref": "Config"},
                "ImageVersionNumber": {"Fn::GetAtt": ["Version", "Version"]},
            }
        ],
    }
    return {
        "Script": _resource(
            "StudioLifecycleConfig",
            StudioLifecycleConfigName="git",
            StudioLifecycleConfigAppType="JupyterLab",
            StudioLifecycleConfigContent=script,
        ),
        "Image": _resource(
            "Image", ImageName="vision", ImageRoleArn=role, ImageDisplayName="Vision"
        ),
        "Version": {
            **_resource("ImageVersion", ImageName="vision", BaseImage=f"{REGISTRY}/churn:1"),
            "DependsOn": "Image",
        },
        "Config": _resource(
            "AppImageConfig", AppImageConfigName="vision", JupyterLabAppImageConfig={}
        ),
        "Domain": _resource(
            "Domain",
            DomainName="churn",
            AuthMode="IAM",
            AppNetworkAccessType="VpcOnly",
            VpcId=network["VpcId"],
            SubnetIds=network["SubnetIds"],
            DefaultUserSettings={
                "ExecutionRole": role,
                "SecurityGroups": [network["group"]],
                "JupyterLabAppSettings": lab,
            },
            DomainSettings={"DockerSettings": {"EnableDockerAccess": "ENABLED"}},
            Tags=[{"Key": "team", "Value": "churn"}],
        ),
        "Ada": _resource("UserProfile", DomainId=domain, UserProfileName="ada"),
        "Space": {
            **_resource(
                "Space",
                DomainId=domain,
                SpaceName="churn",
                OwnershipSettings={"OwnerUserProfileName": "ada"},
                SpaceSharingSettings={"SharingType": "Shared"},
                SpaceSettings={"AppType": "JupyterLab"},
            ),
            "DependsOn": "Ada",
        },
        "Mlflow": _resource(
            "MlflowApp", Name="churn", ArtifactStoreUri="s3://studio-artifacts/mlflow", RoleArn=role
        ),
    }


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::SageMaker::{kind}", "Properties": properties}


OUTPUTS = {
    name: {"Value": {"Fn::GetAtt": path.split(".")}}
    for name, path in {
        "DomainId": "Domain.DomainId",
        "FileSystem": "Domain.HomeEfsFileSystemId",
        "Profile": "Ada.UserProfileArn",
        "Space": "Space.SpaceArn",
        "Version": "Version.Version",
        "Mlflow": "Mlflow.Arn",
        "MlflowAppId": "Mlflow.MlflowAppId",
    }.items()
}


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack["Reasons"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="module")
def created(cloud: Aws, role: str, network: dict[str, Any]) -> dict[str, str]:
    return outputs(cloud.deploy("studio", template(role, network), outputs=OUTPUTS))


def test_everything_of_studio_is_created_with_its_attributes(
    cloud: Aws, created: dict[str, str]
) -> None:
    domain_id = created["DomainId"]
    assert created["Profile"] == f"{ARN}:user-profile/{domain_id}/ada"
    assert created["Space"] == f"{ARN}:space/{domain_id}/churn"
    assert created["Mlflow"].endswith(created["MlflowAppId"])
    assert created["Version"] == "1"
    sagemaker = cloud.client("sagemaker")
    settings = sagemaker.describe_domain(DomainId=domain_id)["DefaultUserSettings"]
    assert settings["JupyterLabAppSettings"]["CustomImages"][0]["ImageVersionNumber"] == 1
    efs = cloud.client("efs")
    targets = efs.describe_mount_targets(FileSystemId=created["FileSystem"])["MountTargets"]
    assert len(targets) == 2


def test_a_change_is_made_in_place_where_aws_can(
    cloud: Aws, created: dict[str, str], role: str, network: dict[str, Any]
) -> None:
    changed = template(role, network)
    domain = changed["Domain"]["Properties"]
    domain["DefaultUserSettings"]["StudioWebPortal"] = "ENABLED"
    domain["DomainSettings"]["DockerSettings"]["EnableDockerAccess"] = "DISABLED"
    domain["Tags"] = [{"Key": "team", "Value": "other"}]
    changed["Space"]["Properties"]["SpaceDisplayName"] = "Churn"
    changed["Image"]["Properties"] |= {"ImageDescription": "Eyes"}
    del changed["Image"]["Properties"]["ImageDisplayName"]
    changed["Version"]["Properties"]["BaseImage"] = f"{REGISTRY}/churn:2"
    changed["Mlflow"]["Properties"]["WeeklyMaintenanceWindowStart"] = "Sun:02:00"

    after = outputs(cloud.deploy("studio", changed, update=True, outputs=OUTPUTS))

    assert {**after, "Version": "1"} == created
    assert after["Version"] == "2"  # its image cannot change: it is replaced
    sagemaker = cloud.client("sagemaker")
    described = sagemaker.describe_domain(DomainId=created["DomainId"])
    assert described["DomainSettings"]["DockerSettings"]["EnableDockerAccess"] == "DISABLED"
    lab = described["DefaultUserSettings"]["JupyterLabAppSettings"]
    assert lab["CustomImages"][0]["ImageVersionNumber"] == 2
    tags = sagemaker.list_tags(ResourceArn=described["DomainArn"])["Tags"]
    assert {"Key": "team", "Value": "other"} in tags
    image = sagemaker.describe_image(ImageName="vision")
    assert (image["Description"], image.get("DisplayName")) == ("Eyes", None)
    versions = sagemaker.list_image_versions(ImageName="vision")["ImageVersions"]
    assert [version["Version"] for version in versions] == [2]


def test_another_script_or_owner_is_a_replacement(
    cloud: Aws, created: dict[str, str], role: str, network: dict[str, Any]
) -> None:
    changed = template(role, network)
    script = changed["Script"]["Properties"]
    script["StudioLifecycleConfigName"] = "git-2"
    script["StudioLifecycleConfigContent"] = base64.b64encode(b"#!/bin/sh\n").decode()
    changed["Space"]["Properties"]["SpaceName"] = "other"

    after = outputs(cloud.deploy("studio", changed, update=True, outputs=OUTPUTS))

    assert after["DomainId"] == created["DomainId"]
    assert after["Space"].endswith("/other")
    sagemaker = cloud.client("sagemaker")
    configs = sagemaker.list_studio_lifecycle_configs()["StudioLifecycleConfigs"]
    assert [config["StudioLifecycleConfigName"] for config in configs] == ["git-2"]
    spaces = sagemaker.list_spaces(DomainIdEquals=created["DomainId"])["Spaces"]
    assert [space["SpaceName"] for space in spaces] == ["other"]


def test_an_app_of_studio_classic_is_rejected_with_its_reason(
    cloud: Aws, created: dict[str, str]
) -> None:
    app = _resource(
        "App",
        AppName="default",
        AppType="JupyterServer",
        DomainId=created["DomainId"],
        UserProfileName="ada",
    )

    stack = cloud.deploy("studio-classic", {"App": app})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "does not implement AppType=JupyterServer" in stack["Reasons"][0]


def test_a_stack_needs_the_rights_on_what_it_makes(
    cloud: Aws, role: str, network: dict[str, Any]
) -> None:
    """CreateDomain on domains, and iam:PassRole on the role of its users."""
    allowed: list[dict[str, Any]] = [
        {"Action": ["cloudformation:*", "sagemaker:AddTags"]},
        {"Action": "sagemaker:CreateDomain", "Resource": f"{ARN}:domain/*"},
    ]
    person = cloud.person("half-an-administrator", *allowed)
    domain = copy.deepcopy(template(role, network)["Domain"])
    del domain["Properties"]["DefaultUserSettings"]["JupyterLabAppSettings"]

    stack = cloud.deploy(
        "no-studio", {"Domain": domain}, client=cloud.client("cloudformation", person)
    )

    assert "iam:PassRole" in stack["Reasons"][0]


def test_who_may_act_in_one_domain_cannot_in_another(cloud: Aws, created: dict[str, str]) -> None:
    mine = created["DomainId"]
    allowed = {
        "Action": ["sagemaker:DescribeUserProfile", "sagemaker:DescribeApp", "sagemaker:DeleteApp"],
        "Resource": [f"{ARN}:{kind}/{mine}/*" for kind in ("user-profile", "app")],
    }
    sagemaker = cloud.client("sagemaker", cloud.person("of-one-domain", allowed))
    profile = {"UserProfileName": "ada"}
    app = {"SpaceName": "other", "AppType": "JupyterLab", "AppName": "default"}

    sagemaker.describe_user_profile(DomainId=mine, **profile)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.delete_app(DomainId=mine, **app)
    for call, request in (
        (sagemaker.describe_user_profile, profile),
        (sagemaker.describe_app, app),
        (sagemaker.delete_app, app),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(DomainId="d-other", **request)


def test_deleting_the_stack_leaves_what_aws_leaves(cloud: Aws, created: dict[str, str]) -> None:
    client = cloud.client("cloudformation")
    name = client.describe_stacks(StackName="studio")["Stacks"][0]["StackId"]

    client.delete_stack(StackName="studio")

    stack = cloud.settled(name)
    assert stack["StackStatus"] == "DELETE_COMPLETE", stack["Reasons"]
    sagemaker = cloud.client("sagemaker")
    assert sagemaker.list_domains()["Domains"] == []
    assert sagemaker.list_images()["Images"] == []
    assert sagemaker.list_mlflow_apps()["Summaries"] == []
    left = cloud.client("efs").describe_file_systems()["FileSystems"]
    assert [one["FileSystemId"] for one in left] == [created["FileSystem"]]
