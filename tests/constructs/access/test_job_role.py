"""The role of users' own jobs: written prefixes, and the network of its pipelines."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access import JobRole, ProjectAccess
from mlops_constructs.network import Network


@pytest.fixture
def stack() -> cdk.Stack:
    env = cdk.Environment(account="111111111111", region="eu-west-1")
    return cdk.Stack(cdk.App(), "Stack", env=env)


def project(stack: cdk.Stack) -> ProjectAccess:
    return ProjectAccess(
        project_name="churn",
        bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "churn-data"),
        key=kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111111111111:key/1"),
        image_repository=ecr.Repository.from_repository_name(stack, "Images", "churn"),
    )


def statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    policies = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy").values()
    return [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def about(stack: cdk.Stack, action: str) -> str:
    found = [one for one in statements(stack) if action in one["Action"]]
    return json.dumps(found)


def test_jobs_write_runs_and_no_models(stack: cdk.Stack) -> None:
    JobRole(stack, "Jobs", project=project(stack))

    written, read = about(stack, "s3:PutObject"), about(stack, "s3:GetObject")
    assert "/runs/*" in written
    assert "/checkpoints/*" in written
    assert "/models/*" not in written
    assert "/data/*" not in written
    assert "/data/*" in read
    assert "/models/*" in read


def test_what_a_pipeline_of_somebody_registers_waits_for_approval(stack: cdk.Stack) -> None:
    JobRole(stack, "Jobs", project=project(stack))

    (register,) = json.loads(about(stack, "sagemaker:CreateModelPackage"))
    assert register["Condition"] == {
        "StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    }
    assert "UpdateModelPackage" not in json.dumps(statements(stack))


def test_it_is_handed_over_to_sagemaker_alone(stack: cdk.Stack) -> None:
    JobRole(stack, "Jobs", project=project(stack))

    (passing,) = json.loads(about(stack, "iam:PassRole"))
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    trusted = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert {one["Principal"]["Service"] for one in trusted} == {"sagemaker.amazonaws.com"}


def test_in_a_network_it_attaches_interfaces_and_starts_nothing_elsewhere(
    stack: cdk.Stack,
) -> None:
    network = Network.from_ids(
        stack,
        "Network",
        vpc_id="vpc-0a1b2c3d",
        subnet_ids=["subnet-0a1b2c3d"],
        security_group_ids=["sg-0a1b2c3d"],
    )
    JobRole(stack, "Jobs", project=project(stack), network=network)

    assert "subnet/subnet-0a1b2c3d" in about(stack, "ec2:CreateNetworkInterface")
    denied = [one for one in statements(stack) if one["Effect"] == "Deny"]
    assert any("sagemaker:VpcSubnets" in json.dumps(one) for one in denied)


def test_without_a_network_it_has_no_rights_in_ec2(stack: cdk.Stack) -> None:
    JobRole(stack, "Jobs", project=project(stack))

    assert "ec2:" not in json.dumps(statements(stack))
    assert not [one for one in statements(stack) if one["Effect"] == "Deny"]


def test_demanded_keys_are_used_and_demanded(stack: cdk.Stack) -> None:
    other = kms.Key.from_key_arn(stack, "Other", "arn:aws:kms:eu-west-1:111111111111:key/2")
    JobRole(stack, "Jobs", project=project(stack), keys=[other])

    assert ":key/2" in about(stack, "kms:Decrypt")
    denied = [one for one in statements(stack) if one["Effect"] == "Deny"]
    assert any("sagemaker:VolumeKmsKey" in json.dumps(one) for one in denied)


def test_a_project_without_stores_has_jobs_that_only_log(stack: cdk.Stack) -> None:
    JobRole(stack, "Jobs", project=ProjectAccess(project_name="churn"))

    text = json.dumps(statements(stack))
    assert "s3:" not in text
    assert "kms:" not in text
    assert "log-group:/aws/sagemaker/TrainingJobs" in text
