"""CloudFormation stacks on the running server: our types, roles, replacement, rollback."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::111111111111:role/"


def _group(name: str | None = None, **properties: Any) -> dict[str, Any]:
    given = {**({"ModelPackageGroupName": name} if name else {}), **properties}
    return {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": given}


def _pipeline(role_arn: str, display: str, **properties: Any) -> dict[str, Any]:
    definition = {"PipelineDefinitionBody": json.dumps({"Version": display})}
    return {
        "Type": "AWS::SageMaker::Pipeline",
        "Properties": {
            "PipelineName": "in-a-stack",
            "PipelineDefinition": definition,
            "PipelineDisplayName": display,
            "RoleArn": role_arn,
            **properties,
        },
    }


def _message(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Message"])


def test_a_resource_is_made_with_a_generated_name_and_the_stack_tags(aws: Any) -> None:
    model = {"Type": "AWS::SageMaker::Model", "Properties": {"EnableNetworkIsolation": "true"}}
    outputs = {
        "Arn": {"Value": {"Ref": "Model"}},
        "Name": {"Value": {"Fn::GetAtt": ["Model", "ModelName"]}},
    }
    tags = [{"Key": "a", "Value": "b"}]
    stack = aws.deploy("generated", {"Model": model}, outputs=outputs, Tags=tags)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    given = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert given["Name"].startswith("generated-Model-")
    assert given["Arn"].endswith(f":model/{given['Name'].lower()}")
    assert aws.client("sagemaker").list_tags(ResourceArn=given["Arn"])["Tags"] == tags


def test_a_tag_changes_in_place_and_a_name_replaces(aws: Any) -> None:
    sagemaker = aws.client("sagemaker")
    tags = [{"Key": "kept", "Value": "1"}, {"Key": "gone", "Value": "1"}]
    aws.deploy("replacing", {"Group": _group("replacing-1", Tags=tags)})
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName="replacing-1")[
        "ModelPackageGroupArn"
    ]
    changed = {"Group": _group("replacing-1", Tags=[{"Key": "kept", "Value": "2"}])}
    assert aws.deploy("replacing", changed, update=True)["StackStatus"] == "UPDATE_COMPLETE"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "kept", "Value": "2"}]
    renamed = {"Group": _group("replacing-2")}
    assert aws.deploy("replacing", renamed, update=True)["StackStatus"] == "UPDATE_COMPLETE"
    assert sagemaker.describe_model_package_group(ModelPackageGroupName="replacing-2")
    with pytest.raises(ClientError):
        sagemaker.describe_model_package_group(ModelPackageGroupName="replacing-1")


def test_a_custom_named_resource_is_not_replaced_under_its_name(aws: Any) -> None:
    aws.deploy("named", {"Group": _group("named", ModelPackageGroupDescription="one")})
    changed = {"Group": _group("named", ModelPackageGroupDescription="two")}
    stack = aws.deploy("named", changed, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in stack["Reasons"][0]


def test_an_update_that_fails_later_restores_our_resource(aws: Any) -> None:
    role = aws.role("pipeline-role", {"Service": "sagemaker.amazonaws.com"})
    sagemaker = aws.client("sagemaker")
    aws.deploy("restored", {"Pipeline": _pipeline(role, "first")})
    failing = {
        "Pipeline": _pipeline(role, "second"),
        "Late": {**_group("broken"), "DependsOn": "Pipeline"},
    }
    stack = aws.deploy("restored", failing, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "an error of the toy" in stack["Reasons"][0]
    described = sagemaker.describe_pipeline(PipelineName="in-a-stack")
    assert described["PipelineDisplayName"] == "first"
    aws.client("cloudformation").delete_stack(StackName="restored")


def test_a_resource_that_is_gone_is_deleted_without_complaint(aws: Any) -> None:
    aws.deploy("already-gone", {"Group": _group("already-gone")})
    aws.client("sagemaker").delete_model_package_group(ModelPackageGroupName="already-gone")
    client = aws.client("cloudformation")
    stack_id = client.describe_stacks(StackName="already-gone")["Stacks"][0]["StackId"]
    client.delete_stack(StackName="already-gone")
    assert aws.settled(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def test_the_role_of_a_stack_is_used_and_shown(aws: Any) -> None:
    able = {"Action": ["sagemaker:*", "sns:CreateTopic"]}
    role = aws.role("stack-role", {"Service": "cloudformation.amazonaws.com"}, able)
    caller = aws.person("stack-caller", {"Action": ["cloudformation:*", "iam:PassRole"]})
    client = aws.client("cloudformation", caller)
    resources = {"Group": _group("by-role"), "Topic": {"Type": "AWS::SNS::Topic"}}
    stack = aws.deploy("by-role", resources, RoleARN=role, client=client)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    assert stack["RoleARN"] == role
    made = aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName="by-role")
    assert made["CreatedBy"]["UserProfileName"] == "AWSCloudFormation"


@pytest.mark.parametrize(
    ("resource", "action"),
    [
        (_group("powerless"), "sagemaker:CreateModelPackageGroup"),
        ({"Type": "AWS::SNS::Topic"}, "sns:CreateTopic"),
        ({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}, "ssm:"),
        (
            {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Statement": []}},
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
        aws.deploy("refused", {"Group": _group()}, RoleARN=role, client=limited)
    assert "iam:PassRole" in _message(raised)
    for arn in (wrong, f"{ROLE}nobody"):
        with pytest.raises(ClientError) as raised:
            aws.deploy("refused", {"Group": _group()}, RoleARN=arn)
        assert "is invalid or cannot be assumed" in _message(raised)


def test_a_type_without_known_actions_is_refused_when_a_role_deploys_it(aws: Any) -> None:
    role = aws.role("unknown", {"Service": "cloudformation.amazonaws.com"}, {"Action": "*"})
    vault = {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "vault"}}
    stack = aws.deploy("unknown-actions", {"Vault": vault}, RoleARN=role)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "AWS::Backup::BackupVault" in stack["Reasons"][0]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"Type": "AWS::Foo::Bar"}, "Unrecognized resource types: [AWS::Foo::Bar]"),
        (_group("x", Colour="red"), "unknown property Colour"),
        ({"Type": "AWS::SageMaker::Pipeline", "Properties": {}}, "PipelineName is required"),
        (_group("-bad-"), "ModelPackageGroupName is '-bad-'"),
        (_group("x", CreationTime="now"), "CreationTime is set by AWS"),
    ],
)
def test_a_template_with_a_mistake_is_refused_before_anything_is_made(
    aws: Any, resource: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError) as raised:
        aws.deploy("mistaken", {"Topic": {"Type": "AWS::SNS::Topic"}, "It": resource})
    assert expected in _message(raised)
    with pytest.raises(ClientError):
        aws.client("cloudformation").describe_stacks(StackName="mistaken")


def test_a_macro_and_a_stack_policy_are_refused_by_name(aws: Any) -> None:
    client = aws.client("cloudformation")
    template = {"Transform": "Acme::Macro", "Resources": {"Group": _group()}}
    with pytest.raises(ClientError) as raised:
        client.create_stack(
            StackName="macro",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_AUTO_EXPAND"],
        )
    assert "No transform named Acme::Macro" in _message(raised)
    with pytest.raises(ClientError) as raised:
        aws.deploy("policy", {"Group": _group()}, StackPolicyBody="{}")
    assert "stack policies" in _message(raised)


def test_an_export_in_use_does_not_change(aws: Any) -> None:
    def exporter(value: str) -> dict[str, Any]:
        return {"Out": {"Value": value, "Export": {"Name": "shared-value"}}}

    resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
    aws.deploy("exporter", resources, outputs=exporter("one"))
    value = {"Fn::ImportValue": "shared-value"}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
    aws.deploy("importer", {"Parameter": parameter})
    stack = aws.deploy("exporter", resources, outputs=exporter("two"), update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "cannot be updated as it is in use by importer" in stack["Reasons"][0]


def test_a_template_is_read_from_a_virtual_hosted_location_by_who_may_read_it(aws: Any) -> None:
    s3, client = aws.client("s3"), aws.client("cloudformation")
    s3.create_bucket(Bucket="templates")
    template = {"Resources": {"Group": _group("from-s3")}}
    s3.put_object(Bucket="templates", Key="a/b.json", Body=json.dumps(template))
    url = "https://templates.s3.us-east-1.amazonaws.com/a/b.json"
    blind = aws.person("blind", {"Action": ["cloudformation:*", "sagemaker:*"]})
    with pytest.raises(ClientError) as raised:
        aws.client("cloudformation", blind).create_stack(StackName="from-s3", TemplateURL=url)
    assert "s3:GetObject" in _message(raised)
    client.create_stack(StackName="from-s3", TemplateURL=url)
    assert aws.settled("from-s3")["StackStatus"] == "CREATE_COMPLETE"


def test_a_bucket_keeps_its_tags_and_its_objects(aws: Any) -> None:
    s3, client = aws.client("s3"), aws.client("cloudformation")
    tags = [{"Key": "team", "Value": "ml"}]
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "kept", "Tags": tags}}
    aws.deploy("bucket", {"Bucket": bucket})
    assert {"Key": "team", "Value": "ml"} in s3.get_bucket_tagging(Bucket="kept")["TagSet"]
    s3.put_object(Bucket="kept", Key="k", Body=b"x")
    client.delete_stack(StackName="bucket")
    stack = aws.settled("bucket")
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "not empty" in " ".join(stack["Reasons"])
    s3.delete_object(Bucket="kept", Key="k")
    client.delete_stack(StackName="bucket")


def test_a_policy_of_a_missing_bucket_fails(aws: Any) -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    properties = {"Bucket": "nowhere-at-all", "PolicyDocument": document}
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": properties}
    assert "does not exist" in aws.deploy("no-bucket", {"Policy": policy})["Reasons"][0]


def test_a_custom_resource_whose_function_dies_fails_at_once(aws: Any) -> None:
    role = aws.role("dying", {"Service": "lambda.amazonaws.com"})
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Role": role,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Code": {"ZipFile": "def handler(event, context): raise ValueError('I died')"},
        },
    }
    token = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}
    started = time.monotonic()
    stack = aws.deploy(
        "dying",
        {"Function": function, "Custom": {"Type": "Custom::Dying", "Properties": token}},
        DisableRollback=True,
    )
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert "I died" in " ".join(stack["Reasons"])
    assert time.monotonic() - started < 60


def test_conditions_know_every_intrinsic_function(aws: Any) -> None:
    template = {
        "Parameters": {"List": {"Type": "CommaDelimitedList", "Default": ""}},
        "Mappings": {"M": {"us-east-1": {"On": "yes"}}},
        "Conditions": {
            "Empty": {"Fn::Equals": ["", {"Fn::Join": ["", {"Ref": "List"}]}]},
            "Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
            "Mapped": {
                "Fn::Equals": [{"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "On"]}, "yes"]
            },
            "All": {
                "Fn::And": [{"Condition": "Empty"}, {"Condition": "Here"}, {"Condition": "Mapped"}]
            },
        },
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"All": {"Value": {"Fn::If": ["All", "true", "false"]}}},
    }
    client = aws.client("cloudformation")
    client.create_stack(StackName="conditions", TemplateBody=json.dumps(template))
    assert aws.settled("conditions")["Outputs"][0]["OutputValue"] == "true"


def test_a_resource_of_ours_shows_in_a_change_set_with_its_replacement(aws: Any) -> None:
    client = aws.client("cloudformation")
    aws.deploy("planned", {"Group": _group("planned-1")})
    client.create_change_set(
        StackName="planned",
        ChangeSetName="rename",
        TemplateBody=json.dumps({"Resources": {"Group": _group("planned-2")}}),
    )
    plan = client.describe_change_set(StackName="planned", ChangeSetName="rename")
    assert plan["Changes"][0]["ResourceChange"]["Replacement"] == "True"
