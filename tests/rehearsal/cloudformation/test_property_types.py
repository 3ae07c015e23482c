"""Types of property values: conversion by the schema, and what cannot be converted."""

from typing import Any

import pytest

from rehearsal.cloudformation.property_types import type_problems, typed
from rehearsal.cloudformation.resource_schemas import _digests

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("type_name", "given", "expected"),
    [
        ("AWS::SNS::Topic", {"DisplayName": True}, {"DisplayName": "true"}),
        ("AWS::SNS::Topic", {"FifoTopic": "false"}, {"FifoTopic": False}),
        ("AWS::SQS::Queue", {"DelaySeconds": "5"}, {"DelaySeconds": 5}),
        (
            "AWS::SNS::Topic",
            {"Tags": [{"Key": 1, "Value": 2}]},
            {"Tags": [{"Key": "1", "Value": "2"}]},
        ),
        (
            "AWS::Lambda::Function",
            {"Environment": {"Variables": {"FLAG": True, "COUNT": 3}}},
            {"Environment": {"Variables": {"FLAG": "true", "COUNT": "3"}}},
        ),
        (
            "AWS::Events::Rule",
            {"EventPattern": {"detail": {"size": [{"numeric": [">", 5]}], "new": [True]}}},
            {"EventPattern": {"detail": {"size": [{"numeric": [">", 5]}], "new": [True]}}},
        ),
    ],
)
def test_a_scalar_gets_the_type_of_its_property(
    type_name: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert typed(type_name, given) == expected
    assert type_problems(type_name, expected) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"DelaySeconds": "soon"}, "#/DelaySeconds: expected type: Integer, found: String"),
        ({"DelaySeconds": True}, "#/DelaySeconds: expected type: Integer, found: Boolean"),
        ({"FifoQueue": "maybe"}, "#/FifoQueue: expected type: Boolean, found: String"),
    ],
)
def test_what_cannot_be_converted_is_named(given: dict[str, Any], problem: str) -> None:
    assert type_problems("AWS::SQS::Queue", typed("AWS::SQS::Queue", given)) == [problem]


@pytest.mark.parametrize(
    "type_name",
    sorted(n for n in _digests("us-east-1") if n.startswith(("AWS::CloudF", "AWS::S3"))),
)
def test_each_schema_can_be_walked(type_name: str) -> None:
    nested = {"a": [{"b": "c"}], "Tags": [{"Key": "a", "Value": 1}], "Parameters": {"a": "b"}}
    type_problems(type_name, typed(type_name, nested))
