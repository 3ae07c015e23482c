"""Reading needs the key of the object."""

import json
from typing import Any
from uuid import uuid4

import requests

from tests.rehearsal.ministack.object_encryption.key_use import error_of, someone, using


def test_reading_needs_decrypt(aws: Any, bucket: str, key: str) -> None:
    error = error_of(someone(aws).get_object, Bucket=bucket, Key="object")
    assert error["Code"] == "AccessDenied"
    assert error["Message"].startswith("User: arn:aws:sts::111111111111:assumed-role/person-")
    assert error["Message"].endswith(
        f"is not authorized to perform: kms:Decrypt on resource: {key} because no identity-based "
        "policy allows the kms:Decrypt action"
    )
    reader = someone(aws, using(key, "Decrypt"))
    assert reader.get_object(Bucket=bucket, Key="object")["Body"].read() == b"content"


def test_reading_a_version_needs_decrypt_too(aws: Any, bucket: str, key: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="object", Body=b"2")["VersionId"]
    request = {"Bucket": bucket, "Key": "object", "VersionId": version}
    assert error_of(someone(aws).get_object, **request)["Code"] == "AccessDenied"
    assert someone(aws, using(key, "Decrypt")).get_object(**request)["Body"].read() == b"2"


def test_head_needs_no_key_unless_it_asks_for_a_checksum(aws: Any, bucket: str, key: str) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="sum", Body=b"1", ChecksumAlgorithm="SHA256")
    person, request = someone(aws), {"Bucket": bucket, "Key": "sum", "ChecksumMode": "ENABLED"}
    assert person.head_object(Bucket=bucket, Key="sum")["SSEKMSKeyId"] == key
    assert error_of(person.head_object, **request)["Code"] == "403"
    assert "ChecksumSHA256" in someone(aws, using(key, "Decrypt")).head_object(**request)


def test_a_presigned_address_reads_with_the_permissions_of_its_signer(
    aws: Any, bucket: str, key: str
) -> None:
    def status(person: Any) -> int:
        url = person.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "object"})
        return requests.get(url, verify=aws.endpoint["ca_bundle"], timeout=10).status_code

    assert status(someone(aws)) == 403
    assert status(someone(aws, using(key, "Decrypt"))) == 200


def test_an_object_without_a_kms_key_needs_no_kms_permission(aws: Any) -> None:
    s3, name = aws.client("s3"), f"plain-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    person = someone(aws)
    person.put_object(Bucket=name, Key="a", Body=b"a", ServerSideEncryption="AES256")
    person.put_object(Bucket=name, Key="b", Body=b"b")
    assert person.get_object(Bucket=name, Key="a")["Body"].read() == b"a"


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

    error = error_of(create)
    assert f"kms:Decrypt on resource: {key} because" in error["Message"]
    assert create(using(key, "Decrypt"))["StackStatus"] == "CREATE_COMPLETE"
