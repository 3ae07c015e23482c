"""A stack with the things that models and endpoints use."""

from collections.abc import Callable
from itertools import count
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.hosting import Endpoint, ManagedInstanceScaling, Model, ModelSource

PACKAGE_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
ROLE_ARN = "arn:aws:iam::111111111111:role/model"
KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d-1111-2222-3333-444455556666"


@pytest.fixture
def stack() -> cdk.Stack:
    app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    return cdk.Stack(app, "S", env=cdk.Environment(account="111111111111", region="eu-west-1"))


@pytest.fixture
def bucket(stack: cdk.Stack) -> s3.IBucket:
    return s3.Bucket.from_bucket_name(stack, "Bucket", "churn-artifacts")


@pytest.fixture
def key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", KEY_ARN)


@pytest.fixture
def repository(stack: cdk.Stack) -> ecr.IRepository:
    return ecr.Repository.from_repository_name(stack, "Repository", "churn")


@pytest.fixture
def role(stack: cdk.Stack) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "Role", ROLE_ARN, mutable=False)


@pytest.fixture
def model(stack: cdk.Stack, role: iam.IRole) -> Model:
    return Model(stack, "Model", source=ModelSource.from_package(PACKAGE_ARN), role=role)


@pytest.fixture
def open_model(stack: cdk.Stack, role: iam.IRole) -> Model:
    """One without network isolation, as serverless endpoints need it."""
    return Model(
        stack,
        "OpenModel",
        source=ModelSource.from_package(PACKAGE_ARN),
        role=role,
        network_isolation=False,
    )


@pytest.fixture
def shared(stack: cdk.Stack, role: iam.IRole) -> Endpoint:
    """An endpoint that hosts inference components."""
    fleet = ManagedInstanceScaling(instance_type="ml.m7i.xlarge", role=role, minimum=0, maximum=3)
    return Endpoint(stack, "Shared", endpoint_name="shared", variants=[fleet])


@pytest.fixture
def resources(stack: cdk.Stack) -> Callable[[str], list[dict[str, Any]]]:
    """The properties of all resources of a type in the synthesised stack."""

    def of_type(resource_type: str) -> list[dict[str, Any]]:
        template = cdk.assertions.Template.from_stack(stack).to_json()
        return [
            resource.get("Properties", {})
            for resource in template["Resources"].values()
            if resource["Type"] == resource_type
        ]

    return of_type


@pytest.fixture
def rejection(stack: cdk.Stack) -> Callable[..., str]:
    """Returns the message of an invalid endpoint."""
    numbers = count()

    def of(*variants: Any, **arguments: Any) -> str:
        scope = Construct(stack, f"Rejected{next(numbers)}")
        with pytest.raises(ValueError) as error:
            Endpoint(scope, "E", variants=variants, **{"endpoint_name": "churn", **arguments})
        assert str(error.value).startswith(f"Endpoint {scope.node.path}/E cannot be defined:")
        return str(error.value)

    return of
