"""The execution role of a model has exactly the permissions for hosting."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.access import ModelExecutionRole


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(
        cdk.App(), "S", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )


def statements(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """The statements of the one role, by their first action."""
    policies = assertions.Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    ((_, policy),) = policies.items()
    return {
        action if isinstance(action, str) else action[0]: statement
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in [statement["Action"]]
    }


def test_without_arguments_it_writes_its_log_and_its_metrics(stack: cdk.Stack) -> None:
    ModelExecutionRole(stack, "Role")

    assert set(statements(stack)) == {
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutMetricData",
        "logs:CreateLogGroup",
    }


def test_sagemaker_alone_assumes_it(stack: cdk.Stack) -> None:
    ModelExecutionRole(stack, "Role")

    assertions.Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": assertions.Match.object_like(
                {
                    "Statement": [
                        assertions.Match.object_like(
                            {"Action": action, "Principal": {"Service": "sagemaker.amazonaws.com"}}
                        )
                        # A person in Studio hands the role over, and CloudTrail knows who it was.
                        for action in ("sts:AssumeRole", "sts:SetSourceIdentity")
                    ]
                }
            )
        },
    )


def test_it_reads_and_writes_below_its_prefixes_only(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "artifacts")

    ModelExecutionRole(
        stack, "Role", model_data_bucket=bucket, model_data_prefix="churn/", capture_bucket=bucket
    )

    found = statements(stack)
    assert ":s3:::artifacts/churn/*" in str(found["s3:GetObject"]["Resource"])
    assert found["s3:ListBucket"]["Condition"] == {"StringLike": {"s3:prefix": "churn/*"}}
    assert ":s3:::artifacts/capture/*" in str(found["s3:PutObject"]["Resource"])


def test_it_pulls_the_images_of_one_repository(stack: cdk.Stack) -> None:
    repository = ecr.Repository.from_repository_name(stack, "Repository", "churn")

    ModelExecutionRole(stack, "Role", image_repository=repository)

    found = statements(stack)
    assert ":repository/churn" in str(found["ecr:BatchCheckLayerAvailability"]["Resource"])
    assert found["ecr:GetAuthorizationToken"]["Resource"] == "*"


def test_it_uses_each_key_once_those_of_the_buckets_included(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="artifacts", encryption_key=key
    )

    ModelExecutionRole(stack, "Role", model_data_bucket=bucket, encryption_keys=[key])

    found = statements(stack)
    assert found["kms:Decrypt"]["Resource"] == {"Fn::GetAtt": ["Key961B73FD", "Arn"]}
    assert found["kms:CreateGrant"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
