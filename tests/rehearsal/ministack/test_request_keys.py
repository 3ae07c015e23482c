"""A role whose permission has a condition on a request makes the requests that fit it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from rehearsal.ministack.iam.condition_keys import is_computed
from rehearsal.ministack.iam.request_keys import MEMBERS
from rehearsal.services.codebuild.condition_keys import condition_keys
from rehearsal.services.sagemaker import condition_keys as of_sagemaker

_DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
)
_KEY = "kms:CreateKey"


def denied(call: Callable[..., Any], **request: Any) -> bool:
    """True if IAM denies a request; other errors come after IAM."""
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"] in _DENIED
    return False


@pytest.fixture
def allowed(aws: Any) -> Callable[..., Any]:
    """Clients of a role that may do one action under one condition."""

    def make(service: str, action: str, condition: dict[str, Any]) -> Any:
        statement = {"Action": action, "Condition": condition}
        return aws.client(service, aws.person(f"keyed-{uuid4().hex[:8]}", statement))

    return make


@pytest.mark.parametrize(
    ("service", "operation", "action", "key", "value", "fits", "differs"),
    [
        (
            "kms",
            "create_key",
            _KEY,
            "kms:KeySpec",
            "RSA_2048",
            {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
            {},
        ),
        (
            "kms",
            "create_key",
            _KEY,
            "kms:KeyUsage",
            "ENCRYPT_DECRYPT",
            {},
            {"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048"},
        ),
        ("kms", "create_key", _KEY, "kms:MultiRegion", "false", {}, {"MultiRegion": True}),
        (
            "sns",
            "subscribe",
            "sns:Subscribe",
            "sns:Protocol",
            "email",
            {
                "TopicArn": "arn:aws:sns:us-east-1:111111111111:none",
                "Protocol": "email",
                "Endpoint": "a@example.com",
            },
            {
                "TopicArn": "arn:aws:sns:us-east-1:111111111111:none",
                "Protocol": "https",
                "Endpoint": "https://example.com",
            },
        ),
        (
            "ssm",
            "put_parameter",
            "ssm:PutParameter",
            "ssm:Overwrite",
            "false",
            {"Name": "keyed", "Value": "a", "Type": "String"},
            {"Name": "keyed", "Value": "b", "Type": "String", "Overwrite": True},
        ),
        (
            "events",
            "put_targets",
            "events:PutTargets",
            "events:TargetArn",
            "arn:aws:sqs:us-east-1:111111111111:one",
            {
                "Rule": "none",
                "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:111111111111:one"}],
            },
            {
                "Rule": "none",
                "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:111111111111:two"}],
            },
        ),
        (
            "lambda",
            "add_permission",
            "lambda:AddPermission",
            "lambda:Principal",
            "events.amazonaws.com",
            {
                "FunctionName": "none",
                "StatementId": "a",
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
            },
            {
                "FunctionName": "none",
                "StatementId": "a",
                "Action": "lambda:InvokeFunction",
                "Principal": "222222222222",
            },
        ),
    ],
)
def test_a_condition_on_a_request_decides(
    allowed: Any,
    service: str,
    operation: str,
    action: str,
    key: str,
    value: str,
    fits: dict[str, Any],
    differs: dict[str, Any],
) -> None:
    many = "ForAllValues:" if key == "events:TargetArn" else ""
    client = allowed(service, action, {f"{many}StringEquals": {key: value}})
    assert not denied(getattr(client, operation), **fits)
    assert denied(getattr(client, operation), **differs)


def test_a_condition_on_the_alias_of_a_key_decides(aws: Any, allowed: Any) -> None:
    kms = aws.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    alias = f"alias/own-{uuid4().hex[:8]}"
    kms.create_alias(AliasName=alias, TargetKeyId=key_id)
    by_alias = allowed("kms", "kms:DescribeKey", {"StringEquals": {"kms:RequestAlias": alias}})
    assert not denied(by_alias.describe_key, KeyId=alias)
    assert denied(by_alias.describe_key, KeyId=key_id)
    of_alias = allowed(
        "kms", "kms:DescribeKey", {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    )
    assert not denied(of_alias.describe_key, KeyId=key_id)


def test_a_condition_on_the_headers_of_an_object_decides(aws: Any, allowed: Any) -> None:
    bucket = f"keyed-{uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    for key, value, fits in (
        ("s3:x-amz-storage-class", "STANDARD_IA", {"StorageClass": "STANDARD_IA"}),
        ("s3:RequestObjectTag/team", "ml", {"Tagging": "team=ml"}),
        (
            "s3:x-amz-server-side-encryption-aws-kms-key-id",
            "own",
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "own"},
        ),
    ):
        client = allowed("s3", "s3:Put*", {"StringEquals": {key: value}})
        assert denied(client.put_object, Bucket=bucket, Key="a", Body=b"a"), key
        assert not denied(client.put_object, Bucket=bucket, Key="a", Body=b"a", **fits), key
    signed = allowed("s3", "s3:PutObject", {"StringEquals": {"s3:authType": "REST-HEADER"}})
    assert not denied(signed.put_object, Bucket=bucket, Key="b", Body=b"a")


def test_the_keys_of_a_build_project_are_its_members() -> None:
    found = condition_keys(
        "CreateProject",
        {
            "source": {"location": "https://example.com"},
            "environment": {
                "privilegedMode": True,
                "environmentVariables": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            },
            "vpcConfig": {"subnets": ["subnet-1"]},
        },
    )
    assert found == {
        "codebuild:source.location": "https://example.com",
        "codebuild:environment.privilegedMode": "true",
        "codebuild:environment.environmentVariables.name": ["A", "B"],
        "codebuild:environment.environmentVariables.value": ["1", "2"],
        "codebuild:vpcConfig.subnets": ["subnet-1"],
    }


def test_the_keys_of_a_build_are_the_members_that_it_overrides() -> None:
    found = condition_keys("StartBuild", {"imageOverride": "own", "projectName": "own"})
    assert found == {"codebuild:environment.image": "own"}


def test_the_keys_of_a_feature_group_are_its_members() -> None:
    found = of_sagemaker.condition_keys(
        "CreateFeatureGroup",
        {"OnlineStoreConfig": {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": "own"}}},
    )
    assert found == {
        "sagemaker:FeatureGroupEnableOnlineStore": "true",
        "sagemaker:FeatureGroupOnlineStoreKmsKey": "own",
    }


def test_each_key_of_a_request_counts_as_computed() -> None:
    keys = {
        f"{action.partition(':')[0]}:{name}" for action, names in MEMBERS.items() for name in names
    }
    assert [key for key in sorted(keys) if not is_computed(key)] == []
