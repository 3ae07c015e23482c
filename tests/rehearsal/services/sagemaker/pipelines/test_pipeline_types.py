"""References of definitions are checked against the type of their place, as CreatePipeline does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.services.sagemaker.pipelines.definition import DefinitionError, parse_definition
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    AUC,
    EVALUATE,
    condition,
    definition,
    processing,
)

PARAMETERS = (
    {"Name": "Text", "Type": "String", "DefaultValue": "a"},
    {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
    {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5},
    {"Name": "Flag", "Type": "Boolean", "DefaultValue": True},
)
TEXT, COUNT, RATE, FLAG = ({"Get": f"Parameters.{given['Name']}"} for given in PARAMETERS)
JOIN = {"Std:Join": {"On": "", "Values": [COUNT]}}
LAMBDA = {
    "Name": "Notify",
    "Type": "Lambda",
    "FunctionArn": "arn:aws:lambda:us-east-1:111111111111:function:notify",
    "Arguments": {"anything": [COUNT, {"at": RATE}], "uri": JOIN},
    "OutputParameters": [
        {"OutputName": "text", "OutputType": "String"},
        {"OutputName": "number", "OutputType": "Integer"},
        {"OutputName": "rate", "OutputType": "Float"},
    ],
}
OUTPUT_TEXT, OUTPUT_NUMBER = (
    {"Get": f"Steps.Notify.OutputParameters['{name}']"} for name in ("text", "number")
)


def train() -> dict[str, Any]:
    arguments = requests.training_job()
    del arguments["TrainingJobName"]
    return {"Name": "Train", "Type": "Training", "Arguments": arguments}


def placed(step: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Returns a step with a value at a path of its Arguments."""
    place: Any = step["Arguments"]
    *parents, last = path.split(".")
    for part in parents:
        place = place.setdefault(part, {})
    place[last] = value
    return step


def problems(*steps: dict[str, Any]) -> str:
    with pytest.raises(DefinitionError) as caught:
        parse_definition(definition(*steps, parameters=PARAMETERS))
    return str(caught.value)


def accept(*steps: dict[str, Any]) -> None:
    parse_definition(definition(*steps, parameters=PARAMETERS))


CLUSTER = "ProcessingResources.ClusterConfig"


@pytest.mark.parametrize(
    ("path", "value", "reference", "kind"),
    [
        ("AppSpecification.ContainerArguments", ["-n", COUNT], "Parameters.Count", "String"),
        ("AppSpecification.ContainerArguments", [RATE], "Parameters.Rate", "String"),
        ("AppSpecification.ContainerEntrypoint", [FLAG], "Parameters.Flag", "String"),
        ("Environment", {"DEPTH": COUNT}, "Parameters.Count", "String"),
        (f"{CLUSTER}.InstanceCount", TEXT, "Parameters.Text", "Integer"),
        (f"{CLUSTER}.InstanceCount", RATE, "Parameters.Rate", "Integer"),
        (f"{CLUSTER}.InstanceType", COUNT, "Parameters.Count", "String"),
        ("NetworkConfig.EnableNetworkIsolation", COUNT, "Parameters.Count", "Boolean"),
        ("NetworkConfig.EnableNetworkIsolation", TEXT, "Parameters.Text", "Boolean"),
        ("StoppingCondition.MaxRuntimeInSeconds", FLAG, "Parameters.Flag", "Integer"),
        ("RoleArn", OUTPUT_NUMBER, "Steps.Notify.OutputParameters['number']", "String"),
        ("RoleArn", {"Get": "Steps.Train.ModelArtifacts"}, "Steps.Train.ModelArtifacts", "String"),
        (
            "Environment",
            {"SECONDS": {"Get": "Steps.Train.TrainingTimeInSeconds"}},
            "Steps.Train.TrainingTimeInSeconds",
            "String",
        ),
        (
            "Environment",
            {"AT": {"Get": "Steps.Train.CreationTime"}},
            "Steps.Train.CreationTime",
            "String",
        ),
        ("Environment", TEXT, "Parameters.Text", "Map"),
        (
            f"{CLUSTER}.VolumeSizeInGB",
            {"Get": "Execution.PipelineName"},
            "Execution.PipelineName",
            "Integer",
        ),
    ],
)
@pytest.mark.parametrize("branch", [False, True], ids=["always", "branch"])
def test_a_reference_of_another_type_is_rejected_in_aws_words(
    path: str, value: Any, reference: str, kind: str, branch: bool
) -> None:
    step = placed(processing("Prepare"), path, value)
    steps = [condition("Check", RATE, [], [step])] if branch else [step]

    found = problems(LAMBDA, train(), *steps)

    message = f"Cannot assign property reference [{reference}] to argument of type [{kind}]."
    assert message in found
    assert f"Prepare.{path}" in found


def test_a_joined_text_is_no_number() -> None:
    step = placed(processing("Prepare"), f"{CLUSTER}.InstanceCount", JOIN)

    assert "Cannot assign function [Std:Join] to argument of type [Integer]." in problems(step)


@pytest.mark.parametrize("value", [TEXT, JOIN, "subnet-1", {"Get": "Steps.Other.VpcConfig"}])
def test_a_reference_in_place_of_a_list_is_rejected_in_aws_words(value: Any) -> None:
    step = placed(processing("Prepare"), "NetworkConfig.VpcConfig.Subnets", value)

    found = problems(step)

    assert "Expecting start of Json Array." in found
    assert "Prepare.NetworkConfig.VpcConfig.Subnets" in found


def test_a_reference_in_place_of_an_object_is_rejected() -> None:
    found = problems(placed(processing("Prepare"), "NetworkConfig.VpcConfig", TEXT))

    assert "Unknown Argument member 'Get'. (Prepare.NetworkConfig.VpcConfig is an object" in found


def test_references_of_the_type_of_their_place_are_accepted() -> None:
    arguments = placed(processing("Prepare"), f"{CLUSTER}.InstanceCount", COUNT)
    placed(arguments, "NetworkConfig.EnableNetworkIsolation", FLAG)
    placed(arguments, "NetworkConfig.VpcConfig.Subnets", [TEXT])
    placed(arguments, "NetworkConfig.VpcConfig.SecurityGroupIds", [OUTPUT_TEXT])
    started = {"Get": "Execution.StartDateTime"}
    placed(arguments, "AppSpecification.ContainerArguments", [TEXT, JOIN, AUC, started])
    placed(arguments, "Environment", {"SECONDS": {"Std:Join": {"On": "", "Values": [COUNT, FLAG]}}})

    accept(EVALUATE, LAMBDA, train(), arguments)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (TEXT, 0.9, "[Parameters.Text] of type String with 0.9 of type Float"),
        (COUNT, TEXT, "[Parameters.Count] of type Integer with [Parameters.Text] of type String"),
        (FLAG, 1, "cannot compare [Parameters.Flag], which has type Boolean"),
        (OUTPUT_TEXT, RATE, "[Steps.Notify.OutputParameters['text']] of type String"),
        ({"Get": "Steps.Train.ModelArtifacts"}, 1, "which has type Object"),
        ([1], 1, "condition GreaterThan compares values; got [1]"),
    ],
)
def test_sides_of_a_condition_that_cannot_be_compared_are_rejected(
    left: Any, right: Any, message: str
) -> None:
    step = condition("Check", 1, [], [])
    nested = {"Type": "GreaterThan", "LeftValue": left, "RightValue": right}
    step["Arguments"]["Conditions"] = [
        {"Type": "Or", "Conditions": [{"Type": "Not", "Condition": nested}]}
    ]

    assert message in problems(LAMBDA, train(), step)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (AUC, RATE),
        (COUNT, 0.5),
        (OUTPUT_NUMBER, COUNT),
        ({"Get": "Steps.Train.HyperParameters['batch-size']"}, 6.0),
    ],
)
def test_sides_of_a_condition_of_one_kind_are_accepted(left: Any, right: Any) -> None:
    step = condition("Check", left, [], [])
    step["Arguments"]["Conditions"][0]["RightValue"] = right

    accept(EVALUATE, LAMBDA, train(), step)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ({"Std:Join": {"On": "/", "Values": TEXT}}, "Expecting start of Json Array."),
        ({"Std:Join": {"On": 1, "Values": []}}, "On: expected a string, got 1"),
        ({"Std:Join": {"Values": [], "With": ""}}, "unknown member With"),
        (
            {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Train.ModelArtifacts"}]}},
            "Cannot assign property reference [Steps.Train.ModelArtifacts]",
        ),
        ({"Std:JsonGet": {"PropertyFile": "Report", "Path": "a"}}, "to a property file"),
        ({"Std:JsonGet": {"Path": "a"}}, "takes either PropertyFile or S3Uri"),
        ({"Std:JsonGet": {"S3Uri": COUNT, "Path": "a"}}, "argument of type [String]"),
        ({"Std:JsonGet": {"S3Uri": "s3://b/k"}}, "Std:JsonGet needs Path"),
    ],
)
def test_the_form_of_functions_is_checked_everywhere(function: Any, message: str) -> None:
    fail = {"Name": "TooBad", "Type": "Fail", "Arguments": {"ErrorMessage": function}}
    places = [
        placed(processing("Prepare"), "Environment", {"A": function}),
        {**LAMBDA, "Name": "Other", "Arguments": {"deep": [{"down": function}]}},
        fail,
        condition("Check", function, [], []),
    ]

    for place in places:
        assert message in problems(train(), place)


def test_members_of_a_step_have_types_too() -> None:
    check = {
        **processing("Quality"),
        "Type": "QualityCheck",
        "CheckType": "DATA_QUALITY",
        "SkipCheck": TEXT,
        "ModelPackageGroupName": None,
        "SuppliedBaselineConstraints": COUNT,
        "FailOnViolation": "yes",
    }

    found = problems(check)

    assert "[Parameters.Text] to argument of type [Boolean]. (Quality.SkipCheck" in found
    assert "[Parameters.Count] to argument of type [String]" in found
    assert "Quality.FailOnViolation: 'yes' is not of type Boolean" in found


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("Steps.Notify.OutputParameters['nothing']", "not an output of the step"),
        ("Steps.Notify.FunctionArn", "known: OutputParameters['text']"),
        ("Steps.Check.Result", "not a property of a Condition step; known: Outcome"),
        (
            "Steps.Quality.CalculatedBaselineStatistics.S3Uri",
            "not a property of a QualityCheck step; known: CalculatedBaseline",
        ),
    ],
)
def test_properties_that_a_step_does_not_have_are_named(reference: str, message: str) -> None:
    check = {**processing("Quality"), "Type": "QualityCheck", "CheckType": "DATA_QUALITY"}
    step = placed(processing("Prepare"), "Environment", {"A": {"Get": reference}})

    branch = condition("Check", 1, [], [])

    assert message in problems(LAMBDA, check, branch, step)


def test_the_name_of_a_model_package_is_no_argument() -> None:
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {**requests.model_package(), "ModelPackageName": "churn"},
    }

    assert "Unknown Argument member 'ModelPackageName'." in problems(register)


def test_any_media_type_is_accepted() -> None:
    arguments = requests.model_package()
    arguments["InferenceSpecification"]["SupportedContentTypes"] = ["*"]
    arguments["InferenceSpecification"]["SupportedResponseMIMETypes"] = ["*"]

    accept({"Name": "Register", "Type": "RegisterModel", "Arguments": arguments})


def test_no_step_depends_on_a_fail_step() -> None:
    fail = {"Name": "TooBad", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}

    assert "Later can not depends on TooBad" in problems(
        fail, processing("Later", DependsOn=["TooBad"])
    )


def test_the_definition_is_left_as_it_was() -> None:
    text = definition(LAMBDA, train(), parameters=PARAMETERS)

    assert json.loads(parse_definition(text).text) == json.loads(text)
