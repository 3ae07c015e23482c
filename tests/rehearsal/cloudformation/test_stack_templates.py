"""Templates: location, validation, conditions."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.stack_resources import group, message


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"Type": "AWS::Foo::Bar"}, "Unrecognized resource types: [AWS::Foo::Bar]"),
        (group("x", Colour="red"), "unknown property Colour"),
        ({"Type": "AWS::SageMaker::Pipeline", "Properties": {}}, "PipelineName is required"),
        (group("-bad-"), "ModelPackageGroupName is '-bad-'"),
        (group("x", CreationTime="now"), "CreationTime is set by AWS"),
    ],
)
def test_a_template_with_a_mistake_is_rejected_before_anything_is_created(
    aws: Any, resource: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError) as raised:
        aws.deploy("mistaken", {"Topic": {"Type": "AWS::SNS::Topic"}, "It": resource})
    assert expected in message(raised)
    with pytest.raises(ClientError):
        aws.client("cloudformation").describe_stacks(StackName="mistaken")


def test_a_macro_and_a_stack_policy_are_rejected_by_name(aws: Any) -> None:
    client = aws.client("cloudformation")
    template = {"Transform": "Acme::Macro", "Resources": {"Group": group()}}
    with pytest.raises(ClientError) as raised:
        client.create_stack(
            StackName="macro",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_AUTO_EXPAND"],
        )
    assert "No transform named Acme::Macro" in message(raised)
    with pytest.raises(ClientError) as raised:
        aws.deploy("policy", {"Group": group()}, StackPolicyBody="{}")
    assert "stack policies" in message(raised)


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
    template = {"Resources": {"Group": group("from-s3")}}
    s3.put_object(Bucket="templates", Key="a/b.json", Body=json.dumps(template))
    url = "https://templates.s3.us-east-1.amazonaws.com/a/b.json"
    blind = aws.person("blind", {"Action": ["cloudformation:*", "sagemaker:*"]})
    with pytest.raises(ClientError) as raised:
        aws.client("cloudformation", blind).create_stack(StackName="from-s3", TemplateURL=url)
    assert "s3:GetObject" in message(raised)
    client.create_stack(StackName="from-s3", TemplateURL=url)
    assert aws.settled("from-s3")["StackStatus"] == "CREATE_COMPLETE"


V4 = {"signature_version": "s3v4"}


def test_a_signed_template_is_read_with_the_permissions_of_who_signed_it(aws: Any) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="signed-templates")
    body = json.dumps({"Resources": {"Group": group("signed")}})
    s3.put_object(Bucket="signed-templates", Key="a.json", Body=body)
    place = {"Bucket": "signed-templates", "Key": "a.json"}
    creator = aws.person("creates-from-signed", {"Action": ["cloudformation:*", "sagemaker:*"]})
    reader = aws.client("s3", aws.person("signs-reading", {"Action": ["s3:GetObject"]}), **V4)
    blind = aws.client("s3", aws.person("signs-in-vain", {"Action": ["s3:PutObject"]}), **V4)
    good = reader.generate_presigned_url("get_object", Params=place)
    expired = reader.generate_presigned_url("get_object", Params=place, ExpiresIn=-1)
    old = aws.client("s3").generate_presigned_url("get_object", Params=place)
    client = aws.client("cloudformation", creator)

    for url, reason in (
        (blind.generate_presigned_url("get_object", Params=place), "s3:GetObject"),
        (good[:-1] + ("0" if good[-1] != "0" else "1"), "signature does not match"),
        (expired, "Request has expired"),
        (old, "Signature Version 4"),
    ):
        with pytest.raises(ClientError) as raised:
            client.create_stack(StackName="signed", TemplateURL=url)
        assert reason in message(raised)
    client.create_stack(StackName="signed", TemplateURL=good)
    assert aws.settled("signed")["StackStatus"] == "CREATE_COMPLETE"


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


def test_an_export_of_another_stack_is_not_taken_over(aws: Any) -> None:
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
    outputs = {"Out": {"Value": "one", "Export": {"Name": "exported-once"}}}
    aws.deploy("exports-first", resources, outputs=outputs)
    stack = aws.deploy("exports-second", resources, outputs=outputs)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["Reasons"][-1] == (
        "Export with name exported-once is already exported by stack exports-first"
    )
    aws.client("cloudformation").delete_stack(StackName="exports-second")
    exports = aws.client("cloudformation").list_exports()["Exports"]
    assert ("exported-once", "one") in [(one["Name"], one["Value"]) for one in exports]


def test_a_macro_inside_of_a_resource_is_rejected_by_name(aws: Any) -> None:
    topic = {"DisplayName": {"Fn::Transform": {"Name": "Acme::Inner", "Parameters": {}}}}
    with pytest.raises(ClientError, match="No transform named Acme::Inner"):
        aws.deploy(
            "inner-macro",
            {"Topic": {"Type": "AWS::SNS::Topic", "Properties": topic}},
            Capabilities=["CAPABILITY_AUTO_EXPAND"],
        )


def _yaml(aws: Any, name: str, template: str, **parameters: str) -> dict[str, Any]:
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
    client = aws.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=template, Parameters=given)
    stack: dict[str, Any] = aws.settled(name)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    return {**stack, "Outputs": outputs}


FLAG = """
Parameters:
  Flag: {Type: String, Default: true, AllowedValues: [true, false]}
Conditions:
  IsText: !Equals [!Ref Flag, "true"]
  IsBoolean: !Equals [!Ref Flag, true]
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !If [IsText, yes, no]
      Tags: [{Key: boolean, Value: true}, {Key: octal, Value: 010}]
Outputs:
  Topic: {Value: !Ref Topic}
  Flag: {Value: !Ref Flag}
  Text: {Value: !If [IsText, equal, different]}
  Boolean: {Value: !If [IsBoolean, equal, different]}
  Substituted: {Value: !Sub ["${Flag}-${x}", {x: true}]}
  Joined: {Value: !Join ["-", [a, 1, no]]}
"""


def test_booleans_and_numbers_of_yaml_are_the_text_that_aws_reads(aws: Any) -> None:
    outputs = _yaml(aws, "scalars", FLAG, Flag="true")["Outputs"]
    topic = outputs.pop("Topic")
    assert outputs == {
        "Flag": "true",
        "Text": "equal",
        "Boolean": "equal",
        "Substituted": "true-true",
        "Joined": "a-1-false",
    }
    sns = aws.client("sns")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "true"
    tags = sns.list_tags_for_resource(ResourceArn=topic)["Tags"]
    assert [tag for tag in tags if not tag["Key"].startswith("aws:")] == [
        {"Key": "boolean", "Value": "true"},
        {"Key": "octal", "Value": "8"},
    ]


@pytest.mark.parametrize(
    ("template", "parameters", "expected"),
    [
        (FLAG, {"Flag": "True"}, "Parameter 'Flag' must be one of AllowedValues"),
        (FLAG, {"Typo": "any"}, "Parameters: [Typo] do not exist in the template"),
        (
            "Parameters: {A: {Type: String}, B: {Type: Number}}\n"
            "Resources: {Topic: {Type: AWS::SNS::Topic}}",
            {},
            "Parameters: [A, B] must have values",
        ),
        (
            "Parameters: {A: {Type: Boolean}}\nResources: {Topic: {Type: AWS::SNS::Topic}}",
            {"A": "true"},
            "Template format error: Unrecognized parameter type: Boolean",
        ),
        (
            "Parameters: {A: {Type: String, Default: []}}\nResources: {A: {Type: AWS::SNS::Topic}}",
            {},
            "Template format error: Every Default member must be a string.",
        ),
        (
            "Parameters: {A: {Type: String, Typo: a}}\nResources: {A: {Type: AWS::SNS::Topic}}",
            {"A": "a"},
            "Invalid template parameter property 'Typo'",
        ),
        (
            "Conditions: {C: !Equals [a]}\nResources: {A: {Type: AWS::SNS::Topic}}",
            {},
            "Template error: every Fn::Equals object requires a list of 2 string parameters.",
        ),
        (
            "Parameters: {A: {Type: CommaDelimitedList, AllowedValues: [a, b]}}\n"
            "Resources: {Topic: {Type: AWS::SNS::Topic}}",
            {"A": "a,c"},
            "Parameter 'A' must be one of AllowedValues",
        ),
        (
            "Resources:\n  Topic: {Type: AWS::SNS::Topic\n",
            {},
            "Template format error: YAML not well-formed. (line 2, column 32)",
        ),
        (
            "Resources: {A: &a {Type: AWS::SNS::Topic}, B: *a}",
            {},
            "Template error: YAML aliases are not allowed in CloudFormation templates",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Typo}}}",
            {},
            "Template format error: Unresolved resource dependencies [Typo] in the Resources block",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, DependsOn: B}, "
            "B: {Type: AWS::SNS::Topic, DependsOn: A}}",
            {},
            "Circular dependency between resources: [A, B]",
        ),
    ],
)
def test_a_malformed_template_makes_no_stack(
    aws: Any, template: str, parameters: dict[str, str], expected: str
) -> None:
    with pytest.raises(ClientError) as raised:
        _yaml(aws, "malformed", template, **parameters)
    assert message(raised).startswith(expected)
    with pytest.raises(ClientError):
        aws.client("cloudformation").describe_stacks(StackName="malformed")


QUEUE = """
Parameters:
  Delay: {Type: String, Default: 5}
  Fifo: {Type: String, Default: false}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: !Ref Delay, FifoQueue: !Ref Fifo}
Outputs:
  Queue: {Value: !Ref Queue}
"""


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"Delay": "soon"}, "#/DelaySeconds: expected type: Integer, found: String"),
        ({"Fifo": "maybe"}, "#/FifoQueue: expected type: Boolean, found: String"),
    ],
)
def test_a_value_of_a_parameter_has_the_type_of_its_property(
    aws: Any, parameters: dict[str, str], reason: str
) -> None:
    stack = _yaml(aws, f"typed-{next(iter(parameters)).lower()}", QUEUE, **parameters)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"validation failed for resource Queue with message: {reason}" in stack["Reasons"][-1]


def test_the_text_false_of_a_parameter_is_no(aws: Any) -> None:
    url = _yaml(aws, "typed", QUEUE, Fifo="false")["Outputs"]["Queue"]
    assert not url.endswith(".fifo")
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert attributes["Attributes"]["DelaySeconds"] == "5"
