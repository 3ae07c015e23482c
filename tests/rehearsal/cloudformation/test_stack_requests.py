"""Conditions on CloudFormation's requests, and on tags where a boundary names them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
ROLES = "arn:aws:iam::111111111111:role"


@pytest.fixture(scope="module")
def url(aws: Any) -> str:
    """Returns the location of a template."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="templates-of-requests")
    for name in ("published", "mine"):
        s3.put_object(Bucket="templates-of-requests", Key=name, Body=json.dumps(TEMPLATE))
    return "https://s3.us-east-1.amazonaws.com/templates-of-requests/published"


def denied(call: Callable[..., Any], **request: Any) -> bool:
    try:
        call(**request)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return True
    return False


def test_the_url_of_the_template_is_a_condition_key(aws: Any, url: str) -> None:
    only = {"StringEquals": {"cloudformation:TemplateUrl": url}}
    allowed = {"Action": "cloudformation:*", "Condition": only}
    person = aws.person("url-creator", allowed, {"Action": ["sns:*", "s3:GetObject"]})
    create = aws.client("cloudformation", person).create_stack

    assert denied(create, StackName="by-url", TemplateURL=url.replace("published", "mine"))
    assert denied(create, StackName="by-url", TemplateBody=json.dumps(TEMPLATE))
    assert not denied(create, StackName="by-url", TemplateURL=url)


def test_the_role_is_a_condition_key_only_where_the_request_has_it(aws: Any) -> None:
    trust = {"Service": "cloudformation.amazonaws.com"}
    role, other = (
        aws.role(name, trust, {"Action": "sns:*"}) for name in ("meant-role", "other-role")
    )
    only = {"ArnLike": {"cloudformation:RoleArn": role}}
    allowed = {"Action": "cloudformation:*", "Condition": only}
    person = aws.person("role-creator", allowed, {"Action": "iam:PassRole"})
    client = aws.client("cloudformation", person)
    request = {"StackName": "by-role-arn", "TemplateBody": json.dumps(TEMPLATE)}

    assert denied(client.create_stack, **request)
    assert denied(client.create_stack, **request, RoleARN=other)
    assert not denied(client.create_stack, **request, RoleARN=role)
    aws.settled("by-role-arn")
    # The stack would keep its role, but the request does not say so.
    assert denied(client.update_stack, **request)


def test_a_boundary_confines_by_the_tag_of_the_role(aws: Any) -> None:
    """The identity policy names no tag, so only the boundary evaluates those of the resource."""
    iam, sns = aws.client("iam"), aws.client("sns")
    statement = {
        "Effect": "Allow",
        "Action": "sns:GetTopicAttributes",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/project": "${aws:PrincipalTag/project}"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    limits = iam.create_policy(PolicyName="tag-limits", PolicyDocument=document)["Policy"]["Arn"]
    person = aws.person("confined", {"Action": "sns:*"})
    iam.put_role_permissions_boundary(RoleName="confined", PermissionsBoundary=limits)
    iam.tag_role(RoleName="confined", Tags=[{"Key": "project", "Value": "churn"}])
    own, other = (
        sns.create_topic(Name=f"of-{name}", Tags=[{"Key": "project", "Value": name}])["TopicArn"]
        for name in ("churn", "fraud")
    )
    confined = aws.client("sns", person)

    assert confined.get_topic_attributes(TopicArn=own)
    with pytest.raises(ClientError, match="not authorized"):
        confined.get_topic_attributes(TopicArn=other)


def key_with(*, policy: dict[str, Any] | None = None) -> dict[str, Any]:
    """A tagged key that rotates, as a template has it."""
    root = {"Effect": "Allow", "Principal": {"AWS": f"{ROLES[:-5]}:root"}, "Action": "kms:*"}
    statements = [{**root, "Resource": "*"}, *([policy] if policy else [])]
    properties = {
        "EnableKeyRotation": True,
        "KeyPolicy": {"Version": "2012-10-17", "Statement": statements},
        "Tags": [{"Key": "project", "Value": "churn"}],
    }
    return {"Type": "AWS::KMS::Key", "Properties": properties}


def test_a_tag_does_not_let_a_stack_finish_the_key_that_it_has_just_made(aws: Any) -> None:
    of_project = {"Null": {"aws:ResourceTag/project": "false"}}
    trust = {"Service": "cloudformation.amazonaws.com"}
    role = aws.role(
        "key-maker",
        trust,
        {"Action": ["kms:CreateKey", "kms:TagResource"]},
        {"Action": "kms:*", "Condition": of_project},
    )

    stack = aws.deploy("by-tag", {"Key": key_with()}, RoleARN=role)

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "kms:EnableKeyRotation" in stack["Reasons"][0]


def test_a_key_policy_that_names_the_role_does(aws: Any) -> None:
    trust = {"Service": "cloudformation.amazonaws.com"}
    create = {"Action": ["kms:CreateKey", "kms:TagResource"]}
    ecr = {"Action": "ecr:*"}
    role = aws.role("named-key-maker", trust, create, ecr)
    named = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "kms:*", "Resource": "*"}
    images = {
        "Type": "AWS::ECR::Repository",
        "Properties": {
            "EncryptionConfiguration": {
                "EncryptionType": "KMS",
                "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]},
            }
        },
    }
    resources = {"Key": key_with(policy=named), "Images": images}

    stack = aws.deploy("by-policy", resources, RoleARN=role)

    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]


def test_a_repository_of_images_takes_a_key_that_its_creator_may_grant(aws: Any) -> None:
    trust = {"Service": "cloudformation.amazonaws.com"}
    role = aws.role("no-grants", trust, {"Action": "ecr:*"})
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    images = {
        "Type": "AWS::ECR::Repository",
        "Properties": {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": key}},
    }

    stack = aws.deploy("without-grant", {"Images": images}, RoleARN=role)

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "kms:" in stack["Reasons"][0]
