"""A stack with what domains need, and a look into its template."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from mlops_constructs.studio import Domain, DomainBase, DomainNetwork

ROLE_ARN = "arn:aws:iam::111111111111:role/person"
CONTEXT = json.loads((Path(__file__).parents[3] / "cdk.json").read_text())["context"]


def new_stack(region: str = "eu-west-1") -> cdk.Stack:
    app = cdk.App(context=CONTEXT)
    return cdk.Stack(app, "S", env=cdk.Environment(account="111111111111", region=region))


def vpc_of(stack: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        isolated_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    )


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture
def vpc(stack: cdk.Stack) -> ec2.IVpc:
    return vpc_of(stack)


@pytest.fixture
def network(vpc: ec2.IVpc) -> DomainNetwork:
    return DomainNetwork.vpc_only(vpc)


@pytest.fixture
def role(stack: cdk.Stack) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "Person", ROLE_ARN, mutable=False)


@pytest.fixture
def bucket(stack: cdk.Stack) -> s3.IBucket:
    return s3.Bucket.from_bucket_name(stack, "Bucket", "churn-artifacts")


@pytest.fixture
def repository(stack: cdk.Stack) -> ecr.IRepository:
    return ecr.Repository.from_repository_name(stack, "Repository", "churn")


@pytest.fixture
def imported(stack: cdk.Stack) -> DomainBase:
    return Domain.from_domain_id(stack, "Imported", "d-0abc1def2ghi")


Resources = Callable[[str], dict[str, dict[str, Any]]]


def resources_of(stack: cdk.Stack, kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a type by their logical ids; `kind` of SageMaker, or a whole type."""
    name = kind if "::" in kind else f"AWS::SageMaker::{kind}"
    template = cdk.assertions.Template.from_stack(stack).to_json()
    return {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == name
    }


@pytest.fixture
def resources(stack: cdk.Stack) -> Resources:
    return lambda kind: resources_of(stack, kind)


def only(resources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The one resource of a type."""
    (resource,) = resources.values()
    return resource


def statements(policies: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """All statements of managed policies."""
    return [
        statement
        for policy in policies.values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
