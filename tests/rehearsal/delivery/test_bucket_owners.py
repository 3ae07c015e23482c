"""Whose a bucket is, as the conditions of policies see it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.delivery.accounts import PRODUCTION

NAME = "owned-by-the-first-account"


@pytest.fixture(scope="module")
def bucket(server: Any) -> str:
    """A bucket of the first account, which lets all of the other account read it."""
    s3 = server.client("s3")
    s3.create_bucket(Bucket=NAME)
    s3.put_object(Bucket=NAME, Key="artifact", Body=b"content")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{PRODUCTION}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{NAME}/*",
    }
    s3.put_bucket_policy(
        Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    return NAME


def reader(server: Any, name: str, condition: dict[str, Any]) -> Any:
    """S3 as a role of the other account that may read any bucket on a condition."""
    iam, root = server.client("iam", PRODUCTION), f"arn:aws:iam::{PRODUCTION}:root"
    trust = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=document(read))
    answer = server.client("sts", PRODUCTION).assume_role(
        RoleArn=f"arn:aws:iam::{PRODUCTION}:role/{name}", RoleSessionName="reader"
    )["Credentials"]
    return server.client(
        "s3",
        answer["AccessKeyId"],
        secret=answer["SecretAccessKey"],
        token=answer["SessionToken"],
    )


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("key", ["s3:ResourceAccount", "aws:ResourceAccount"])
def test_a_bucket_belongs_to_the_account_that_made_it(server: Any, bucket: str, key: str) -> None:
    kind = key.split(":")[0]
    foreign = reader(server, f"foreign-{kind}", {"StringNotEquals": {key: PRODUCTION}})
    own = reader(server, f"own-{kind}", {"StringEquals": {key: PRODUCTION}})

    assert foreign.get_object(Bucket=bucket, Key="artifact")["Body"].read() == b"content"
    with pytest.raises(ClientError, match="AccessDenied"):
        own.get_object(Bucket=bucket, Key="artifact")
