"""A stack, its key and its bucket, and a schema to vary."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.feature_store import Feature, FeatureSchema

GROUP = "AWS::SageMaker::FeatureGroup"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(
        cdk.App(), "S", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )


@pytest.fixture
def key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111111111111:key/k")


@pytest.fixture
def bucket(stack: cdk.Stack, key: kms.IKey) -> s3.IBucket:
    return s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="features", encryption_key=key
    )


@pytest.fixture
def schema() -> FeatureSchema:
    return schema_of()


def schema_of(*more: Feature) -> FeatureSchema:
    """Customers, and further features of theirs."""
    return FeatureSchema(
        features=[Feature.string("id"), Feature.string("at"), *more],
        record_identifier="id",
        event_time="at",
    )


def properties(stack: cdk.Stack, resource_type: str = GROUP) -> dict[str, Any]:
    """The properties of the only resource of a type."""
    found = assertions.Template.from_stack(stack).find_resources(resource_type)
    assert len(found) == 1
    values: dict[str, Any] = next(iter(found.values()))["Properties"]
    return values


def statements(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    """Returns the resources of the only policy by the first action of each statement."""
    document = properties(stack, resource_type)["PolicyDocument"]
    allowed = {}
    for statement in document["Statement"]:
        action = statement["Action"]
        allowed[action if isinstance(action, str) else action[0]] = statement["Resource"]
    return allowed
