"""The use of a key by its policy, IAM and its state."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.rehearsal.ministack.object_encryption.key_use import (
    ROOT,
    S3,
    encrypt,
    error_of,
    key_policy,
    someone,
    using,
)


def test_a_key_policy_can_allow_a_role_alone(aws: Any, bucket: str, key: str) -> None:
    name = f"person-{uuid4().hex[:12]}"
    s3 = aws.client("s3", aws.person(name, S3))
    role = f"arn:aws:iam::111111111111:role/{name}"
    use = {"Principal": {"AWS": role}, "Action": "kms:Decrypt"}
    key_policy(aws, key, {"Principal": {"AWS": ROOT}, "Action": "kms:*"}, use)
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def test_a_key_policy_that_does_not_delegate_leaves_iam_without_effect(
    aws: Any, bucket: str, key: str
) -> None:
    key_policy(aws, key, {"Principal": {"AWS": ROOT}, "Action": "kms:Describe*"})
    reader = someone(aws, using(key, "Decrypt"))
    error = error_of(reader.get_object, Bucket=bucket, Key="object")
    assert error["Message"].endswith(
        "because no resource-based policy allows the kms:Decrypt action"
    )
    # Even the root of the account needs its key's policy.
    assert error_of(aws.client("s3").get_object, Bucket=bucket, Key="object")["Code"] == (
        "AccessDenied"
    )


def test_a_deny_in_either_policy_wins(aws: Any, bucket: str, key: str) -> None:
    name = f"person-{uuid4().hex[:12]}"
    decrypt = using(key, "Decrypt")
    denied = aws.client("s3", aws.person(name, S3, decrypt, {**decrypt, "Effect": "Deny"}))
    error = error_of(denied.get_object, Bucket=bucket, Key="object")
    assert error["Message"].endswith("with an explicit deny in an identity-based policy")
    reader = someone(aws, decrypt)
    deny = {"Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Effect": "Deny"}
    key_policy(aws, key, {"Principal": {"AWS": ROOT}, "Action": "kms:*"}, deny)
    error = error_of(reader.get_object, Bucket=bucket, Key="object")
    assert error["Message"].endswith("with an explicit deny in a resource-based policy")


def test_a_session_policy_limits_what_the_role_may_decrypt(aws: Any, bucket: str, key: str) -> None:
    role = aws.role(f"limited-{uuid4().hex[:12]}", {"AWS": ROOT}, S3, using(key, "Decrypt"))
    limit = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **S3, "Resource": "*"}}
    keys = aws.client("sts").assume_role(
        RoleArn=role, RoleSessionName="limited", Policy=json.dumps(limit)
    )["Credentials"]
    session = aws.session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    error = error_of(aws.client("s3", session).get_object, Bucket=bucket, Key="object")
    assert "session policy allows the kms:Decrypt action" in error["Message"]


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("kms:ViaService", "s3.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"),
        ("kms:CallerAccount", "111111111111", "222222222222"),
    ],
)
def test_conditions_see_who_asks_through_what(
    aws: Any, bucket: str, key: str, name: str, value: str, other: str
) -> None:
    right = someone(aws, using(key, "Decrypt", StringEquals={name: value}))
    assert right.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"
    wrong = someone(aws, using(key, "Decrypt", StringEquals={name: other}))
    assert error_of(wrong.get_object, Bucket=bucket, Key="object")["Code"] == "AccessDenied"


@pytest.mark.parametrize("bucket_key", [False, True])
def test_the_encryption_context_is_the_object_or_with_a_bucket_key_the_bucket(
    aws: Any, bucket: str, key: str, bucket_key: bool
) -> None:
    s3 = aws.client("s3")
    encrypt(s3, bucket, key, bucket_key=bucket_key)
    made = s3.put_object(Bucket=bucket, Key="context", Body=b"1")
    assert made.get("BucketKeyEnabled", False) == bucket_key
    context = "kms:EncryptionContext:aws:s3:arn"
    whole = {"StringEquals": {context: f"arn:aws:s3:::{bucket}"}}
    one = {"StringEquals": {context: f"arn:aws:s3:::{bucket}/context"}}
    right, wrong = (whole, one) if bucket_key else (one, whole)
    request = {"Bucket": bucket, "Key": "context"}
    assert someone(aws, using(key, "Decrypt", **right)).get_object(**request)
    reader = someone(aws, using(key, "Decrypt", **wrong))
    assert error_of(reader.get_object, **request)["Code"] == "AccessDenied"


def test_the_tags_of_a_key_are_seen_late(aws: Any, bucket: str, key: str) -> None:
    """tests/rehearsal/ministack/test_key_tags.py lets the five minutes pass."""
    tagged = {"StringEquals": {"aws:ResourceTag/team": "ml"}}
    untagged = {"Null": {"aws:ResourceTag/team": "true"}}
    aws.client("kms").tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "ml"}])
    reader = someone(aws, using("*", "Decrypt", **tagged))
    assert error_of(reader.get_object, Bucket=bucket, Key="object")["Code"] == "AccessDenied"
    other = someone(aws, using("*", "Decrypt", **untagged))
    assert other.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def test_a_policy_can_require_an_alias_of_the_key(aws: Any, bucket: str, key: str) -> None:
    name = f"alias/{uuid4().hex[:12]}"

    def named(alias: str) -> dict[str, Any]:
        return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}

    reader = someone(aws, using("*", "Decrypt", **named(name)))
    assert error_of(reader.get_object, Bucket=bucket, Key="object")["Code"] == "AccessDenied"
    aws.client("kms").create_alias(AliasName=name, TargetKeyId=key)
    assert reader.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"
    other = someone(aws, using("*", "Decrypt", **named(f"{name}-other")))
    assert error_of(other.get_object, Bucket=bucket, Key="object")["Code"] == "AccessDenied"


def test_a_disabled_key_closes_its_objects_until_it_is_enabled(
    aws: Any, bucket: str, key: str
) -> None:
    s3, kms = aws.client("s3"), aws.client("kms")
    kms.disable_key(KeyId=key)
    for error in (
        error_of(s3.get_object, Bucket=bucket, Key="object"),
        error_of(s3.put_object, Bucket=bucket, Key="new", Body=b"1"),
        error_of(s3.create_multipart_upload, Bucket=bucket, Key="new"),
    ):
        assert error == {
            **error, "Code": "KMS.DisabledException", "Message": f"{key} is disabled."
        }  # fmt: skip
    assert s3.head_object(Bucket=bucket, Key="object")["SSEKMSKeyId"] == key
    kms.enable_key(KeyId=key)
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def test_a_key_that_awaits_its_deletion_closes_its_objects(aws: Any, bucket: str, key: str) -> None:
    aws.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    error = error_of(aws.client("s3").get_object, Bucket=bucket, Key="object")
    assert error["Code"] == "KMS.KMSInvalidStateException"
    assert error["Message"] == f"{key} is pending deletion."


def test_an_unknown_key_is_not_found(aws: Any, bucket: str) -> None:
    arn = "arn:aws:kms:us-east-1:111111111111:key/none"
    s3 = aws.client("s3")
    request = {"Bucket": bucket, "Key": "new", "ServerSideEncryption": "aws:kms"}
    error = error_of(s3.put_object, **request, SSEKMSKeyId=arn)
    assert error["Code"] == "KMS.NotFoundException"
    assert error["Message"] == f"Key '{arn}' does not exist"
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    for reference in ("alias/none", elsewhere):
        error = error_of(s3.put_object, **request, SSEKMSKeyId=reference)
        assert error["Code"] == "KMS.NotFoundException"


def test_an_asymmetric_key_cannot_encrypt_objects(aws: Any, bucket: str) -> None:
    made = aws.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    request = {"Bucket": bucket, "Key": "new", "ServerSideEncryption": "aws:kms"}
    key = made["KeyMetadata"]["Arn"]
    error = error_of(aws.client("s3").put_object, **request, SSEKMSKeyId=key)
    assert error["Code"] == "KMS.InvalidKeyUsageException"


def test_another_account_needs_both_its_own_policy_and_the_key_s(
    aws: Any, bucket: str, key: str
) -> None:
    foreign = aws.session("222222222222")
    bucket_policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
        },
    }
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(bucket_policy))
    s3 = aws.client("s3", foreign)
    error = error_of(s3.get_object, Bucket=bucket, Key="object")
    assert f"kms:Decrypt on resource: {key} because no resource-based policy" in error["Message"]
    mine = {"Principal": {"AWS": ROOT}, "Action": "kms:*"}
    theirs = {"Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "kms:Decrypt"}
    key_policy(aws, key, mine, theirs)
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"
