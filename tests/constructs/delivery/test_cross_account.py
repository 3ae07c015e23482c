"""Deployments into other accounts and regions: both sides, and their consistency."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access import Permission
from mlops_constructs.delivery import (
    ArtifactStore,
    DeploymentTarget,
    ProjectResources,
    TargetAccount,
)
from tests.constructs.delivery.release import PRODUCTION, ROLE, TOOLING, deliver, only


def to_production(policy: Mapping[str, Any]) -> list[Any]:
    return [one for one in policy["Statement"] if PRODUCTION in json.dumps(one["Principal"])]


def test_complaint_11_no_role_is_looked_up_and_both_sides_agree_on_its_name(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    template = deliver(stack, project.artifacts)
    action = only(template, "AWS::CodePipeline::Pipeline")["Stages"][1]["Actions"][0]
    assert action["RoleArn"] == {"Fn::Sub": ROLE}
    roles = [one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    assert "release-pipeline" in [role["Properties"].get("RoleName") for role in roles]
    assert {"Action": "sts:AssumeRole", "Effect": "Allow", "Resource": {"Fn::Sub": ROLE}} in [
        statement
        for one in template["Resources"].values()
        if one["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
    ]

    there = target_template()
    names = [
        one["Properties"]["RoleName"]
        for one in there["Resources"].values()
        if one["Type"] == "AWS::IAM::Role"
    ]
    assert sorted(names) == ["release-cloudformation", "release-deploy"]
    trusted = json.dumps(there)
    assert f"iam::{TOOLING}:role/ml-platform/release-pipeline" in trusted


def test_complaint_11_key_and_bucket_let_the_role_in_before_it_exists(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    template = deliver(stack, project.artifacts)
    key = to_production(only(template, "AWS::KMS::Key")["KeyPolicy"])
    bucket = to_production(only(template, "AWS::S3::BucketPolicy")["PolicyDocument"])
    assert [one["Action"] for one in key] == [["kms:Decrypt", "kms:DescribeKey"]]
    assert [one["Action"] for one in bucket] == [
        ["s3:GetObject", "s3:GetObjectVersion"],
        "s3:GetBucketLocation",
    ]
    for statement in (*key, *bucket):
        # AWS rejects a policy whose principal is a missing role.
        assert json.dumps(statement["Principal"]).endswith(f':iam::{PRODUCTION}:root"]]}}}}')
        assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": {"Fn::Sub": ROLE}}}


def test_complaint_11_an_imported_bucket_or_key_is_rejected_instead_of_failing_in_aws(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    key = kms.Key.from_key_arn(stack, "Other", f"arn:aws:kms:us-east-1:{TOOLING}:key/1-2")
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "artifacts")
    with pytest.raises(ValueError, match="got an imported bucket") as rejected:
        deliver(stack, ArtifactStore(bucket=bucket, key=key))
    assert "got an imported key" in str(rejected.value)


def target_template(**options: Any) -> Mapping[str, Any]:
    place = cdk.Environment(account=PRODUCTION, region="us-east-1")
    stack = cdk.Stack(cdk.App(), "Production", env=place)
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:us-east-1:{TOOLING}:key/1-2")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "artifacts")
    given = {
        "target": TargetAccount(account=PRODUCTION, pipeline_name="release"),
        "tooling_account": TOOLING,
        "artifacts": ArtifactStore(bucket=bucket, key=key),
        "stack_names": ["prod"],
        "permissions": [
            Permission(actions=["ssm:PutParameter"], resources=["arn:aws:ssm:::parameter/version"])
        ],
    }
    DeploymentTarget(stack, "Target", **{**given, **options})
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


def test_the_role_in_the_target_reads_artifacts_deploys_its_stack_and_passes_one_role() -> None:
    text = json.dumps(target_template())
    for action in ("s3:GetObject", "kms:Decrypt", "cloudformation:CreateStack", "iam:PassRole"):
        assert action in text
    assert "cloudformation:DeleteStack" not in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stack_names": []}, "stack_names: got none"),
        ({"permissions": []}, "permissions: got none"),
        (
            {"target": TargetAccount(account="333333333333", pipeline_name="release")},
            "got a stack in 222222222222; allowed is the target's account 333333333333",
        ),
    ],
)
def test_an_invalid_target_is_rejected(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        target_template(**options)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TargetAccount(account="22", pipeline_name="release"), "allowed are 12 digits"),
        (
            lambda: TargetAccount(account=PRODUCTION, pipeline_name="a" * 50),
            "pipeline_name: got 50 characters; allowed are up to 49",
        ),
    ],
)
def test_a_malformed_account_is_rejected(make: Callable[[], TargetAccount], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
