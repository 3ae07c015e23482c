"""The function that clears a domain, in a VPC where an organisation demands one (complaint 12)."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from cdk_nag import HIPAASecurityChecks

from mlops_constructs.network import Network, NetworkBase, NetworkUseCase
from mlops_constructs.studio import Domain, DomainNetwork, UserProfile

from .conftest import new_stack, only, resources_of, statements, vpc_of

FUNCTION, ROLE_POLICY = "AWS::Lambda::Function", "AWS::IAM::ManagedPolicy"
DESTROY = cdk.RemovalPolicy.DESTROY
INSIDE = "HIPAA.Security-LambdaInsideVPC"


def cleanup_of(stack: cdk.Stack) -> dict[str, Any]:
    found = resources_of(stack, FUNCTION).values()
    (function,) = (one for one in found if "Studio" in one["Properties"]["Description"])
    return function


def imported(stack: cdk.Stack) -> NetworkBase:
    return Network.from_ids(
        stack,
        "Corporate",
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        security_group_ids=["sg-0123456789abcdef0"],
    )


@pytest.fixture(scope="module")
def inside() -> cdk.Stack:
    """A domain in a network that is of the same stack, functions included."""
    stack = new_stack()
    network = Network(stack, "Network", uses=[NetworkUseCase.STUDIO, NetworkUseCase.FUNCTIONS])
    Domain(
        stack,
        "Studio",
        network=DomainNetwork.vpc_only(network.vpc),
        removal_policy=DESTROY,
        function_network=network,
    )
    return stack


def test_complaint_12_every_function_is_in_the_network(inside: cdk.Stack) -> None:
    """awslabs/aiops-modules#422: functions outside of a VPC cannot be deployed."""
    functions = resources_of(inside, FUNCTION)
    assert len(functions) == 2
    for function in functions.values():
        placed = function["Properties"]["VpcConfig"]
        assert len(placed["SubnetIds"]) == 2
        assert len(placed["SecurityGroupIds"]) == 1


def test_it_is_deleted_before_what_it_reaches_aws_through(inside: cdk.Stack) -> None:
    endpoints = set(resources_of(inside, "AWS::EC2::VPCEndpoint"))
    routes = set(resources_of(inside, "AWS::EC2::SubnetRouteTableAssociation"))
    for function in resources_of(inside, FUNCTION).values():
        assert set(function["DependsOn"]) >= endpoints | routes


def test_its_role_attaches_it_to_the_network(inside: cdk.Stack) -> None:
    attaching = [
        statement
        for statement in statements(resources_of(inside, ROLE_POLICY))
        if "ec2:CreateNetworkInterface" in statement["Action"]
    ]
    assert len(attaching) == 2
    for statement in attaching:
        assert "ec2:DeleteNetworkInterface" in statement["Action"]
        assert ":ec2:eu-west-1:111111111111:*/*" in json.dumps(statement["Resource"])


def test_it_responds_to_cloudformation_through_the_gateway(inside: cdk.Stack) -> None:
    endpoints = resources_of(inside, "AWS::EC2::VPCEndpoint").values()
    (gateway,) = (one for one in endpoints if one["Properties"]["VpcEndpointType"] == "Gateway")
    (answering,) = (
        statement
        for statement in gateway["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:PutObject"
    )
    bucket = ":s3:::cloudformation-custom-resource-response-euwest1/*"
    assert bucket in json.dumps(answering["Resource"])


def test_functions_are_in_no_network_unless_that_is_asked_for() -> None:
    stack = new_stack()
    Domain(stack, "Studio", network=DomainNetwork.vpc_only(vpc_of(stack)), removal_policy=DESTROY)

    function = cleanup_of(stack)
    assert "VpcConfig" not in function["Properties"]
    assert "DependsOn" not in function
    policies = json.dumps(resources_of(stack, ROLE_POLICY))
    assert "ec2:CreateNetworkInterface" not in policies
    report = HIPAASecurityChecks(stack.node.root).validate_scope(stack.node.root)
    assert INSIDE not in [violation.rule_name for violation in report.violations], "acknowledged"


def test_the_function_for_an_imported_domain_is_placed_as_the_domain_says() -> None:
    stack = new_stack()
    domain = Domain.from_domain_id(
        stack, "Shared", "d-0abc1def2ghi", function_network=imported(stack)
    )
    UserProfile(stack, "Ada", domain=domain, user_profile_name="ada", removal_policy=DESTROY)

    properties = only(resources_of(stack, FUNCTION))["Properties"]
    assert properties["VpcConfig"] == {
        "SubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
    }
    Template.from_stack(stack).resource_count_is("AWS::EC2::VPCEndpoint", 0)
