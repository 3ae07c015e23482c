"""Clients and statements of tests on the use of keys."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

ROOT = "arn:aws:iam::111111111111:root"
S3 = {"Action": "s3:*"}


def encrypt(s3: Any, bucket: str, key: str | None, *, bucket_key: bool = False) -> None:
    default = {"SSEAlgorithm": "aws:kms", **({"KMSMasterKeyID": key} if key else {})}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def someone(aws: Any, *allows: dict[str, Any]) -> Any:
    """Returns an S3 client of a new role with all of S3 and further statements."""
    return aws.client("s3", aws.person(f"person-{uuid4().hex[:12]}", S3, *allows))


def using(key: str, *actions: str, **conditions: Any) -> dict[str, Any]:
    statement = {"Action": [f"kms:{action}" for action in actions], "Resource": key}
    return {**statement, **({"Condition": conditions} if conditions else {})}


def error_of(call: Any, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    return dict(raised.value.response["Error"])


def key_policy(aws: Any, key: str, *statements: dict[str, Any]) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": "*", **one} for one in statements],
    }
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))
