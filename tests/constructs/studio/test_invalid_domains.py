"""Validation of domains."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from mlops_constructs.studio import (
    AppSettings,
    DockerAccess,
    Domain,
    DomainNetwork,
    SpaceStorage,
    UserProfile,
    UserSettings,
)

from .conftest import new_stack, vpc_of


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"domain_name": "-churn"}, "domain_name: got '-churn'"),
        ({"domain_name": "c" * 64}, "up to 63 letters"),
        ({"project_templates_location": "bucket/templates"}, "project_templates_location: got"),
        (
            {"project_templates_location": f"s3://bucket/{'t' * 128}/"},
            "of up to 128 characters",
        ),
        (
            {"settings": UserSettings(storage=SpaceStorage(default_gib=4))},
            "storage default_gib: got 4; allowed are 5 to 16384",
        ),
        (
            {"settings": UserSettings(code_editor=AppSettings(instance_type="t3.large"))},
            "CodeEditor: instance_type: got 't3.large'",
        ),
    ],
)
def test_a_domain_that_aws_would_reject_is_rejected(
    stack: cdk.Stack, network: DomainNetwork, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match="Domain S/Studio cannot be defined") as raised:
        Domain(stack, "Studio", network=network, **arguments)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("of_network", "message"),
    [
        (
            lambda vpc: DomainNetwork.public_internet(
                vpc, docker_access=DockerAccess.enabled(trusted_accounts=["222222222222"])
            ),
            "docker trusted_accounts: not supported for a domain with internet access",
        ),
        (
            lambda vpc: DomainNetwork.vpc_only(
                vpc, docker_access=DockerAccess.enabled(trusted_accounts=["12"])
            ),
            "allowed are account ids of 12 digits",
        ),
        (
            lambda vpc: DomainNetwork.vpc_only(
                vpc,
                docker_access=DockerAccess.enabled(trusted_accounts=["222222222222"] * 21),
            ),
            "docker trusted_accounts: got 21",
        ),
        (
            lambda vpc: DomainNetwork.vpc_only(vpc, security_groups=_groups(vpc, 5)),
            "security_groups: got 5; allowed are 4",
        ),
        (
            lambda vpc: DomainNetwork.vpc_only(vpc, subnets=vpc.isolated_subnets * 9),
            "subnets: got 18",
        ),
    ],
)
def test_a_network_that_aws_would_reject_is_rejected(
    vpc: ec2.IVpc, of_network: Callable[[ec2.IVpc], DomainNetwork], message: str
) -> None:
    (problem,) = set(of_network(vpc).problems())

    assert message in problem


def _groups(vpc: ec2.IVpc, number: int) -> list[ec2.ISecurityGroup]:
    imported = ec2.SecurityGroup.from_security_group_id
    return [imported(cdk.Stack.of(vpc), f"G{n}", f"sg-0123456789abcdef{n}") for n in range(number)]


def test_a_region_without_studio_is_rejected_by_name() -> None:
    stack = new_stack("ca-west-1")
    imported = Domain.from_domain_id(stack, "Imported", "d-0abc1def2ghi")

    with pytest.raises(ValueError, match=r"got ca-west-1, .* no AWS::SageMaker::Domain"):
        Domain(stack, "Studio", network=DomainNetwork.vpc_only(vpc_of(stack)))
    with pytest.raises(ValueError, match=r"got ca-west-1, .* no AWS::SageMaker::UserProfile"):
        UserProfile(stack, "Ada", domain=imported, user_profile_name="ada")
