"""The values of parameters and secrets to which a template refers, read with the stack's role."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.stack_resources import message

PARAMETERS = "arn:aws:ssm:us-east-1:111111111111:parameter"
TRUST = {"Service": "cloudformation.amazonaws.com"}
TYPE = "AWS::SSM::Parameter::Value<String>"


@pytest.fixture(scope="module")
def role(aws: Any) -> str:
    """A role of stacks that may read the parameters below /readable, and no secret."""
    ssm = aws.client("ssm")
    for name in ("/readable/one", "/unreadable/one"):
        ssm.put_parameter(Name=name, Value="a-value", Type="String", Overwrite=True)
    allowed = {"Action": "ssm:GetParameters", "Resource": f"{PARAMETERS}/readable/*"}
    topics = {"Action": ["sns:*"]}
    return str(aws.role("values-reader", TRUST, allowed, topics))


def topic(display_name: Any) -> dict[str, Any]:
    return {"It": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display_name}}}


def create(aws: Any, stack: str, role: str, default: str) -> dict[str, Any]:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack,
        RoleARN=role,
        TemplateBody=json.dumps(
            {
                "Parameters": {"Value": {"Type": TYPE, "Default": default}},
                "Resources": topic({"Ref": "Value"}),
            }
        ),
    )
    settled: dict[str, Any] = aws.settled(stack)
    return settled


def test_a_template_parameter_reads_what_the_role_may_read(aws: Any, role: str) -> None:
    stack = create(aws, "reads-parameter", role, "/readable/one")

    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    (it,) = aws.client("cloudformation").describe_stack_resources(StackName="reads-parameter")[
        "StackResources"
    ]
    topic_arn = it["PhysicalResourceId"]
    assert (
        aws.client("sns").get_topic_attributes(TopicArn=topic_arn)["Attributes"]["DisplayName"]
        == "a-value"
    )


def test_a_template_parameter_of_another_name_is_denied(aws: Any, role: str) -> None:
    with pytest.raises(ClientError) as raised:
        create(aws, "denied-parameter", role, "/unreadable/one")

    assert raised.value.response["Error"]["Code"] == "ValidationError"
    assert "assumed-role/values-reader/AWSCloudFormation" in message(raised)
    assert f"ssm:GetParameters on resource: {PARAMETERS}/unreadable/one" in message(raised)


def test_the_caller_without_a_role_needs_the_permission(aws: Any) -> None:
    caller = aws.person("values-caller", {"Action": ["cloudformation:*", "sns:*"]})
    template = {
        "Parameters": {"Value": {"Type": TYPE, "Default": "/readable/one"}},
        "Resources": topic({"Ref": "Value"}),
    }
    with pytest.raises(ClientError, match="ssm:GetParameters"):
        aws.client("cloudformation", caller).create_stack(
            StackName="denied-caller", TemplateBody=json.dumps(template)
        )


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        ("{{resolve:ssm:/readable/one}}", "CREATE_COMPLETE"),
        ("{{resolve:ssm:/readable/one:1}}", "CREATE_COMPLETE"),
        ("{{resolve:ssm:/unreadable/one}}", "ROLLBACK_COMPLETE"),
    ],
)
def test_a_dynamic_reference_needs_the_permission(
    aws: Any, role: str, reference: str, status: str
) -> None:
    name = "reference-" + re.sub("[^a-z0-9]+", "-", reference).strip("-")
    stack = aws.deploy(name, topic(reference), RoleARN=role)

    assert stack["StackStatus"] == status, stack["Reasons"]
    if status == "ROLLBACK_COMPLETE":
        assert f"ssm:GetParameters on resource: {PARAMETERS}/unreadable/one" in stack["Reasons"][0]


def test_a_reference_to_a_secret_needs_the_permission(aws: Any, role: str) -> None:
    arn = aws.client("secretsmanager").create_secret(Name="topic-name", SecretString="shown")["ARN"]
    reader = aws.role(
        "secret-reader",
        TRUST,
        {"Action": "secretsmanager:GetSecretValue", "Resource": arn},
        {"Action": ["sns:*"]},
    )

    resources = topic("{{resolve:secretsmanager:topic-name}}")
    denied = aws.deploy("secret-denied", resources, RoleARN=role)
    allowed = aws.deploy("secret-allowed", resources, RoleARN=reader)

    assert denied["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"secretsmanager:GetSecretValue on resource: {arn}" in denied["Reasons"][0]
    assert allowed["StackStatus"] == "CREATE_COMPLETE", allowed["Reasons"]
