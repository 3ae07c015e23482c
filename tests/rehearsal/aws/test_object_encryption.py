"""SSE-KMS on the running server: who may write, read and copy objects, with which keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests
from botocore.exceptions import ClientError

ROOT = "arn:aws:iam::111111111111:root"
S3 = {"Action": "s3:*"}


@pytest.fixture
def key(aws: Any) -> str:
    """The ARN of a new key with AWS's default policy."""
    made: str = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return made


@pytest.fixture
def bucket(aws: Any, key: str) -> Iterator[str]:
    """A bucket that encrypts with `key` by default, and holds `object`."""
    s3, name = aws.client("s3"), f"encrypted-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    _encrypt(s3, name, key)
    s3.put_object(Bucket=name, Key="object", Body=b"content")
    yield name


def _encrypt(s3: Any, bucket: str, key: str | None, *, bucket_key: bool = False) -> None:
    default = {"SSEAlgorithm": "aws:kms", **({"KMSMasterKeyID": key} if key else {})}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _person(aws: Any, *allows: dict[str, Any]) -> Any:
    """An S3 client of a new role with all of S3 and what else it is given."""
    return aws.client("s3", aws.person(f"person-{uuid4().hex[:12]}", S3, *allows))


def _using(key: str, *actions: str, **conditions: Any) -> dict[str, Any]:
    statement = {"Action": [f"kms:{action}" for action in actions], "Resource": key}
    return {**statement, **({"Condition": conditions} if conditions else {})}


def _refused(call: Any, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    return dict(raised.value.response["Error"])


def _key_policy(aws: Any, key: str, *statements: dict[str, Any]) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": "*", **one} for one in statements],
    }
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))


# Reading


def test_reading_needs_decrypt(aws: Any, bucket: str, key: str) -> None:
    error = _refused(_person(aws).get_object, Bucket=bucket, Key="object")
    assert error["Code"] == "AccessDenied"
    assert error["Message"].startswith("User: arn:aws:sts::111111111111:assumed-role/person-")
    assert error["Message"].endswith(
        f"is not authorized to perform: kms:Decrypt on resource: {key} because no identity-based "
        "policy allows the kms:Decrypt action"
    )
    reader = _person(aws, _using(key, "Decrypt"))
    assert reader.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def test_reading_a_version_needs_decrypt_too(aws: Any, bucket: str, key: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="object", Body=b"2")["VersionId"]
    request = {"Bucket": bucket, "Key": "object", "VersionId": version}
    assert _refused(_person(aws).get_object, **request)["Code"] == "AccessDenied"
    assert _person(aws, _using(key, "Decrypt")).get_object(**request)["Body"].read() == b"2"


def test_head_needs_no_key_unless_it_asks_for_a_checksum(aws: Any, bucket: str, key: str) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="sum", Body=b"1", ChecksumAlgorithm="SHA256")
    person, request = _person(aws), {"Bucket": bucket, "Key": "sum", "ChecksumMode": "ENABLED"}
    assert person.head_object(Bucket=bucket, Key="sum")["SSEKMSKeyId"] == key
    assert _refused(person.head_object, **request)["Code"] == "403"
    assert "ChecksumSHA256" in _person(aws, _using(key, "Decrypt")).head_object(**request)


def test_a_presigned_address_reads_with_the_permissions_of_its_signer(
    aws: Any, bucket: str, key: str
) -> None:
    def status(person: Any) -> int:
        url = person.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "object"})
        return requests.get(url, verify=aws.endpoint["ca_bundle"], timeout=10).status_code

    assert status(_person(aws)) == 403
    assert status(_person(aws, _using(key, "Decrypt"))) == 200


def test_an_object_without_a_kms_key_needs_no_kms_permission(aws: Any) -> None:
    s3, name = aws.client("s3"), f"plain-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    person = _person(aws)
    person.put_object(Bucket=name, Key="a", Body=b"a", ServerSideEncryption="AES256")
    person.put_object(Bucket=name, Key="b", Body=b"b")
    assert person.get_object(Bucket=name, Key="a")["Body"].read() == b"a"


# Writing


def test_writing_needs_generate_data_key_and_the_object_keeps_the_default_key(
    aws: Any, bucket: str, key: str
) -> None:
    error = _refused(_person(aws).put_object, Bucket=bucket, Key="new", Body=b"1")
    assert error["Code"] == "AccessDenied"
    assert f"kms:GenerateDataKey on resource: {key} because" in error["Message"]
    writer = _person(aws, _using(key, "GenerateDataKey"))
    made = writer.put_object(Bucket=bucket, Key="new", Body=b"1")
    assert (made["ServerSideEncryption"], made["SSEKMSKeyId"]) == ("aws:kms", key)
    found = writer.head_object(Bucket=bucket, Key="new")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
    assert _refused(writer.get_object, Bucket=bucket, Key="new")["Code"] == "AccessDenied"


def test_a_write_that_is_refused_leaves_the_object_as_it_was(aws: Any, bucket: str) -> None:
    _refused(_person(aws).put_object, Bucket=bucket, Key="object", Body=b"changed")
    found = aws.client("s3").get_object(Bucket=bucket, Key="object")
    assert found["Body"].read() == b"content"


def test_a_key_that_the_request_names_wins_over_the_default(
    aws: Any, bucket: str, key: str
) -> None:
    kms = aws.client("kms")
    other = kms.create_key()["KeyMetadata"]
    alias = f"alias/{uuid4().hex}"
    kms.create_alias(AliasName=alias, TargetKeyId=other["KeyId"])
    named = {"Bucket": bucket, "Key": "n", "Body": b"1", "ServerSideEncryption": "aws:kms"}
    writer = _person(aws, _using(other["Arn"], "GenerateDataKey"))
    for reference in (other["Arn"], other["KeyId"], alias):
        made = writer.put_object(**named, SSEKMSKeyId=reference)
        assert made["SSEKMSKeyId"] == other["Arn"]
    plain = writer.put_object(Bucket=bucket, Key="n", Body=b"1", ServerSideEncryption="AES256")
    assert "SSEKMSKeyId" not in plain
    assert _refused(writer.put_object, **named, SSEKMSKeyId=key)["Code"] == "AccessDenied"


def test_a_key_without_its_algorithm_is_refused(aws: Any, bucket: str, key: str) -> None:
    url = aws.client("s3").generate_presigned_url(
        "put_object", {"Bucket": bucket, "Key": "new", "SSEKMSKeyId": key}
    )
    headers = {"x-amz-server-side-encryption-aws-kms-key-id": key}
    answer = requests.put(url, headers=headers, verify=aws.endpoint["ca_bundle"], timeout=10)
    assert answer.status_code == 400
    assert "requires HTTP header x-amz-server-side-encryption : aws:kms" in answer.text


def test_an_encryption_context_is_refused_by_name(aws: Any, bucket: str) -> None:
    request = {"Bucket": bucket, "Key": "new", "ServerSideEncryption": "aws:kms"}
    error = _refused(aws.client("s3").put_object, **request, SSEKMSEncryptionContext="e30=")
    assert error["Code"] == "NotImplemented"
    assert "x-amz-server-side-encryption-context" in error["Message"]


def test_a_bucket_without_a_key_of_its_own_uses_the_managed_key_of_s3(
    aws: Any, bucket: str
) -> None:
    _encrypt(aws.client("s3"), bucket, None)
    person = _person(aws)
    made = person.put_object(Bucket=bucket, Key="managed", Body=b"1")
    known = aws.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    assert made["SSEKMSKeyId"] == known
    assert person.get_object(Bucket=bucket, Key="managed")["Body"].read() == b"1"


# Multipart uploads


def test_a_multipart_upload_begins_with_generate_data_key(aws: Any, bucket: str, key: str) -> None:
    request = {"Bucket": bucket, "Key": "large"}
    error = _refused(_person(aws, _using(key, "Decrypt")).create_multipart_upload, **request)
    assert "kms:GenerateDataKey" in error["Message"]
    writer = _person(aws, _using(key, "GenerateDataKey"))
    assert writer.create_multipart_upload(**request)["SSEKMSKeyId"] == key


def test_parts_and_the_completion_of_a_multipart_upload_need_decrypt(
    aws: Any, bucket: str, key: str
) -> None:
    half = _person(aws, _using(key, "GenerateDataKey"))
    whole = _person(aws, _using(key, "GenerateDataKey", "Decrypt"))
    upload = {"Bucket": bucket, "Key": "large"}
    upload["UploadId"] = half.create_multipart_upload(**upload)["UploadId"]
    error = _refused(half.upload_part, **upload, PartNumber=1, Body=b"1")
    assert f"kms:Decrypt on resource: {key}" in error["Message"]
    source = {"PartNumber": 1, "CopySource": f"{bucket}/object"}
    assert "kms:Decrypt" in _refused(half.upload_part_copy, **upload, **source)["Message"]
    part = whole.upload_part(**upload, PartNumber=1, Body=b"1")
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    error = _refused(half.complete_multipart_upload, **upload, **parts)
    assert "kms:Decrypt" in error["Message"]
    assert whole.complete_multipart_upload(**upload, **parts)["SSEKMSKeyId"] == key
    assert whole.get_object(Bucket=bucket, Key="large")["Body"].read() == b"1"
    assert "kms:Decrypt" in _refused(half.get_object, Bucket=bucket, Key="large")["Message"]


# Copies


def test_a_copy_needs_decrypt_of_the_source_and_a_data_key_of_the_destination(
    aws: Any, bucket: str, key: str
) -> None:
    other = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    to = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/object"}
    to |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other}
    writes = _using(other, "GenerateDataKey")
    error = _refused(_person(aws, writes).copy_object, **to)
    assert f"kms:Decrypt on resource: {key}" in error["Message"]
    error = _refused(_person(aws, _using(key, "Decrypt")).copy_object, **to)
    assert f"kms:GenerateDataKey on resource: {other}" in error["Message"]
    made = _person(aws, writes, _using(key, "Decrypt")).copy_object(**to)
    assert made["SSEKMSKeyId"] == other


def test_a_copy_gets_the_key_of_its_own_bucket(aws: Any, bucket: str, key: str) -> None:
    s3, plain = aws.client("s3"), f"plain-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=plain)
    s3.put_object(Bucket=plain, Key="source", Body=b"1")
    writer = _person(aws, _using(key, "GenerateDataKey"))
    copied = {"Bucket": bucket, "Key": "copy", "CopySource": f"{plain}/source"}
    assert writer.copy_object(**copied)["SSEKMSKeyId"] == key
    reader = _person(aws, _using(key, "Decrypt"))
    reader.copy_object(Bucket=plain, Key="copy", CopySource=f"{bucket}/object")
    assert "SSEKMSKeyId" not in s3.head_object(Bucket=plain, Key="copy")


# Policies


def test_a_key_policy_can_allow_a_role_alone(aws: Any, bucket: str, key: str) -> None:
    name = f"person-{uuid4().hex[:12]}"
    s3 = aws.client("s3", aws.person(name, S3))
    role = f"arn:aws:iam::111111111111:role/{name}"
    use = {"Principal": {"AWS": role}, "Action": "kms:Decrypt"}
    _key_policy(aws, key, {"Principal": {"AWS": ROOT}, "Action": "kms:*"}, use)
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def test_a_key_policy_that_does_not_delegate_leaves_iam_without_effect(
    aws: Any, bucket: str, key: str
) -> None:
    _key_policy(aws, key, {"Principal": {"AWS": ROOT}, "Action": "kms:Describe*"})
    reader = _person(aws, _using(key, "Decrypt"))
    error = _refused(reader.get_object, Bucket=bucket, Key="object")
    assert error["Message"].endswith(
        "because no resource-based policy allows the kms:Decrypt action"
    )
    # Even the root of the account needs its key's policy.
    assert _refused(aws.client("s3").get_object, Bucket=bucket, Key="object")["Code"] == (
        "AccessDenied"
    )


def test_a_deny_in_either_policy_wins(aws: Any, bucket: str, key: str) -> None:
    name = f"person-{uuid4().hex[:12]}"
    decrypt = _using(key, "Decrypt")
    denied = aws.client("s3", aws.person(name, S3, decrypt, {**decrypt, "Effect": "Deny"}))
    error = _refused(denied.get_object, Bucket=bucket, Key="object")
    assert error["Message"].endswith("with an explicit deny in an identity-based policy")
    reader = _person(aws, decrypt)
    deny = {"Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Effect": "Deny"}
    _key_policy(aws, key, {"Principal": {"AWS": ROOT}, "Action": "kms:*"}, deny)
    error = _refused(reader.get_object, Bucket=bucket, Key="object")
    assert error["Message"].endswith("with an explicit deny in a resource-based policy")


def test_a_session_policy_limits_what_the_role_may_decrypt(aws: Any, bucket: str, key: str) -> None:
    role = aws.role(f"limited-{uuid4().hex[:12]}", {"AWS": ROOT}, S3, _using(key, "Decrypt"))
    limit = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **S3, "Resource": "*"}}
    keys = aws.client("sts").assume_role(
        RoleArn=role, RoleSessionName="limited", Policy=json.dumps(limit)
    )["Credentials"]
    session = aws.session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    error = _refused(aws.client("s3", session).get_object, Bucket=bucket, Key="object")
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
    right = _person(aws, _using(key, "Decrypt", StringEquals={name: value}))
    assert right.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"
    wrong = _person(aws, _using(key, "Decrypt", StringEquals={name: other}))
    assert _refused(wrong.get_object, Bucket=bucket, Key="object")["Code"] == "AccessDenied"


@pytest.mark.parametrize("bucket_key", [False, True])
def test_the_encryption_context_is_the_object_or_with_a_bucket_key_the_bucket(
    aws: Any, bucket: str, key: str, bucket_key: bool
) -> None:
    s3 = aws.client("s3")
    _encrypt(s3, bucket, key, bucket_key=bucket_key)
    made = s3.put_object(Bucket=bucket, Key="context", Body=b"1")
    assert made.get("BucketKeyEnabled", False) == bucket_key
    context = "kms:EncryptionContext:aws:s3:arn"
    whole = {"StringEquals": {context: f"arn:aws:s3:::{bucket}"}}
    one = {"StringEquals": {context: f"arn:aws:s3:::{bucket}/context"}}
    right, wrong = (whole, one) if bucket_key else (one, whole)
    request = {"Bucket": bucket, "Key": "context"}
    assert _person(aws, _using(key, "Decrypt", **right)).get_object(**request)
    reader = _person(aws, _using(key, "Decrypt", **wrong))
    assert _refused(reader.get_object, **request)["Code"] == "AccessDenied"


def test_the_tags_of_a_key_are_seen(aws: Any, bucket: str, key: str) -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/team": "ml"}}
    reader = _person(aws, _using("*", "Decrypt", **tagged))
    assert _refused(reader.get_object, Bucket=bucket, Key="object")["Code"] == "AccessDenied"
    aws.client("kms").tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "ml"}])
    assert reader.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


# States of a key


def test_a_disabled_key_closes_its_objects_until_it_is_enabled(
    aws: Any, bucket: str, key: str
) -> None:
    s3, kms = aws.client("s3"), aws.client("kms")
    kms.disable_key(KeyId=key)
    for error in (
        _refused(s3.get_object, Bucket=bucket, Key="object"),
        _refused(s3.put_object, Bucket=bucket, Key="new", Body=b"1"),
        _refused(s3.create_multipart_upload, Bucket=bucket, Key="new"),
    ):
        assert error == {
            **error, "Code": "KMS.DisabledException", "Message": f"{key} is disabled."
        }  # fmt: skip
    assert s3.head_object(Bucket=bucket, Key="object")["SSEKMSKeyId"] == key
    kms.enable_key(KeyId=key)
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def test_a_key_that_awaits_its_deletion_closes_its_objects(aws: Any, bucket: str, key: str) -> None:
    aws.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    error = _refused(aws.client("s3").get_object, Bucket=bucket, Key="object")
    assert error["Code"] == "KMS.KMSInvalidStateException"
    assert error["Message"] == f"{key} is pending deletion."


def test_an_unknown_key_is_not_found(aws: Any, bucket: str) -> None:
    arn = "arn:aws:kms:us-east-1:111111111111:key/none"
    s3 = aws.client("s3")
    request = {"Bucket": bucket, "Key": "new", "ServerSideEncryption": "aws:kms"}
    error = _refused(s3.put_object, **request, SSEKMSKeyId=arn)
    assert error["Code"] == "KMS.NotFoundException"
    assert error["Message"] == f"Key '{arn}' does not exist"
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    for reference in ("alias/none", elsewhere):
        error = _refused(s3.put_object, **request, SSEKMSKeyId=reference)
        assert error["Code"] == "KMS.NotFoundException"


def test_an_asymmetric_key_cannot_encrypt_objects(aws: Any, bucket: str) -> None:
    made = aws.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    request = {"Bucket": bucket, "Key": "new", "ServerSideEncryption": "aws:kms"}
    key = made["KeyMetadata"]["Arn"]
    error = _refused(aws.client("s3").put_object, **request, SSEKMSKeyId=key)
    assert error["Code"] == "KMS.InvalidKeyUsageException"


# Other accounts, and CloudFormation


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
    error = _refused(s3.get_object, Bucket=bucket, Key="object")
    assert f"kms:Decrypt on resource: {key} because no resource-based policy" in error["Message"]
    mine = {"Principal": {"AWS": ROOT}, "Action": "kms:*"}
    theirs = {"Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "kms:Decrypt"}
    _key_policy(aws, key, mine, theirs)
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def _encrypted_bucket(key: str) -> dict[str, Any]:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    rules = {"ServerSideEncryptionConfiguration": [rule]}
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": rules}}


def test_a_bucket_of_a_stack_has_its_encryption(aws: Any, key: str) -> None:
    s3, stack = aws.client("s3"), f"encrypted-{uuid4().hex[:8]}"
    outputs = {"Name": {"Value": {"Ref": "Bucket"}}}
    made = aws.deploy(stack, {"Bucket": _encrypted_bucket(key)}, outputs=outputs)
    name = made["Outputs"][0]["OutputValue"]
    answer = s3.put_object(Bucket=name, Key="a", Body=b"a")
    assert (answer["SSEKMSKeyId"], answer["BucketKeyEnabled"]) == (key, True)
    plain = {"Type": "AWS::S3::Bucket", "Properties": {}}
    aws.deploy(stack, {"Bucket": plain}, outputs=outputs, update=True)
    assert "SSEKMSKeyId" not in s3.put_object(Bucket=name, Key="a", Body=b"a")


def test_cloudformation_reads_a_template_with_its_caller_s_key_permissions(
    aws: Any, bucket: str, key: str
) -> None:
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    aws.client("s3").put_object(Bucket=bucket, Key="template", Body=json.dumps(topic).encode())
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/template"
    may = [{"Action": ["cloudformation:*", "s3:GetObject", "sns:*", "iam:PassRole"]}]
    service = {"Service": "cloudformation.amazonaws.com"}
    role = aws.role(f"deploys-{uuid4().hex[:8]}", service, {"Action": "sns:*"})

    def create(*allows: dict[str, Any]) -> Any:
        session = aws.person(f"person-{uuid4().hex[:12]}", *may, *allows)
        client = aws.client("cloudformation", session)
        name = f"template-{uuid4().hex[:8]}"
        client.create_stack(StackName=name, TemplateURL=url, RoleARN=role)
        return aws.settled(name)

    error = _refused(create)
    assert f"kms:Decrypt on resource: {key} because" in error["Message"]
    assert create(_using(key, "Decrypt"))["StackStatus"] == "CREATE_COMPLETE"
