"""Policies on the origin of a request, and on services that make it for their caller."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
EVERYTHING = {"Effect": "Allow", "Action": ["s3:*", "sns:*", "cloudformation:*"]}


def bucket_for(aws: Any, **elsewhere: Any) -> str:
    """A bucket with a template that is not read directly from elsewhere."""
    name = f"from-{uuid4().hex[:12]}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="template", Body=TEMPLATE)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {**elsewhere, "Bool": {"aws:ViaAWSService": "false"}},
    }
    s3.put_bucket_policy(
        Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    return name


def somebody(aws: Any) -> Any:
    return aws.person(f"person-{uuid4().hex[:12]}", EVERYTHING)


def test_a_direct_request_from_another_network_is_denied(aws: Any) -> None:
    bucket = bucket_for(aws, NotIpAddress={"aws:SourceIp": ["203.0.113.0/24"]})
    s3 = aws.client("s3", somebody(aws))

    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.get_object(Bucket=bucket, Key="template")


def test_a_request_from_the_network_is_let_through(aws: Any) -> None:
    bucket = bucket_for(aws, NotIpAddress={"aws:SourceIp": ["127.0.0.0/8"]})
    s3 = aws.client("s3", somebody(aws))

    assert s3.get_object(Bucket=bucket, Key="template")["Body"].read() == TEMPLATE.encode()


def test_a_request_from_no_vpc_is_denied_where_a_vpc_is_asked_for(aws: Any) -> None:
    bucket = bucket_for(aws, StringNotEquals={"aws:SourceVpc": ["vpc-0a1b2c3d"]})
    s3 = aws.client("s3", somebody(aws))

    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.get_object(Bucket=bucket, Key="template")


def test_cloudformation_reads_a_template_for_its_caller(aws: Any) -> None:
    bucket = bucket_for(aws, NotIpAddress={"aws:SourceIp": ["203.0.113.0/24"]})
    client = aws.client("cloudformation", somebody(aws))

    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/template"
    client.create_stack(StackName=bucket, TemplateURL=url)

    assert aws.settled(bucket)["StackStatus"] == "CREATE_COMPLETE"
