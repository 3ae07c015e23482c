from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.delivery import (
    ArtifactStore,
    ModelBuildPipeline,
    ModelDeployPipeline,
    PackageRepository,
    ProjectResources,
    Source,
)
from mlops_constructs.network import Network, NetworkBase


def new_stack() -> cdk.Stack:
    return cdk.Stack(
        cdk.App(), "Stack", env=cdk.Environment(account="111111111111", region="us-east-1")
    )


SUBNETS = ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]
GROUPS = ["sg-0a1b2c3d"]


def network_in(stack: cdk.Stack) -> NetworkBase:
    return Network.from_ids(
        stack,
        "Network",
        vpc_id="vpc-0a1b2c3d",
        subnet_ids=SUBNETS,
        security_group_ids=GROUPS,
    )


def resources_in(
    stack: cdk.Stack,
    network: NetworkBase | None = None,
    packages: PackageRepository | None = None,
) -> ProjectResources:
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    return ProjectResources(
        project_name="churn",
        project_id="p-churn",
        artifacts=ArtifactStore(bucket=bucket, key=key),
        model_package_group_name="churn",
        network=network,
        packages=packages,
    )


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture
def project(stack: cdk.Stack) -> ProjectResources:
    return resources_in(stack)


@pytest.fixture(scope="package")
def both_pipelines() -> Mapping[str, Any]:
    """The template of a stack with both pipelines, as JSON."""
    return pipelines_of(new_stack())


@pytest.fixture(scope="package")
def both_in_network() -> Mapping[str, Any]:
    """The same of a project with a network."""
    stack = new_stack()
    return pipelines_of(stack, network_in(stack))


def pipelines_of(stack: cdk.Stack, network: NetworkBase | None = None) -> Mapping[str, Any]:
    project = resources_in(stack, network)
    build = codecommit.Repository(stack, "Build", repository_name="build")
    deploy = codecommit.Repository(stack, "Deploy", repository_name="deploy")
    ModelBuildPipeline(
        stack,
        "ModelBuild",
        project=project,
        source=Source.code_commit(build),
        image_repository=ecr.Repository(stack, "Images"),
    )
    role = iam.Role.from_role_name(stack, "ModelRole", "model-role")
    ModelDeployPipeline(
        stack,
        "ModelDeploy",
        project=project,
        source=Source.code_commit(deploy),
        model_execution_role=role,
    )
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template
