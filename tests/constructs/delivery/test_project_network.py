"""A project with a network: everything that runs is in it, and nothing starts elsewhere."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.guards import unguarded_roles

from .conftest import GROUPS, SUBNETS
from .test_roles import allowed, resources_of, statements

Template = Mapping[str, Any]
BUILDS = (
    "ModelBuildTest",
    "ModelBuildTrain",
    "ModelDeploySynth",
    "ModelDeployCheck",
    "ModelDeployStagingSmokeTest",
    "ModelDeployProductionSmokeTest",
)


def builds(template: Template) -> list[Mapping[str, Any]]:
    return [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CodeBuild::Project"
    ]


def environment(build: Mapping[str, Any]) -> dict[str, Any]:
    return {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"]}


def test_every_build_is_in_the_network_and_knows_it(both_in_network: Template) -> None:
    assert len(builds(both_in_network)) == len(BUILDS)
    for build in builds(both_in_network):
        assert build["VpcConfig"] == {
            "VpcId": "vpc-0a1b2c3d",
            "Subnets": SUBNETS,
            "SecurityGroupIds": GROUPS,
        }
        variables = environment(build)
        assert variables["VPC_ID"] == "vpc-0a1b2c3d"
        assert variables["SUBNET_IDS"] == ",".join(SUBNETS)
        assert variables["SECURITY_GROUP_IDS"] == ",".join(GROUPS)


def test_without_a_network_builds_are_in_none_and_get_no_ids(
    both_pipelines: Template,
) -> None:
    for build in builds(both_pipelines):
        assert "VpcConfig" not in build
        assert not {"VPC_ID", "SUBNET_IDS", "SECURITY_GROUP_IDS"} & set(environment(build))


@pytest.mark.parametrize("build", BUILDS)
def test_codebuild_may_join_the_subnets_of_the_network_alone(
    both_in_network: Template, build: str
) -> None:
    role = f"{build}Role"
    placed = resources_of(both_in_network, role, "ec2:CreateNetworkInterface")
    for name in (*SUBNETS, *GROUPS):
        assert f"/{name}'" in placed
    (handing_over,) = [
        one
        for one in statements(both_in_network, role)
        if one["Action"] == "ec2:CreateNetworkInterfacePermission"
    ]
    assert handing_over["Condition"]["StringEquals"] == {
        "ec2:AuthorizedService": "codebuild.amazonaws.com"
    }
    assert len(handing_over["Condition"]["ArnEquals"]["ec2:Subnet"]) == len(SUBNETS)


def test_jobs_may_join_the_network(both_in_network: Template) -> None:
    assert "ec2:CreateNetworkInterface" in allowed(both_in_network, "ModelBuildTrainingRole")
    assert "ec2:DescribeVpcs" in allowed(both_in_network, "ModelBuildTrainingRole")


def test_nothing_starts_outside_of_the_network_or_unencrypted(both_in_network: Template) -> None:
    assert not unguarded_roles(both_in_network)


def test_nothing_starts_unencrypted_where_there_is_no_network(both_pipelines: Template) -> None:
    for role, missing in unguarded_roles(both_pipelines).items():
        assert missing == {"VpcSubnets", "VpcSecurityGroupIds"}, role
