"""Code of Lambda functions in S3, on the running server: read with the right permissions."""

import io
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def code(aws: Any) -> dict[str, str]:
    """The location of a function's code, in a bucket with a dedicated key."""
    s3, bucket = aws.client("s3"), f"code-{uuid4().hex[:12]}"
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return 1")
    s3.put_object(Bucket=bucket, Key="code", Body=content.getvalue())
    return {"S3Bucket": bucket, "S3Key": "code", "key": key}


@pytest.fixture
def create(aws: Any) -> Callable[..., Any]:
    """Creates a stack with a function; its role has Lambda, S3 and the given statements."""
    runs = aws.role(f"runs-{uuid4().hex[:8]}", {"Service": "lambda.amazonaws.com"})

    def make(place: dict[str, str], *allows: dict[str, Any]) -> Any:
        properties = {"Handler": "index.handler", "Runtime": "python3.11", "Role": runs}
        place = {name: value for name, value in place.items() if name != "key"}
        function = {"Type": "AWS::Lambda::Function", "Properties": {**properties, "Code": place}}
        may = {"Action": ["lambda:*", "s3:GetObject", "iam:PassRole"]}
        service = {"Service": "cloudformation.amazonaws.com"}
        role = aws.role(f"deploys-{uuid4().hex[:8]}", service, may, *allows)
        return aws.deploy(f"code-{uuid4().hex[:8]}", {"Function": function}, RoleARN=role)

    return make


def test_a_stack_reads_code_with_its_role_s_permissions_for_the_key(
    create: Any, code: dict[str, str]
) -> None:
    failed = create(code)
    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"kms:Decrypt on resource: {code['key']}" in " ".join(failed["Reasons"])
    decrypt = {"Action": "kms:Decrypt", "Resource": code["key"]}
    assert create(code, decrypt)["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_fails_where_there_is_no_code(create: Any, code: dict[str, str]) -> None:
    failed = create({**code, "S3Key": "missing"})
    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "S3 Error Code: NoSuchKey" in " ".join(failed["Reasons"])


def test_the_api_reads_code_with_its_caller_s_permissions_for_the_key(
    aws: Any, code: dict[str, str]
) -> None:
    runs = aws.role(f"runs-{uuid4().hex[:8]}", {"Service": "lambda.amazonaws.com"})
    place = {"S3Bucket": code["S3Bucket"], "S3Key": code["S3Key"]}
    may = {"Action": ["lambda:*", "s3:GetObject", "iam:PassRole"]}

    def create(*allows: dict[str, Any]) -> Any:
        name = f"person-{uuid4().hex[:8]}"
        client = aws.client("lambda", aws.person(name, may, *allows))
        request = {"FunctionName": name, "Runtime": "python3.11", "Handler": "index.handler"}
        return client.create_function(**request, Role=runs, Code=place)

    with pytest.raises(ClientError) as raised:
        create()
    error = raised.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert f"kms:Decrypt on resource: {code['key']}" in error["Message"]
    assert create({"Action": "kms:Decrypt", "Resource": code["key"]})["CodeSize"] > 0
