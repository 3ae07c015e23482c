from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.services.sagemaker.pipelines.definition import DefinitionError, parse_definition

DEFINITIONS = Path(__file__).parent / "definitions"
OF_THE_SDK = (DEFINITIONS / "sdk_v3_tuned.json").read_text()


@pytest.fixture
def content() -> dict[str, Any]:
    """The definition that SageMaker Python SDK v3 emits for a tuned, conditional pipeline."""
    loaded: dict[str, Any] = json.loads(OF_THE_SDK)
    return loaded


def problems(content: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        parse_definition(content if isinstance(content, str) else json.dumps(content))
    return str(caught.value)


def test_the_definition_of_the_sdk_is_accepted() -> None:
    definition = parse_definition(OF_THE_SDK)

    assert [step["Name"] for step in definition.steps] == [
        "Preprocess",
        "Tune",
        "Evaluate",
        "CheckAuc",
    ]
    assert set(definition.parameters) == {"InputData", "InstanceType", "MinAuc", "ApprovalStatus"}


@pytest.mark.parametrize("path", sorted(DEFINITIONS.iterdir()), ids=lambda path: path.stem)
def test_definitions_that_the_sdks_write_are_accepted(path: Path) -> None:
    """Written by SageMaker Python SDK 2.257 and 3.27 from pipelines of this project."""
    definition = parse_definition(path.read_text())

    assert definition.content["Version"] == "2020-12-01"


def test_a_definition_that_is_not_a_json_object_is_rejected() -> None:
    assert "not JSON" in problems("{")
    assert "must be an object; got list" in problems("[]")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("Version",), "2019-01-01", "Version must be 2020-12-01; got '2019-01-01'"),
        (("Extra",), 1, "Unknown member Extra"),
        (("MlflowConfig",), {"a": 1}, "create no runs in MLflow"),
        (("Steps",), [], "Steps must be a list with at least one step"),
        (("Parameters", 0, "Type"), "Text", "Type must be one of String, Integer, Float, Boolean"),
        (("Parameters", 2, "DefaultValue"), "high", "'high' is not of type Float"),
        (("Parameters", 3, "DefaultValue"), "Maybe", "DefaultValue 'Maybe' is not in EnumValues"),
        (("Steps", 0, "Type"), "Dream", "does not run steps of type Dream; it runs Processing"),
        (
            ("Steps", 0, "Type"),
            "EMR",
            "does not run steps of type EMR: it has no clusters of Amazon EMR",
        ),
        (("Steps", 0, "Type"), "AutoML", "of type AutoML: it has no Autopilot: train with"),
        (("Steps", 0, "Type"), "Lambda", "Preprocess: a Lambda step needs FunctionArn"),
        (("Steps", 0, "Type"), "QualityCheck", "a QualityCheck step needs CheckType"),
        (("Steps", 0, "Name"), "Pre process", "letters, digits, hyphens and underscores"),
        (("Steps", 0), "Preprocess", "Expecting start of Json Object"),
        (("Steps", 0, "DependsOn"), "Tune", "Expecting start of Json Array"),
        (("Steps", 2, "PropertyFiles"), [{"PropertyFileName": "a"}], "needs FilePath, OutputName"),
        (("Parameters", 0, "Name"), "Input Data", "Name must be 1 to 64 letters"),
        (("Parameters", 0, "Description"), "x" * 4097, "Description must be at most 4096"),
        (("Parameters", 0, "Comment"), "x", "Parameters.InputData: unknown member Comment"),
        (("Parameters", 1, "Name"), "InputData", "the name of a parameter must be unique"),
        (("Parameters", 3, "EnumValues"), [], "EnumValues must be a list of values"),
        (("Steps", 0, "Surprise"), 1, "unknown member Surprise of a Processing step"),
        (("Steps", 0, "DependsOn"), ["Nobody"], "DependsOn names the unknown step Nobody"),
        (("Steps", 0, "DependsOn"), [{"Step": "x"}], "run conditions is not implemented"),
        (("Steps", 1, "Name"), "Preprocess", "Preprocess: the name of a step must be unique"),
        (("Steps", 0, "CacheConfig"), {"Enabled": True}, "ExpireAfter is required"),
        (
            ("Steps", 0, "CacheConfig", "ExpireAfter"),
            "soon",
            "'soon' is not an ISO 8601 duration",
        ),
        (
            ("Steps", 0, "RetryPolicies"),
            [{"ExceptionType": ["Oops"], "MaxAttempts": 1}],
            "ExceptionType 'Oops' is not one of Step.SERVICE_FAULT",
        ),
        (
            ("Steps", 0, "RetryPolicies"),
            [{"ExceptionType": ["Step.THROTTLING"]}],
            "give MaxAttempts or ExpireAfterMin",
        ),
        (
            ("Steps", 0, "Arguments", "AppSpecification"),
            {"ContainerArguments": ["a"]},
            "Preprocess.AppSpecification.ImageUri: required",
        ),
        (
            ("Steps", 0, "Arguments", "Colour"),
            "red",
            "Unknown Argument member 'Colour'. (Preprocess.Colour: unknown member of",
        ),
        (
            ("Steps", 0, "Arguments", "StoppingCondition", "MaxRuntimeInSeconds"),
            "3600",
            "expected integer, got '3600'",
        ),
        (
            ("Steps", 0, "Arguments", "RoleArn"),
            "role",
            "does not match",
        ),
        (
            ("Steps", 1, "Arguments", "HyperParameterTuningJobConfig", "Strategy"),
            "Guess",
            "Model Validation failed: Value 'Guess' for 'HyperParameterTuningJobStrategyType' "
            "failed to satisfy enum value set: [Bayesian, Random, Hyperband, Grid]",
        ),
        (
            ("Steps", 0, "Arguments", "Environment", "STAGE"),
            {"Get": "Parameters.Nope"},
            "Parameters.Nope: unknown parameter; known: ApprovalStatus",
        ),
        (
            ("Steps", 0, "Arguments", "Environment", "STAGE"),
            {"Get": "Execution.Clock"},
            "unknown execution variable",
        ),
        (
            ("Steps", 0, "Arguments", "Environment", "STAGE"),
            {"Get": "Steps.Nope.RoleArn"},
            "unknown step",
        ),
        (
            ("Steps", 2, "Arguments", "Environment", "STAGE"),
            {"Get": "Steps.Preprocess.Colour"},
            "Colour is not a property of DescribeProcessingJobResponse",
        ),
        (
            ("Steps", 2, "Arguments", "Environment", "STAGE"),
            {"Get": "Steps.Preprocess.PropertyFiles.Nope"},
            "the step has no such property file",
        ),
        (
            ("Steps", 0, "Arguments", "Environment", "STAGE"),
            {"Get": "Nowhere.X"},
            "is not a reference to Parameters, Execution or Steps",
        ),
        (
            ("Steps", 0, "Arguments", "Environment", "STAGE"),
            {"Std:Upper": "x"},
            "Std:Upper is not implemented",
        ),
        (
            ("Steps", 0, "Arguments", "Environment", "STAGE"),
            {"Get": "Steps.Evaluate.RoleArn"},
            "in a circle: CheckAuc, Evaluate, Preprocess, Register, Tune",
        ),
        (
            ("Steps", 3, "Arguments", "Conditions", 0, "Type"),
            "AlmostEquals",
            "condition Type 'AlmostEquals' is not one of Equals",
        ),
        (
            ("Steps", 3, "Arguments", "Conditions", 0, "Type"),
            "Not",
            "condition Not needs Condition",
        ),
        (("Steps", 3, "Arguments", "Conditions"), [], "at least one condition"),
        (
            ("Steps", 3, "Arguments", "ElseSteps", 0),
            {"Name": "Again", "Type": "Condition", "Arguments": {"Conditions": []}},
            "Pipelines do not support nested condition steps: move Again out of ElseSteps",
        ),
        (
            ("Steps", 3, "Arguments", "ElseSteps", 0, "Arguments"),
            {"Message": "x"},
            "BelowThreshold: Arguments.ErrorMessage is required",
        ),
    ],
)
def test_each_mistake_is_named(
    content: dict[str, Any], path: tuple[Any, ...], value: Any, message: str
) -> None:
    place: Any = content
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value

    assert message in problems(content)


def test_all_problems_are_reported_at_once(content: dict[str, Any]) -> None:
    broken = copy.deepcopy(content)
    broken["Steps"][0]["Arguments"]["Colour"] = "red"
    broken["Steps"][1]["Arguments"]["TrainingJobDefinition"]["RoleArn"] = 7

    found = problems(broken)

    assert "Colour" in found
    assert "expected a string, got 7" in found


ODD: tuple[Any, ...] = (None, 7, [None], {"a": 1}, {"Get": 1})


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values below a node."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
def test_whatever_is_odd_is_accepted_or_named_but_is_no_internal_error(odd: Any) -> None:
    content = json.loads((DEFINITIONS / "sdk_v2_steps.json").read_text())
    rejected = 0
    for path in places(content):
        place: Any = content
        for part in path[:-1]:
            place = place[part]
        kept, place[path[-1]] = place[path[-1]], odd
        try:
            parse_definition(json.dumps(content))
        except DefinitionError as error:
            assert all(error.problems)
            rejected += 1
        place[path[-1]] = kept

    assert rejected > 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
        ('{"Version": NaN}', "it has no value NaN"),
        ('{"Version": ', "not JSON"),
    ],
)
def test_what_is_no_definition_at_all_is_said(text: str, message: str) -> None:
    assert message in problems(text)
