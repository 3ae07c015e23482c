"""Stacks act with their role, which the caller passes and which trusts CloudFormation."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.stack_resources import ROLE, group, message


def test_the_role_of_a_stack_is_used_and_shown(aws: Any) -> None:
    able = {"Action": ["sagemaker:*", "sns:CreateTopic"]}
    role = aws.role("stack-role", {"Service": "cloudformation.amazonaws.com"}, able)
    caller = aws.person("stack-caller", {"Action": ["cloudformation:*", "iam:PassRole"]})
    client = aws.client("cloudformation", caller)
    resources = {"Group": group("by-role"), "Topic": {"Type": "AWS::SNS::Topic"}}
    stack = aws.deploy("by-role", resources, RoleARN=role, client=client)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    assert stack["RoleARN"] == role
    made = aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName="by-role")
    assert made["CreatedBy"]["UserProfileName"] == "AWSCloudFormation"


@pytest.mark.parametrize(
    ("resource", "action"),
    [
        (group("powerless"), "sagemaker:CreateModelPackageGroup"),
        ({"Type": "AWS::SNS::Topic"}, "sns:CreateTopic"),
        ({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}, "ssm:"),
        (
            {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "sts:AssumeRole",
                                "Principal": {"Service": "lambda.amazonaws.com"},
                            }
                        ],
                    }
                },
            },
            "iam:CreateRole",
        ),
    ],
)
def test_a_role_without_the_action_fails_the_resource(
    aws: Any, resource: dict[str, Any], action: str
) -> None:
    name = "powerless-" + resource["Type"].split("::")[1].lower()
    role = aws.role(name, {"Service": "cloudformation.amazonaws.com"})
    stack = aws.deploy(name, {"It": resource}, RoleARN=role, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert action in stack["Reasons"][0]
    assert f"assumed-role/{name}/AWSCloudFormation" in stack["Reasons"][0]


def test_a_function_in_a_stack_needs_pass_role(aws: Any) -> None:
    lambda_role = aws.role("function-role", {"Service": "lambda.amazonaws.com"})
    role = aws.role(
        "no-pass",
        {"Service": "cloudformation.amazonaws.com"},
        {"Action": ["lambda:*"]},
    )
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Role": lambda_role,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Code": {"ZipFile": "def handler(event, context): pass"},
        },
    }
    stack = aws.deploy("no-pass", {"Function": function}, RoleARN=role)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "iam:PassRole" in stack["Reasons"][0]


def test_a_stack_role_needs_pass_role_trust_and_existence(aws: Any) -> None:
    role = aws.role("passed", {"Service": "cloudformation.amazonaws.com"})
    wrong = aws.role("of-lambda", {"Service": "lambda.amazonaws.com"})
    caller = aws.person("no-pass-caller", {"Action": "cloudformation:*"})
    limited = aws.client("cloudformation", caller)
    with pytest.raises(ClientError) as raised:
        aws.deploy("denied", {"Group": group()}, RoleARN=role, client=limited)
    assert "iam:PassRole" in message(raised)
    for arn in (wrong, f"{ROLE}nobody"):
        with pytest.raises(ClientError) as raised:
            aws.deploy("denied", {"Group": group()}, RoleARN=arn)
        assert "is invalid or cannot be assumed" in message(raised)


def test_a_type_without_known_actions_is_rejected_when_a_role_deploys_it(aws: Any) -> None:
    role = aws.role("unknown", {"Service": "cloudformation.amazonaws.com"}, {"Action": "*"})
    vault = {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "vault"}}
    stack = aws.deploy("unknown-actions", {"Vault": vault}, RoleARN=role)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "AWS::Backup::BackupVault" in stack["Reasons"][0]
