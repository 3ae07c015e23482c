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
