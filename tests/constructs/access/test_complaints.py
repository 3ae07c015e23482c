"""Frequent complaints about other projects that roles cause."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access import ModelExecutionRole, Permission, RolePolicies, ServiceRole


def test_complaint_11_a_role_names_a_bucket_and_key_of_another_account_by_itself() -> None:
    """awslabs/aiops-modules#60, #67, #83: nothing is looked up, and nothing silently omitted."""
    stack = cdk.Stack(
        cdk.App(), "Stack", env=cdk.Environment(account="222222222222", region="eu-west-1")
    )
    key = kms.Key.from_key_arn(
        stack, "Key", "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d-0000-0000-0000-000000000000"
    )
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="models-of-tooling", account="111111111111", encryption_key=key
    )
    ModelExecutionRole(stack, "Role", model_data_bucket=bucket)

    template = Template.from_stack(stack)
    ((_, policy),) = template.find_resources("AWS::IAM::ManagedPolicy").items()
    text = str(policy)
    assert "models-of-tooling/models/*" in text
    assert "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d" in text
    assert "kms:Decrypt" in text


def test_complaint_12_what_needs_a_role_waits_for_its_permissions_on_an_imported_bucket() -> None:
    """awslabs/aiops-modules#422: a model was created before the policy that lets it read."""
    stack = cdk.Stack(cdk.App(), "Stack")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "models-of-tooling")
    role = ServiceRole(
        stack,
        "Role",
        service="sagemaker.amazonaws.com",
        description="SageMaker: hosts a model",
        permissions=[Permission(actions=["ecr:BatchGetImage"], resources=["arn:aws:ecr:::r"])],
    )
    model = cdk.CfnResource(stack, "Model", type="AWS::CloudFormation::WaitConditionHandle")
    model.node.add_dependency(RolePolicies(stack, "RolePolicies", role=role))
    bucket.grant_read(role, "models/*")

    template = Template.from_stack(stack)
    (resource,) = template.find_resources("AWS::CloudFormation::WaitConditionHandle").values()
    granted = [
        name
        for name, policy in template.find_resources("AWS::IAM::ManagedPolicy").items()
        if "models-of-tooling" in str(policy)
    ]
    assert len(granted) == 1
    assert granted[0] in resource["DependsOn"]
