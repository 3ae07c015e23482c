"""The structure of templates: sections, members, functions and references."""

from typing import Any

import pytest

from rehearsal.cloudformation.template_structure import (
    TemplateStructureError,
    check_references,
    check_sections,
)

pytestmark = pytest.mark.unit

TOPIC = {"Type": "AWS::SNS::Topic"}


def _topic(**properties: Any) -> dict[str, Any]:
    return {"Resources": {"Topic": {**TOPIC, "Properties": properties}}}


def _condition(expression: Any) -> dict[str, Any]:
    return {"Resources": {"Topic": TOPIC}, "Conditions": {"Is": expression}}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"Resource": {}}, "Invalid template property or properties [Resource]"),
        ({"Resources": {}}, "At least one Resources member must be defined."),
        ({"Resources": []}, "Every Resources member must be an object."),
        ({"Resources": {"Topic": []}}, "[/Resources/Topic] Every Resources member must be"),
        ({"Resources": {"Topic": {}}}, "Every Resources object must contain a Type member."),
        ({"Resources": {"my-topic": TOPIC}}, "Resource name my-topic is non alphanumeric."),
        (
            {"Resources": {"Topic": {**TOPIC, "DisplayName": "any"}}},
            "Invalid template resource property 'DisplayName'",
        ),
        (
            {"Resources": {"Topic": TOPIC}, "Outputs": {"Arn": {"Description": "any"}}},
            "[/Outputs/Arn] Every Outputs member must contain a Value object",
        ),
        (
            {"Resources": {"Topic": TOPIC}, "AWSTemplateFormatVersion": "2012-10-17"},
            "unsupported value for AWSTemplateFormatVersion.",
        ),
        (
            {"Resources": {"Topic": {**TOPIC, "DeletionPolicy": "Keep"}}},
            "Unrecognized DeletionPolicy Keep for resource Topic; allowed: Delete, Retain,",
        ),
        (
            {"Resources": {"Topic": {**TOPIC, "DeletionPolicy": "Snapshot"}}},
            "DeletionPolicy Snapshot is not supported for resource type AWS::SNS::Topic",
        ),
        (
            {"Resources": {"Topic": {**TOPIC, "UpdateReplacePolicy": "RetainExceptOnCreate"}}},
            "Unrecognized UpdateReplacePolicy RetainExceptOnCreate",
        ),
        (
            {"Resources": {"Topic": {**TOPIC, "DeletionPolicy": {"Ref": "Policy"}}}},
            "Every DeletionPolicy member must be a string.",
        ),
        (_topic(DisplayName={"Ref": ["any"]}), "Every Ref object must have a single String value."),
        (_topic(DisplayName={"Fn::GetAtt": "Topic"}), "requires two non-empty parameters"),
        (_topic(DisplayName={"Fn::Join": ["a"]}), "every Fn::Join object requires two parameters"),
        (_topic(DisplayName={"Fn::Sub": ["a"]}), "Fn::Sub intrinsic functions don't specify"),
        (_topic(DisplayName={"Fn::Select": [0]}), "Fn::Select requires a list argument"),
        (_topic(DisplayName={"Fn::FindInMap": ["a"]}), "Fn::FindInMap object requires three"),
        (_topic(DisplayName={"Fn::If": ["a", "b"]}), "Fn::If requires a list argument"),
        (_topic(DisplayName={"Fn::Typo": "a"}), "Encountered unsupported function: Fn::Typo"),
        (_condition({"Fn::Equals": ["a"]}), "Fn::Equals object requires a list of 2 string"),
        (_condition({"Fn::Not": []}), "every Fn::Not object requires one boolean parameter"),
        (_condition({"Fn::And": [{"Condition": "Is"}]}), "a list of at least 2 and at most 10"),
        (_condition({"Fn::Or": "a"}), "a list of at least 2 and at most 10"),
        (_condition({"Fn::Not": ["a"]}), "must be an object with one condition function"),
        (_condition({"Fn::Join": [",", []]}), "Fn::Join is not a condition function"),
        (_condition({"Condition": "Is"}), "Circular dependency between conditions: [Is]"),
        (_condition({"Condition": "Typo"}), "Unresolved condition dependency Typo in the Cond"),
        (
            _condition({"Fn::Equals": [{"Ref": "Topic"}, "a"]}),
            "Unresolved dependencies [Topic]. Cannot reference resources in the Conditions block",
        ),
    ],
)
def test_a_wrong_section_or_function_is_named(template: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateStructureError) as raised:
        check_sections(template)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"DisplayName": {"Ref": "Typo"}},
            "Unresolved resource dependencies [Typo] in the Resources block of the template",
        ),
        (
            {"DisplayName": {"Fn::Sub": "${Typo} of ${AWS::Region}, ${!Literal}"}},
            "Unresolved resource dependencies [Typo] in the Resources block of the template",
        ),
        (
            {"DisplayName": {"Fn::GetAtt": ["Typo", "Arn"]}},
            "instance of Fn::GetAtt references undefined resource Typo",
        ),
        ({"DisplayName": {"Fn::Sub": "${Typo.Arn}"}}, "invalid resource attribute Typo.Arn"),
        (
            {"DisplayName": {"Fn::If": ["Typo", "a", "b"]}},
            "Unresolved condition dependency Typo in the Resources block of the template",
        ),
    ],
)
def test_a_name_that_does_not_exist_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateStructureError) as raised:
        check_references(_topic(**changes), {})
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"DependsOn": ["Topic", "Typo"]}, "Unresolved resource dependencies [Typo]"),
        ({"Condition": "Typo"}, "Unresolved condition dependency Typo"),
    ],
)
def test_an_attribute_names_what_exists(member: dict[str, Any], message: str) -> None:
    template = {"Resources": {"Topic": TOPIC, "Other": {**TOPIC, **member}}}
    with pytest.raises(TemplateStructureError) as raised:
        check_references(template, {})
    assert message in str(raised.value)


def test_an_output_names_what_exists() -> None:
    template = {"Resources": {"Topic": TOPIC}, "Outputs": {"Arn": {"Value": {"Ref": "Typo"}}}}
    with pytest.raises(TemplateStructureError, match="in the Outputs block of the template"):
        check_references(template, {})


def _optional(value: Any) -> dict[str, Any]:
    return {
        "Conditions": {"IsMade": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Optional": {**TOPIC, "Condition": "IsMade"},
            "Topic": {**TOPIC, "Properties": {"DisplayName": value}},
        },
    }


def test_a_resource_that_is_not_created_cannot_be_referenced() -> None:
    template = _optional({"Ref": "Optional"})
    check_references(template, {"IsMade": True})
    with pytest.raises(TemplateStructureError, match=r"dependencies \[Optional\]"):
        check_references(template, {"IsMade": False})


def test_the_branch_that_is_not_taken_may_reference_it() -> None:
    value = {"Fn::If": ["IsMade", {"Ref": "Optional"}, "any"]}
    check_references(_optional(value), {"IsMade": False})


def test_variables_of_a_substitution_and_policies_are_no_references() -> None:
    check_references(
        _topic(
            DisplayName={"Fn::Sub": ["${given}", {"given": {"Ref": "AWS::StackName"}}]},
            Policy={"Condition": {"StringEquals": {"aws:RequestTag/a": "b"}}},
        ),
        {},
    )
