"""Writing needs a data key, and keeps the encryption of the bucket or the request."""

from typing import Any
from uuid import uuid4

import requests

from tests.rehearsal.ministack.object_encryption.key_use import encrypt, error_of, someone, using


def test_writing_needs_generate_data_key_and_the_object_keeps_the_default_key(
    aws: Any, bucket: str, key: str
) -> None:
    error = error_of(someone(aws).put_object, Bucket=bucket, Key="new", Body=b"1")
    assert error["Code"] == "AccessDenied"
    assert f"kms:GenerateDataKey on resource: {key} because" in error["Message"]
    writer = someone(aws, using(key, "GenerateDataKey"))
    made = writer.put_object(Bucket=bucket, Key="new", Body=b"1")
    assert (made["ServerSideEncryption"], made["SSEKMSKeyId"]) == ("aws:kms", key)
    found = writer.head_object(Bucket=bucket, Key="new")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
    assert error_of(writer.get_object, Bucket=bucket, Key="new")["Code"] == "AccessDenied"


def test_a_write_that_is_denied_leaves_the_object_as_it_was(aws: Any, bucket: str) -> None:
    error_of(someone(aws).put_object, Bucket=bucket, Key="object", Body=b"changed")
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
    writer = someone(aws, using(other["Arn"], "GenerateDataKey"))
    for reference in (other["Arn"], other["KeyId"], alias):
        made = writer.put_object(**named, SSEKMSKeyId=reference)
        assert made["SSEKMSKeyId"] == other["Arn"]
    plain = writer.put_object(Bucket=bucket, Key="n", Body=b"1", ServerSideEncryption="AES256")
    assert "SSEKMSKeyId" not in plain
    assert error_of(writer.put_object, **named, SSEKMSKeyId=key)["Code"] == "AccessDenied"


def test_a_key_without_its_algorithm_is_rejected(aws: Any, bucket: str, key: str) -> None:
    url = aws.client("s3").generate_presigned_url(
        "put_object", {"Bucket": bucket, "Key": "new", "SSEKMSKeyId": key}
    )
    headers = {"x-amz-server-side-encryption-aws-kms-key-id": key}
    response = requests.put(url, headers=headers, verify=aws.endpoint["ca_bundle"], timeout=10)
    assert response.status_code == 400
    assert "requires HTTP header x-amz-server-side-encryption : aws:kms" in response.text


def test_an_encryption_context_is_rejected_by_name(aws: Any, bucket: str) -> None:
    request = {"Bucket": bucket, "Key": "new", "ServerSideEncryption": "aws:kms"}
    error = error_of(aws.client("s3").put_object, **request, SSEKMSEncryptionContext="e30=")
    assert error["Code"] == "NotImplemented"
    assert "x-amz-server-side-encryption-context" in error["Message"]


def test_a_bucket_without_a_key_of_its_own_uses_the_managed_key_of_s3(
    aws: Any, bucket: str
) -> None:
    encrypt(aws.client("s3"), bucket, None)
    person = someone(aws)
    made = person.put_object(Bucket=bucket, Key="managed", Body=b"1")
    known = aws.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    assert made["SSEKMSKeyId"] == known
    assert person.get_object(Bucket=bucket, Key="managed")["Body"].read() == b"1"


def test_a_multipart_upload_begins_with_generate_data_key(aws: Any, bucket: str, key: str) -> None:
    request = {"Bucket": bucket, "Key": "large"}
    error = error_of(someone(aws, using(key, "Decrypt")).create_multipart_upload, **request)
    assert "kms:GenerateDataKey" in error["Message"]
    writer = someone(aws, using(key, "GenerateDataKey"))
    assert writer.create_multipart_upload(**request)["SSEKMSKeyId"] == key


def test_parts_and_the_completion_of_a_multipart_upload_need_decrypt(
    aws: Any, bucket: str, key: str
) -> None:
    half = someone(aws, using(key, "GenerateDataKey"))
    whole = someone(aws, using(key, "GenerateDataKey", "Decrypt"))
    upload = {"Bucket": bucket, "Key": "large"}
    upload["UploadId"] = half.create_multipart_upload(**upload)["UploadId"]
    error = error_of(half.upload_part, **upload, PartNumber=1, Body=b"1")
    assert f"kms:Decrypt on resource: {key}" in error["Message"]
    source = {"PartNumber": 1, "CopySource": f"{bucket}/object"}
    assert "kms:Decrypt" in error_of(half.upload_part_copy, **upload, **source)["Message"]
    part = whole.upload_part(**upload, PartNumber=1, Body=b"1")
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    error = error_of(half.complete_multipart_upload, **upload, **parts)
    assert "kms:Decrypt" in error["Message"]
    assert whole.complete_multipart_upload(**upload, **parts)["SSEKMSKeyId"] == key
    assert whole.get_object(Bucket=bucket, Key="large")["Body"].read() == b"1"
    assert "kms:Decrypt" in error_of(half.get_object, Bucket=bucket, Key="large")["Message"]


def test_a_copy_needs_decrypt_of_the_source_and_a_data_key_of_the_destination(
    aws: Any, bucket: str, key: str
) -> None:
    other = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    to = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/object"}
    to |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other}
    writes = using(other, "GenerateDataKey")
    error = error_of(someone(aws, writes).copy_object, **to)
    assert f"kms:Decrypt on resource: {key}" in error["Message"]
    error = error_of(someone(aws, using(key, "Decrypt")).copy_object, **to)
    assert f"kms:GenerateDataKey on resource: {other}" in error["Message"]
    made = someone(aws, writes, using(key, "Decrypt")).copy_object(**to)
    assert made["SSEKMSKeyId"] == other


def test_a_copy_gets_the_key_of_its_own_bucket(aws: Any, bucket: str, key: str) -> None:
    s3, plain = aws.client("s3"), f"plain-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=plain)
    s3.put_object(Bucket=plain, Key="source", Body=b"1")
    writer = someone(aws, using(key, "GenerateDataKey"))
    copied = {"Bucket": bucket, "Key": "copy", "CopySource": f"{plain}/source"}
    assert writer.copy_object(**copied)["SSEKMSKeyId"] == key
    reader = someone(aws, using(key, "Decrypt"))
    reader.copy_object(Bucket=plain, Key="copy", CopySource=f"{bucket}/object")
    assert "SSEKMSKeyId" not in s3.head_object(Bucket=plain, Key="copy")


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
    response = s3.put_object(Bucket=name, Key="a", Body=b"a")
    assert (response["SSEKMSKeyId"], response["BucketKeyEnabled"]) == (key, True)
    plain = {"Type": "AWS::S3::Bucket", "Properties": {}}
    aws.deploy(stack, {"Bucket": plain}, outputs=outputs, update=True)
    assert "SSEKMSKeyId" not in s3.put_object(Bucket=name, Key="a", Body=b"a")
