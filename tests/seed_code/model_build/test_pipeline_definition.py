"""Validation of the seed's pipeline definition, by the shapes of botocore."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.session import Session

from rehearsal.services.sagemaker.pipelines.definition import parse_definition

SEED = Path(__file__).parents[3] / "seed_code/model_build"
SAGEMAKER = ServiceModel(
    Session().get_component("data_loader").load_service_model("sagemaker", "service-2"),
    "sagemaker",
)
OPERATIONS = {
    "Processing": "ProcessingJob",
    "Tuning": "HyperParameterTuningJob",
    "RegisterModel": "ModelPackage",
}
# SageMaker generates the names of a pipeline's jobs.
GENERATED = {"ProcessingJobName", "HyperParameterTuningJobName"}

WRITE = """
import json, sys
sys.path[:0] = ["src", "."]
from pipeline.configuration import Configuration
from pipeline.data import RawData
from pipeline.definition import Definition
from mlops_jobs.problem_type import ProblemType
from tests.fakes import PROJECT

for problem_type, metric, spot in json.loads(sys.argv[1]):
    configuration = Configuration.model_validate({
        "data": {"target": "answer"},
        "objective": {"metric": metric, "threshold": 0.8},
        "training": {"num_round": 50},
        "tuning": {"ranges": {"max_depth": [2, 8], "eta": [0.05, 0.3]}, "spot": spot},
    })
    data = RawData(uri="s3://churn-artifacts/data/t.csv", target="answer",
                   problem_type=ProblemType(problem_type), version="v1")
    print(Definition(configuration=configuration, project=PROJECT, data=data).to_json())
"""
CASES = [("binary", "auc", False), ("multiclass", "f1", True), ("regression", "rmse", False)]
NAMES = [name for name, _, _ in CASES]


@pytest.fixture(scope="module")
def definitions() -> list[dict[str, Any]]:
    """A definition of each kind of problem, created without credentials."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    } | {"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", WRITE, json.dumps(CASES)],
        cwd=SEED,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def all_steps(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for step in definition["Steps"]:
        yield step
        if step["Type"] == "Condition":
            yield from step["Arguments"]["IfSteps"]
            yield from step["Arguments"]["ElseSteps"]


def is_variable(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in VARIABLES


VARIABLES = ("Get", "Std:Join", "Std:JsonGet")


def problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Yields differences of a value from a shape; values that only a run knows fit all shapes."""
    if is_variable(value):
        return
    match shape.type_name:
        case "structure":
            yield from structure_problems(value, shape, path)
        case "list":
            for index, item in enumerate(value):
                yield from problems(item, shape.member, f"{path}[{index}]")
        case "map":
            for name, item in value.items():
                yield from problems(item, shape.value, f"{path}.{name}")
        case "string":
            yield from string_problems(value, shape, path)
        case kind if type(value) is not SCALARS[kind]:
            yield f"{path} is not a {kind}: {value!r}"


SCALARS = {"boolean": bool, "integer": int, "long": int, "float": float, "double": float}


def structure_problems(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for name in value.keys() - shape.members.keys():
        yield f"{path}.{name} is unknown"
    for name in set(shape.required_members) - value.keys() - GENERATED:
        yield f"{path}.{name} is missing"
    for name in value.keys() & shape.members.keys():
        yield from problems(value[name], shape.members[name], f"{path}.{name}")


def string_problems(value: object, shape: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path} is not a string: {value!r}"
        return
    if shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}; allowed: {shape.enum}"
    pattern = shape.metadata.get("pattern", "")
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value, re.DOTALL):
        yield f"{path} is {value!r}, which {pattern} does not match"
    if not shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", len(value)):
        yield f"{path} has {len(value)} characters"


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if set(node) == {"Get"}:
            yield node["Get"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


@pytest.mark.parametrize("index", range(len(CASES)), ids=NAMES)
def test_every_step_is_a_request_that_sagemaker_takes(
    definitions: list[dict[str, Any]], index: int
) -> None:
    found: list[str] = []
    for step in all_steps(definitions[index]):
        if step["Type"] in OPERATIONS:
            operation = SAGEMAKER.operation_model(f"Create{OPERATIONS[step['Type']]}")
            found += problems(step["Arguments"], operation.input_shape, step["Name"])
    assert found == []


@pytest.mark.parametrize("index", range(len(CASES)), ids=NAMES)
def test_every_reference_leads_somewhere(definitions: list[dict[str, Any]], index: int) -> None:
    definition = definitions[index]
    steps = {step["Name"]: step for step in all_steps(definition)}
    parameters = {parameter["Name"] for parameter in definition["Parameters"]}
    for reference in references(definition["Steps"]):
        root, name, *members = re.split(r"\.|\[|\]\.?", reference)
        if root == "Parameters":
            assert name in parameters
        elif root == "Steps":
            assert name in steps
            check_property(steps[name], members)
        else:
            assert reference == "Execution.PipelineExecutionId"


def check_property(step: dict[str, Any], members: list[str]) -> None:
    if members[0] == "PropertyFiles":
        assert members[1] in [each["PropertyFileName"] for each in step["PropertyFiles"]]
        return
    if members[0] == "TrainingJobSummaries":
        # Pipelines add the trials of a tuning step, best first, to the response of Describe.
        assert step["Type"] == "Tuning"
        return
    shape: Any = SAGEMAKER.operation_model(f"Describe{OPERATIONS[step['Type']]}").output_shape
    for member in members:
        shape = shape.member if shape.type_name == "list" else shape.members[member]


def test_the_definition_is_small_enough_for_one_request(
    definitions: list[dict[str, Any]],
) -> None:
    assert len(definitions) == len(CASES)
    assert all(len(json.dumps(definition)) < 100_000 for definition in definitions)


def test_the_rehearsal_finds_each_reference_of_the_right_type(
    definitions: list[dict[str, Any]],
) -> None:
    for definition in definitions:
        parse_definition(json.dumps(definition))
