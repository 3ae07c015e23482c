"""Regions without a resource type are reported by name."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs.hosting import (
    ComputeResourceRequirements,
    Endpoint,
    InferenceComponent,
    ManagedInstanceScaling,
    Model,
    ModelSource,
    RealTimeVariant,
)

PACKAGE = ModelSource.from_package("arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7")


def stack_in(region: str) -> tuple[cdk.Stack, iam.IRole]:
    place = cdk.Environment(account="111111111111", region=region)
    stack = cdk.Stack(cdk.App(), "S", env=place)
    role = iam.Role.from_role_arn(stack, "R", "arn:aws:iam::111111111111:role/m", mutable=False)
    return stack, role


def test_models_and_endpoints_are_rejected_where_there_are_none() -> None:
    stack, role = stack_in("us-gov-east-1")

    with pytest.raises(ValueError, match="us-gov-east-1, where CloudFormation has no AWS::SageM"):
        Model(stack, "M", source=PACKAGE, role=role)

    imported = Model.from_model_name(stack, "Imported", "churn")
    variant = RealTimeVariant(model=imported, instance_type="ml.m7i.large")
    with pytest.raises(ValueError) as error:
        Endpoint(stack, "E", variants=[variant])
    assert "no AWS::SageMaker::Endpoint;" in str(error.value)
    assert "no AWS::SageMaker::EndpointConfig;" in str(error.value)


def test_components_are_rejected_where_there_are_none() -> None:
    stack, role = stack_in("eu-west-3")
    key = kms.Key(stack, "Key")
    fleet = ManagedInstanceScaling(instance_type="ml.m7i.large", role=role, maximum=1)
    endpoint = Endpoint(stack, "E", variants=[fleet], encryption_key=key)

    with pytest.raises(ValueError, match="has no AWS::SageMaker::InferenceComponent"):
        InferenceComponent(
            stack,
            "C",
            endpoint=endpoint,
            model=Model(stack, "M", source=PACKAGE, role=role),
            compute=ComputeResourceRequirements(minimum_memory_mb=128),
        )
