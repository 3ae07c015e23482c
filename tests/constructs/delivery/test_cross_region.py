"""Stages that deploy into another region: stores, roles, input validation."""

import json
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.delivery import (
    ArtifactStore,
    ProjectResources,
)
from tests.constructs.delivery.release import PRODUCTION, TOOLING, deliver, only

OTHER = "eu-west-1"


def replica_in(stack: cdk.Stack, key: kms.IKey) -> ArtifactStore:
    bucket = s3.Bucket(stack, "Bucket", bucket_name="replica", encryption_key=key)
    return ArtifactStore(bucket=bucket, key=key)


def beside(stack: cdk.Stack, **options: Any) -> cdk.Stack:
    """A stack of the same app in the other region."""
    place = cdk.Environment(account=TOOLING, region=OTHER)
    return cdk.Stack(cast(cdk.App, stack.node.root), "There", env=place, **options)


def with_replica(project: ProjectResources, region: str, replica: ArtifactStore) -> ArtifactStore:
    own = project.artifacts
    return ArtifactStore(bucket=own.bucket, key=own.key, replicas={region: replica})


def imported_replica(stack: cdk.Stack) -> ArtifactStore:
    key = kms.Key.from_key_arn(stack, "There", f"arn:aws:kms:{OTHER}:{TOOLING}:key/1-2")
    return ArtifactStore(bucket=s3.Bucket.from_bucket_name(stack, "Replica", "replica"), key=key)


def test_another_region_of_the_account_needs_no_policy_of_its_store(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    artifacts = with_replica(project, OTHER, imported_replica(stack))
    template = deliver(stack, artifacts, account=TOOLING, region=OTHER)
    pipeline = only(template, "AWS::CodePipeline::Pipeline")

    stores = {one["Region"]: one["ArtifactStore"] for one in pipeline["ArtifactStores"]}
    assert stores.keys() == {"us-east-1", OTHER}
    assert stores[OTHER]["Location"] == "replica"
    assert stores[OTHER]["EncryptionKey"]["Id"].startswith(f"arn:aws:kms:{OTHER}:")
    action = pipeline["Stages"][1]["Actions"][0]
    assert action["Region"] == OTHER
    # Roles have no region, so that two regions of an account need two names.
    assert action["RoleArn"]["Fn::Sub"].endswith(f":role/ml-platform/release-deploy-{OTHER}")
    statements = [
        statement
        for one in template["Resources"].values()
        if one["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
    ]
    encrypts = [one for one in statements if "kms:GenerateDataKey" in one["Action"]]
    assert f":kms:{OTHER}:" in json.dumps([one["Resource"] for one in encrypts])


def test_another_region_of_another_account_is_let_in_by_the_store_there(
    project: ProjectResources, stack: cdk.Stack
) -> None:
    home = cdk.Stack(
        cast(cdk.App, stack.node.root),
        "Home",
        env=cdk.Environment(account=TOOLING, region="us-east-1"),
        cross_region_references=True,
    )
    there = beside(stack, cross_region_references=True)
    artifacts = with_replica(project, OTHER, replica_in(there, kms.Key(there, "Key")))
    deliver(home, artifacts, region=OTHER)

    policies = Template.from_stack(there).to_json()
    role = f"{PRODUCTION}:role/ml-platform/release-deploy-{OTHER}"
    for kind, member in (
        ("AWS::KMS::Key", "KeyPolicy"),
        ("AWS::S3::BucketPolicy", "PolicyDocument"),
    ):
        assert role in json.dumps(only(policies, kind)[member])


def test_a_region_without_a_store_is_rejected(stack: cdk.Stack, project: ProjectResources) -> None:
    with pytest.raises(ValueError, match="eu-west-1, a region without an artifact store"):
        deliver(stack, project.artifacts, region=OTHER)


def test_an_imported_store_whose_policy_is_fixed_is_rejected(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    artifacts = with_replica(project, OTHER, imported_replica(stack))
    with pytest.raises(ValueError, match="got an imported bucket") as rejected:
        deliver(stack, artifacts, region=OTHER)
    assert "got an imported key" in str(rejected.value)


def test_a_replica_in_the_pipelines_own_region_is_rejected(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    artifacts = with_replica(project, "us-east-1", imported_replica(stack))
    with pytest.raises(ValueError, match="a replica for us-east-1, the pipeline's own region"):
        deliver(stack, artifacts)
