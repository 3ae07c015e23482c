"""Buckets of stacks, for which all of them have the same encryption, access log and removal."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.validation import (
    acknowledge,
    in_security_packs,
    skip_in_cfn_lint,
    without_replica,
)

_EMPTIES = "the function of the CDK runs once, when the stack of a temporary environment is deleted"
_PROVIDER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


def encrypted_bucket(
    scope: Construct,
    construct_id: str,
    *,
    key: kms.IKey,
    access_logs: s3.IBucket,
    removal_policy: cdk.RemovalPolicy,
) -> s3.Bucket:
    """Returns a private, versioned bucket with server access logs.

    Args:
        key: key of its objects.
        access_logs: bucket of its access logs, of the same account and region.
        removal_policy: with DESTROY, its objects are deleted with the stack.
    """
    bucket = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        server_access_logs_bucket=access_logs,
        server_access_logs_prefix=f"{cdk.Stack.of(scope).stack_name}/",
        lifecycle_rules=[
            s3.LifecycleRule(
                abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                noncurrent_version_expiration=cdk.Duration.days(90),
            )
        ],
        removal_policy=removal_policy,
        auto_delete_objects=removal_policy is cdk.RemovalPolicy.DESTROY,
    )
    acknowledge(bucket, without_replica("the data is reproducible, or its source is elsewhere"))
    # The policy of the bucket of access logs allows S3 to write logs of the account.
    cdk.Annotations.of(bucket).acknowledge_warning("@aws-cdk/aws-s3:accessLogsPolicyNotAdded")
    acknowledge_emptying(cdk.Stack.of(scope))
    return bucket


def acknowledge_emptying(stack: cdk.Stack) -> None:
    """Acknowledges the findings of the function that empties buckets, if a stack has it.

    Args:
        stack: the stack.
    """
    provider = stack.node.try_find_child(_PROVIDER)
    if provider is None:
        return
    handler = cast(cdk.CfnResource, provider.node.find_child("Handler"))
    # The CDK adds a dependency on the role, to which the function refers, too.
    skip_in_cfn_lint(handler, "W3005")
    acknowledge(
        handler,
        {
            "AwsSolutions-L1": "the CDK selects the runtime of its function",
            "CKV_AWS_115": _EMPTIES,
            "CKV_AWS_116": _EMPTIES,
            "CKV_AWS_117": _EMPTIES,
            **in_security_packs("LambdaInsideVPC", _EMPTIES),
            **in_security_packs("LambdaConcurrency", _EMPTIES),
            **in_security_packs("LambdaDLQ", _EMPTIES),
            "Serverless-LambdaDLQ": _EMPTIES,
            "Serverless-LambdaTracing": _EMPTIES,
        },
    )
    acknowledge(
        provider.node.find_child("Role"),
        {
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AWSLambdaBasicExecutionRole]": "the managed policy only allows to write logs",
        },
    )
