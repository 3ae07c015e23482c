"""CDK's own custom resources on the running server, with the role of their function."""

import io
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError


def _provider(aws: Any, name: str, *allows: dict[str, Any]) -> str:
    """Returns the function of a CDK custom resource; its code never runs here."""
    role = aws.role(name, {"Service": "lambda.amazonaws.com"}, *allows)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.js", "exports.handler = () => { throw new Error('not here') }")
    arn: str = aws.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="nodejs22.x",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    return arn


def test_a_bucket_that_says_so_is_emptied_before_it_goes(aws: Any) -> None:
    token = _provider(aws, "emptying", {"Action": "s3:*"})
    tag = {"Key": "aws-cdk:auto-delete-objects", "Value": "true"}
    versioned = {"Status": "Enabled"}
    bucket = {"Tags": [tag], "BucketName": "emptied", "VersioningConfiguration": versioned}
    emptier = {"ServiceToken": token, "BucketName": {"Ref": "Bucket"}}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket},
        "Emptier": {"Type": "Custom::S3AutoDeleteObjects", "Properties": emptier},
    }
    assert aws.deploy("emptied", resources)["StackStatus"] == "CREATE_COMPLETE"
    s3, client = aws.client("s3"), aws.client("cloudformation")
    for body in (b"1", b"2"):
        s3.put_object(Bucket="emptied", Key="k", Body=body)
    s3.delete_object(Bucket="emptied", Key="k")
    stack_id = client.describe_stacks(StackName="emptied")["Stacks"][0]["StackId"]
    client.delete_stack(StackName="emptied")
    stack = aws.settled(stack_id)
    assert stack["StackStatus"] == "DELETE_COMPLETE", stack["Reasons"]
    with pytest.raises(ClientError):
        s3.head_bucket(Bucket="emptied")


def _source(aws: Any, bucket: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.json", '{"arn": "<<marker>>"}')
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key="asset.zip", Body=content.getvalue())


def _deployment(token: str, source: str, target: str, **more: Any) -> dict[str, Any]:
    properties = {
        "ServiceToken": token,
        "SourceBucketNames": [source],
        "SourceObjectKeys": ["asset.zip"],
        "SourceMarkers": [{"<<marker>>": {"Ref": "AWS::AccountId"}}],
        "DestinationBucketName": target,
        "DestinationBucketKeyPrefix": "site",
        **more,
    }
    return {"Type": "Custom::CDKBucketDeployment", "Properties": properties}


def test_assets_are_unpacked_with_their_values_and_others_pruned(aws: Any) -> None:
    token = _provider(aws, "deploying", {"Action": "s3:*"})
    s3 = aws.client("s3")
    _source(aws, "assets-of-mine")
    s3.create_bucket(Bucket="site-of-mine")
    s3.put_object(Bucket="site-of-mine", Key="site/old", Body=b"")
    s3.put_object(Bucket="site-of-mine", Key="elsewhere", Body=b"")
    resources = {"Deployment": _deployment(token, "assets-of-mine", "site-of-mine")}
    stack = aws.deploy("site", resources)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    found = s3.get_object(Bucket="site-of-mine", Key="site/a.json")
    assert found["Body"].read() == b'{"arn": "111111111111"}'
    assert found["ContentType"] == "application/json"
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="site-of-mine")["Contents"]]
    assert keys == ["elsewhere", "site/a.json"]


def test_what_the_role_of_the_function_may_not_fails_the_stack(aws: Any) -> None:
    token = _provider(aws, "powerless-deploying")
    _source(aws, "assets-unread")
    resources = {"Deployment": _deployment(token, "assets-unread", "nowhere")}
    assert "AccessDenied" in aws.deploy("unread", resources)["Reasons"][0]


def test_an_unsupported_option_is_rejected_by_name(aws: Any) -> None:
    token = _provider(aws, "unknowing", {"Action": "s3:*"})
    resources = {"Deployment": _deployment(token, "a", "b", Exclude=["*.map"])}
    assert "does not support Exclude" in aws.deploy("excluding", resources)["Reasons"][0]
