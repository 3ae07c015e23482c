"""Findings are acknowledged by name, in the template for scanners that read it."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks

from mlops_constructs._findings import acknowledge, in_security_packs, without_access_log
from tests.judges import open_findings


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def skipped(stack: cdk.Stack) -> object:
    (bucket,) = Template.from_stack(stack).find_resources("AWS::S3::Bucket").values()
    return bucket["Metadata"]["checkov"]["skip"]


def test_an_acknowledged_finding_is_closed_and_every_other_one_stays_open(
    stack: cdk.Stack,
) -> None:
    bucket = s3.Bucket(stack, "Bucket")
    logging, ssl = (f"AwsSolutions-S{number} Stack/Bucket/Resource" for number in (1, 10))
    assert open_findings(AwsSolutionsChecks, stack) == [logging, ssl]

    acknowledge(bucket, without_access_log("nobody reads it"))
    assert open_findings(AwsSolutionsChecks, stack) == [ssl]


def test_a_rule_of_the_security_packs_is_acknowledged_in_each(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Bucket", versioned=True)
    rule = "S3BucketReplicationEnabled"
    before = open_findings(HIPAASecurityChecks, stack)

    acknowledge(bucket, in_security_packs(rule, "made anew"))
    closed = set(before) - set(open_findings(HIPAASecurityChecks, stack))
    assert closed == {f"HIPAA.Security-{rule} Stack/Bucket/Resource"}


def test_checkov_is_told_once_however_often_a_construct_is_acknowledged(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Bucket")
    acknowledge(bucket, {"CKV_AWS_18": "nobody reads it"})
    acknowledge(bucket, {"CKV_AWS_18": "nobody reads it", "CKV_AWS_21": "one version is enough"})

    assert skipped(stack) == [
        {"id": "CKV_AWS_18", "comment": "nobody reads it"},
        {"id": "CKV_AWS_21", "comment": "one version is enough"},
    ]


def test_a_resource_itself_can_be_acknowledged(stack: cdk.Stack) -> None:
    acknowledge(s3.CfnBucket(stack, "Bucket"), {"CKV_AWS_18": "nobody reads it"})

    assert skipped(stack) == [{"id": "CKV_AWS_18", "comment": "nobody reads it"}]


def test_an_imported_construct_has_nothing_that_checkov_reads(stack: cdk.Stack) -> None:
    acknowledge(s3.Bucket.from_bucket_name(stack, "Bucket", "logs"), {"CKV_AWS_18": "not ours"})

    assert "Resources" not in Template.from_stack(stack).to_json()
