"""Domains that really leave their stack: deployed, used, and given up, with IAM enforced."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import cx_api

from mlops_constructs.studio import (
    Domain,
    DomainNetwork,
    Space,
    StudioApp,
    StudioUser,
    UserProfiles,
)
from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server

from .conftest import CONTEXT

SERVICES = ("rehearsal.services.sagemaker.service:SageMaker",)
ASSETS = "assets"
DESTROY, RETAIN = cdk.RemovalPolicy.DESTROY, cdk.RemovalPolicy.RETAIN
APP = {"AppType": "JupyterLab", "AppName": "default"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("studio"), SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=ASSETS)
        yield aws


class Deployed:
    """A stack with a domain, deployed by someone; everything in it follows `define`."""

    def __init__(self, cloud: Aws, name: str) -> None:
        self.cloud = cloud
        self.name = name
        self.sagemaker = cloud.client("sagemaker")
        self.cloudformation = cloud.client("cloudformation")
        self.stack_id = ""
        self.outer_network: dict[str, Any] | None = None

    def deploy(self, removal_policy: cdk.RemovalPolicy, *people: str) -> str:
        """Creates or updates the stack; gives the id of the domain."""
        template = self._synthesise(removal_policy, people)
        update = bool(self.stack_id)
        stack = self.cloud.deploy(
            self.name,
            template["Resources"],
            outputs=template["Outputs"],
            update=update,
            Capabilities=["CAPABILITY_IAM"],
        )
        assert stack["StackStatus"] == f"{'UPDATE' if update else 'CREATE'}_COMPLETE", stack
        self.stack_id = stack["StackId"]
        domain_id: str = stack["Outputs"][0]["OutputValue"]
        return domain_id

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.stack_id)
        stack = self.cloud.settled(self.stack_id)
        assert stack["StackStatus"] == "DELETE_COMPLETE", stack["Reasons"]

    def open(self, domain_id: str, owner: str, space: str, *, exists: bool = False) -> None:
        """Creates a space and starts JupyterLab in it, as a user does in Studio."""
        if not exists:
            self.sagemaker.create_space(
                DomainId=domain_id,
                SpaceName=space,
                OwnershipSettings={"OwnerUserProfileName": owner},
                SpaceSharingSettings={"SharingType": "Private"},
                SpaceSettings={"AppType": "JupyterLab"},
            )
        self.sagemaker.create_app(DomainId=domain_id, SpaceName=space, **APP)

    def made(self, domain_id: str, name: str) -> Any:
        """When a profile was made."""
        profile = {"DomainId": domain_id, "UserProfileName": name}
        return self.sagemaker.describe_user_profile(**profile)["CreationTime"]

    def running(self, domain_id: str) -> set[str]:
        """The spaces with an application that has not ended."""
        apps = self.sagemaker.list_apps(DomainIdEquals=domain_id)["Apps"]
        return {app["SpaceName"] for app in apps if app["Status"] in ("Pending", "InService")}

    def left_of(self, domain_id: str) -> dict[str, list[str]]:
        """Returns the resources of a domain that still exist."""
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:domain/{domain_id}"
        tag = {"Name": "tag:ManagedByAmazonSageMakerResource", "Values": [arn]}
        groups = self.cloud.client("ec2").describe_security_groups(Filters=[tag])
        systems = self.cloud.client("efs").describe_file_systems(CreationToken=domain_id)
        profiles = self.sagemaker.list_user_profiles(DomainIdEquals=domain_id)["UserProfiles"]
        spaces = self.sagemaker.list_spaces(DomainIdEquals=domain_id)["Spaces"]
        domains = [domain["DomainId"] for domain in self.sagemaker.list_domains()["Domains"]]
        return {
            "domains": [one for one in domains if one == domain_id],
            "profiles": sorted(profile["UserProfileName"] for profile in profiles),
            "spaces": sorted(space["SpaceName"] for space in spaces),
            "file systems": [one["FileSystemId"] for one in systems["FileSystems"]],
            "groups": [group["GroupName"] for group in groups["SecurityGroups"]],
        }

    def _synthesise(self, policy: cdk.RemovalPolicy, people: tuple[str, ...]) -> dict[str, Any]:
        app = cdk.App(context=CONTEXT)
        stack = cdk.Stack(
            app,
            self.name,
            env=cdk.Environment(account=ACCOUNT, region=REGION),
            synthesizer=cdk.DefaultStackSynthesizer(
                file_assets_bucket_name=ASSETS, generate_bootstrap_version_rule=False
            ),
        )
        _define(stack, policy, people, self.outer_network)
        assembly = app.synth()
        self._upload(assembly)
        template: dict[str, Any] = assembly.get_stack_by_name(self.name).template
        return template

    def _upload(self, assembly: cx_api.CloudAssembly) -> None:
        folder = Path(assembly.directory)
        manifest = json.loads((folder / f"{self.name}.assets.json").read_text())
        for asset in manifest["files"].values():
            path = folder / asset["source"]["path"]
            if path.is_dir():
                path = Path(shutil.make_archive(str(path), "zip", path))
            (place,) = asset["destinations"].values()
            self.cloud.client("s3").upload_file(str(path), ASSETS, place["objectKey"])


def _define(
    stack: cdk.Stack,
    policy: cdk.RemovalPolicy,
    people: tuple[str, ...],
    outer_network: dict[str, Any] | None,
) -> None:
    """Returns a domain with a space for each user, in a separate network or not."""
    vpc: ec2.IVpc
    if outer_network:
        vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", **outer_network)
    else:
        kind = ec2.SubnetType.PRIVATE_ISOLATED
        subnets = ec2.SubnetConfiguration(name="apps", subnet_type=kind)
        vpc = ec2.Vpc(
            stack,
            "Vpc",
            restrict_default_security_group=False,
            subnet_configuration=[subnets],
        )
    domain = Domain(stack, "Studio", network=DomainNetwork.vpc_only(vpc), removal_policy=policy)
    listed = [StudioUser(user_profile_name=name) for name in people]
    profiles = UserProfiles(stack, "People", domain=domain, users=listed).profiles
    for name, person in profiles.items():
        Space(
            stack, f"Space-{name}", owner=person, app=StudioApp.JUPYTER_LAB, space_name=f"of-{name}"
        )
    cdk.CfnOutput(stack, "DomainId", value=domain.domain_id)


@pytest.fixture
def deployed(cloud: Aws, request: pytest.FixtureRequest) -> Callable[[], Deployed]:
    name = "".join(word.capitalize() for word in request.node.name.split("_"))[:40]
    return lambda: Deployed(cloud, name)


def test_complaint_8_deleting_a_stack_leaves_nothing_of_its_domain(
    deployed: Callable[[], Deployed],
) -> None:
    studio = deployed()
    domain_id = studio.deploy(DESTROY, "ada")
    studio.sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="grace")
    studio.open(domain_id, "ada", "of-ada", exists=True)
    studio.open(domain_id, "ada", "more-of-ada")
    studio.open(domain_id, "grace", "of-grace")
    assert len(studio.left_of(domain_id)["groups"]) == 2

    studio.delete()

    assert studio.running(domain_id) == set()
    assert not any(studio.left_of(domain_id).values()), studio.left_of(domain_id)


def test_complaint_8_a_person_leaves_while_their_application_runs(
    deployed: Callable[[], Deployed],
) -> None:
    studio = deployed()
    domain_id = studio.deploy(DESTROY, "ada", "betty", "grace")
    studio.open(domain_id, "betty", "of-betty", exists=True)
    studio.open(domain_id, "betty", "more-of-betty")
    studio.open(domain_id, "grace", "of-grace", exists=True)
    stayed = studio.made(domain_id, "grace")

    studio.deploy(DESTROY, "grace", "eve", "ada")

    left = studio.left_of(domain_id)
    assert left["profiles"] == ["ada", "eve", "grace"]
    assert left["spaces"] == ["of-ada", "of-eve", "of-grace"]
    assert studio.running(domain_id) == {"of-grace"}
    assert studio.made(domain_id, "grace") == stayed, "is the same profile"
    studio.delete()


def test_a_domain_that_is_to_be_kept_is_kept(cloud: Aws, deployed: Callable[[], Deployed]) -> None:
    """Its network has to stay as well, so it is not of the stack."""
    client = cloud.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]
    studio = deployed()
    studio.outer_network = {
        "vpc_id": vpc,
        "availability_zones": [subnet["AvailabilityZone"]],
        "isolated_subnet_ids": [subnet["SubnetId"]],
    }
    domain_id = studio.deploy(DESTROY, "ada")
    studio.open(domain_id, "ada", "of-ada", exists=True)

    assert studio.deploy(RETAIN, "ada") == domain_id
    assert studio.running(domain_id) == {"of-ada"}
    studio.delete()

    left = studio.left_of(domain_id)
    assert (left["domains"], left["profiles"]) == ([domain_id], ["ada"])
    assert len(left["file systems"]) == 1
    assert studio.running(domain_id) == {"of-ada"}
