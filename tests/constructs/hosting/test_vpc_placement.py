"""Containers in a network of the customer."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs.access import ModelExecutionRole
from mlops_constructs.hosting import Endpoint, ManagedInstanceScaling, Model, ModelSource, VpcConfig

Resources = Callable[[str], list[dict[str, Any]]]
MODEL = "AWS::SageMaker::Model"
PACKAGE = ModelSource.from_package("arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7")


def granted(resources: Resources) -> dict[str, str]:
    """Resources of the role's statements, by their first action."""
    return {
        str(actions[0] if isinstance(actions := one["Action"], list) else actions): str(
            one["Resource"]
        )
        for policy in resources("AWS::IAM::ManagedPolicy")
        for one in policy["PolicyDocument"]["Statement"]
    }


def test_containers_in_a_vpc_reach_only_https(
    stack: cdk.Stack, role: iam.IRole, resources: Resources
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)

    Model(stack, "M", source=PACKAGE, role=role, vpc=vpc)

    assert len(resources(MODEL)[0]["VpcConfig"]["Subnets"]) == 2
    group = resources("AWS::EC2::SecurityGroup")[0]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]] == [
        (443, 443)
    ]


def test_subnets_and_security_groups_can_be_chosen(
    stack: cdk.Stack, role: iam.IRole, resources: Resources
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")

    Model(
        stack,
        "M",
        source=PACKAGE,
        role=role,
        vpc=vpc,
        subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        security_groups=[group],
    )

    config = resources(MODEL)[0]["VpcConfig"]
    assert config["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    assert all("Public" in subnet["Ref"] for subnet in config["Subnets"])
    assert not resources("AWS::EC2::SecurityGroup")


def test_the_role_of_a_model_may_join_its_subnets_only(
    stack: cdk.Stack, repository: ecr.IRepository, resources: Resources
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    source = ModelSource.from_image(repository, tag_or_digest="1")

    Model(stack, "M", source=source, vpc=vpc)

    joined = granted(resources)["ec2:CreateNetworkInterface"]
    assert joined.count(":subnet/") == 2
    assert ":security-group/" in joined
    assert ":network-interface/*" in joined


def test_the_role_of_a_fleet_may_join_and_encrypt_before_there_are_instances(
    stack: cdk.Stack, key: kms.IKey, resources: Resources
) -> None:
    role = ModelExecutionRole(stack, "FleetRole")
    placement = VpcConfig(vpc=ec2.Vpc(stack, "Vpc", max_azs=2))
    fleet = ManagedInstanceScaling(
        instance_type="ml.m7i.large", role=role, maximum=1, placement=placement
    )

    Endpoint(stack, "E", variants=[fleet], encryption_key=key)

    allowed = granted(resources)
    assert ":subnet/" in allowed["ec2:CreateNetworkInterface"]
    assert allowed["kms:CreateGrant"] == key.key_arn
    template = cdk.assertions.Template.from_stack(stack)
    config = next(iter(template.find_resources("AWS::SageMaker::EndpointConfig").values()))
    assert any("FleetRoleGranted" in name for name in config["DependsOn"])
