from typing import Any

import pytest

from rehearsal.cloudformation.template_check import template_problems


def _problems(type_name: str, properties: dict[str, Any], **conditions: bool) -> list[str]:
    resource = {"Type": type_name, "Properties": properties, "Condition": "Wanted"}
    return template_problems({"Resources": {"It": resource}}, conditions, "us-east-1")


ROLE: dict[str, Any] = {"AssumeRolePolicyDocument": {"Statement": []}}


@pytest.mark.parametrize(
    ("type_name", "properties", "expected"),
    [
        ("AWS::IAM::Role", {}, "It (AWS::IAM::Role): AssumeRolePolicyDocument is required"),
        ("AWS::IAM::Role", {**ROLE, "Colour": 1}, "unknown property Colour; allowed: "),
        ("AWS::IAM::Role", {**ROLE, "Arn": "x"}, "Arn is set by AWS and cannot be set"),
        ("AWS::IAM::Role", {**ROLE, "Policies": {}}, "Policies must be array, got dict"),
        ("AWS::IAM::Role", {**ROLE, "Policies": [{}]}, "Policies.0.PolicyDocument is required"),
        (
            "AWS::S3::Bucket",
            {"VersioningConfiguration": {"Status": "Maybe"}},
            "VersioningConfiguration.Status is 'Maybe', allowed: ",
        ),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a"}]}, "Tags.0.Value is required"),
        (
            "AWS::SageMaker::Endpoint",
            {"EndpointConfigName": "c", "EndpointName": "a" * 64},
            "it must match ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$",
        ),
    ],
)
def test_a_mistake_is_named(type_name: str, properties: dict[str, Any], expected: str) -> None:
    assert expected in " ".join(_problems(type_name, properties))


@pytest.mark.parametrize(
    ("type_name", "properties"),
    [
        ("AWS::IAM::Role", {**ROLE, "RoleName": {"Ref": "Name"}}),
        ("AWS::IAM::Role", {**ROLE, "Policies": {"Fn::If": ["A", [], {"Ref": "AWS::NoValue"}]}}),
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Fn::Transform": {"Name": "x"}}}),
        ("AWS::SSM::Parameter", {"Type": "String", "Value": "{{resolve:ssm:/a/b}}"}),
        ("AWS::Lambda::Function", {"Role": {"Ref": "R"}, "Code": {}, "Timeout": "30"}),
        ("AWS::Foo::Bar", {"Anything": 1}),
        ("Custom::Thing", {"Anything": 1}),
    ],
)
def test_values_that_are_not_known_yet_are_let_through(
    type_name: str, properties: dict[str, Any]
) -> None:
    assert not _problems(type_name, properties)


def test_both_branches_of_a_condition_are_read() -> None:
    branches = {"Fn::If": ["A", {"Status": "Enabled"}, {"Status": "Maybe"}]}
    (problem,) = _problems("AWS::S3::Bucket", {"VersioningConfiguration": branches})
    assert "'Maybe'" in problem


def test_a_resource_whose_condition_is_false_is_not_read() -> None:
    assert not _problems("AWS::IAM::Role", {}, Wanted=False)
