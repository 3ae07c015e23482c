"""References in pipeline definitions: `{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.services.sagemaker import service_model

EXECUTION_VARIABLES = (
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "StartDateTime",
    "CurrentDateTime",
)
JOB_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "TrainingJobName": ("Training",),
    "ProcessingJobName": ("Processing", "QualityCheck", "ClarifyCheck"),
}
"""Execution variables for the name of a step's own job, and the types of steps that have them."""

_REFERENCE = re.compile(r"(Parameters|Execution|Steps)\.([A-Za-z0-9_-]+)(.*)", re.DOTALL)
_PATH = re.compile(r"\.([\w-]+)|\['([^']+)'\]|\[\"([^\"]+)\"\]|\[(\d+)\]")
_DESCRIBE = {
    "Processing": "DescribeProcessingJob",
    "Training": "DescribeTrainingJob",
    "Tuning": "DescribeHyperParameterTuningJob",
    "Transform": "DescribeTransformJob",
    "Model": "DescribeModel",
    "RegisterModel": "DescribeModelPackage",
    "EndpointConfig": "DescribeEndpointConfig",
    "Endpoint": "DescribeEndpoint",
}
OUTPUT_KINDS = ("Lambda", "Callback")
"""Types of steps whose properties are their OutputParameters."""

CHECK_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "QualityCheck": (
        "CalculatedBaselineConstraints",
        "CalculatedBaselineStatistics",
        "BaselineUsedForDriftCheckConstraints",
        "BaselineUsedForDriftCheckStatistics",
    ),
    "ClarifyCheck": ("CalculatedBaselineConstraints", "BaselineUsedForDriftCheckConstraints"),
}
"""Properties of check steps, each the S3 URI of a file."""

OUTCOME = "Outcome"
"""The property of a Condition step, a Boolean."""

_BRANCHES = ("IfSteps", "ElseSteps")


@dataclass(frozen=True)
class Reference:
    """A parsed reference: `root` is Parameters, Execution or Steps; `path` leads into a step."""

    root: str
    name: str
    path: tuple[str | int, ...]
    text: str

    @property
    def property_file(self) -> str | None:
        """The property file that it names, if any."""
        if len(self.path) == 2 and self.path[0] == "PropertyFiles":
            return str(self.path[1])
        return None


def parse_reference(text: str) -> Reference:
    """Returns a parsed reference; raises ValueError if it is not one."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a reference to Parameters, Execution or Steps")
    return Reference(match[1], match[2], parse_path(match[3]), text)


def parse_path(text: str) -> tuple[str | int, ...]:
    """Returns the parts of a path such as `.metrics['a b'][0]`.

    Raises:
        ValueError: it is malformed.
    """
    path: list[str | int] = []
    tail = text
    while tail:
        part = _PATH.match(tail)
        if part is None:
            raise ValueError(f"{text!r} cannot be read at {tail!r}")
        path.append(int(part[4]) if part[4] else str(part[1] or part[2] or part[3]))
        tail = tail[part.end() :]
    return tuple(path)


def is_variable(value: Any) -> bool:
    """Returns True if a value is resolved when the pipeline runs."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    name = next(iter(value))
    return bool(name == "Get" or name.startswith("Std:"))


def references(node: Any) -> Iterator[str]:
    """Yields every reference below a node, except in the branches of a condition."""
    if isinstance(node, dict):
        if set(node) == {"Get"}:
            yield node["Get"]
            return
        for name, child in node.items():
            if name not in _BRANCHES:
                yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def step_names_in(step: Mapping[str, Any]) -> Iterator[str]:
    """Yields the steps that a step depends on, by DependsOn and references."""
    yield from step.get("DependsOn") or ()
    yield from reference_names(step)


def reference_names(step: Mapping[str, Any]) -> Iterator[str]:
    """Yields the steps whose properties a step refers to."""
    for text in references(step):
        match = _REFERENCE.fullmatch(str(text))
        if match and match[1] == "Steps":
            yield match[2]


def check_references(
    step: Mapping[str, Any],
    steps: Mapping[str, Mapping[str, Any]],
    parameters: set[str],
    report: list[str],
) -> None:
    """Reports dangling references and dependencies of a step."""
    name = step["Name"]
    report.extend(
        f"{name}: DependsOn names the unknown step {needed}."
        for needed in step.get("DependsOn") or ()
        if needed not in steps
    )
    report.extend(
        # AWS's words, tests/integ/sagemaker/workflow/test_fail_steps.py of the SageMaker SDK.
        f"{name} can not depends on {needed}. (A Fail step ends the execution.)"
        for needed in sorted(set(step_names_in(step)))
        if needed in steps and steps[needed]["Type"] == "Fail"
    )
    for text in sorted(set(map(str, references(step)))):
        try:
            reference = parse_reference(text)
        except ValueError as error:
            report.append(f"{name}: {error}.")
            continue
        problem = _problem(reference, step["Type"], steps, parameters)
        if problem:
            report.append(f"{name}: {text}: {problem}.")


def _problem(
    reference: Reference,
    kind: str,
    steps: Mapping[str, Mapping[str, Any]],
    parameters: set[str],
) -> str | None:
    if reference.root == "Parameters":
        known = ", ".join(sorted(parameters)) or "none"
        return None if reference.name in parameters else f"unknown parameter; known: {known}"
    if reference.root == "Execution":
        if reference.name in EXECUTION_VARIABLES or kind in JOB_VARIABLES.get(reference.name, ()):
            return None
        if reference.name in JOB_VARIABLES:
            return f"a {kind} step has no such job"
        return f"unknown execution variable; known: {', '.join(EXECUTION_VARIABLES)}"
    target = steps.get(reference.name)
    if target is None:
        return f"unknown step; known: {', '.join(steps)}"
    if reference.property_file is not None:
        files = [file["PropertyFileName"] for file in target.get("PropertyFiles") or ()]
        return None if reference.property_file in files else "the step has no such property file"
    return _property_problem(target, reference.path)


def _property_problem(step: Mapping[str, Any], path: tuple[str | int, ...]) -> str | None:
    """Returns the problem of a reference to a property that the step does not have."""
    kind, name = step["Type"], path[0] if path else None
    if kind in OUTPUT_KINDS:
        outputs = [output["OutputName"] for output in step.get("OutputParameters") or ()]
        if len(path) == 2 and name == "OutputParameters" and path[1] in outputs:
            return None
        known = ", ".join(f"OutputParameters['{output}']" for output in outputs) or "none"
        return f"not an output of the step; known: {known}"
    named = (OUTCOME,) if kind == "Condition" else CHECK_PROPERTIES.get(kind)
    if named is not None:
        if not path or (len(path) == 1 and name in named):
            return None
        return f"not a property of a {kind} step; known: {', '.join(named)}"
    found = property_shape(step, path)
    return found if isinstance(found, str) else None


def property_shape(step: Mapping[str, Any], path: tuple[str | int, ...]) -> Shape | str | None:
    """Returns the shape of a property of a step's Describe response.

    Args:
        step: the step.
        path: the path of the property.

    Returns:
        The shape; the problem as text if the response has no such property; None for a step
        without properties, where no path is given.
    """
    operation, service = _DESCRIBE.get(step["Type"]), "sagemaker"
    if step["Type"] == "EMRServerless":
        operation, service = "GetJobRun", "emr-serverless"
    if operation is None:
        return f"a {step['Type']} step has no properties" if path else None
    if step["Type"] == "Tuning" and path and path[0] == "TrainingJobSummaries":
        operation = "ListTrainingJobsForHyperParameterTuningJob"
    shape: Shape = service_model.output_shape(operation, service)
    for part in path:
        if isinstance(shape, StructureShape):
            if part not in shape.members:
                known = ", ".join(sorted(shape.members))
                return f"{part} is not a property of {shape.name}; known: {known[:200]}"
            shape = shape.members[str(part)]
        elif isinstance(shape, ListShape):
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape = shape.value
        else:
            return f"{shape.name} has no property {part}"
    return shape
