"""SageMaker pipeline definitions (version 2020-12-01) and their validation.

The language is described by "SageMaker Pipelines" in the developer guide and by what SageMaker
Python SDK v3 emits; the published JSON schema is older than both.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.services.sagemaker.pipelines.arguments import check_arguments
from rehearsal.services.sagemaker.pipelines.conditions import check_condition
from rehearsal.services.sagemaker.pipelines.policies import check_cache_config, check_retry_policies
from rehearsal.services.sagemaker.pipelines.references import check_references, step_names_in

VERSION = "2020-12-01"
Report = list[str]

OPERATIONS: Mapping[str, str] = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Transform": "CreateTransformJob",
    "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage",
}
"""Step types that call SageMaker, and the operation whose request their Arguments are."""

_TOP = {
    "Version",
    "Metadata",
    "Parameters",
    "PipelineExperimentConfig",
    "MlflowConfig",
    "Steps",
}
_STEP = {"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"}
_STEP_EXTRAS = {
    "Processing": {"CacheConfig", "RetryPolicies", "PropertyFiles"},
    "Training": {"CacheConfig", "RetryPolicies"},
    "Tuning": {"CacheConfig", "RetryPolicies"},
    "Transform": {"CacheConfig", "RetryPolicies"},
    "Model": {"RetryPolicies"},
    "RegisterModel": {"RetryPolicies"},
    "Condition": set(),
    "Fail": set(),
}
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


class DefinitionError(Exception):
    """A definition is invalid; `problems` lists all problems."""

    def __init__(self, problems: Report) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Definition:
    """A valid definition."""

    text: str
    content: Mapping[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps of the top level."""
        steps: list[dict[str, Any]] = self.content["Steps"]
        return steps

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        return {given["Name"]: given for given in self.content.get("Parameters") or ()}


def parse_definition(text: str) -> Definition:
    """Parses and validates a definition.

    Raises:
        DefinitionError: with every unknown member, wrong value, dangling reference and unsupported
            step type.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DefinitionError([f"The definition is not JSON: {error}"]) from error
    if not isinstance(content, dict):
        raise DefinitionError([f"The definition must be an object; got {type(content).__name__}."])
    report: Report = []
    _check_top(content, report)
    if not report:
        _check_steps(content, report)
    if report:
        raise DefinitionError(report)
    return Definition(text, content)


def walk(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields every step, including those in the branches of conditions."""
    for step in steps:
        yield step
        if step.get("Type") == "Condition":
            arguments = step.get("Arguments", {})
            yield from walk(arguments.get("IfSteps") or [])
            yield from walk(arguments.get("ElseSteps") or [])


def _check_top(content: Mapping[str, Any], report: Report) -> None:
    if content.get("Version") != VERSION:
        report.append(f"Version must be {VERSION}; got {content.get('Version')!r}.")
    for name in sorted(content.keys() - _TOP):
        report.append(f"Unknown member {name}; known: {', '.join(sorted(_TOP))}.")
    if content.get("MlflowConfig") is not None:
        report.append("MlflowConfig: the rehearsal has no MLflow; remove it or set null.")
    if not isinstance(content.get("Steps"), list) or not content["Steps"]:
        report.append("Steps must be a list with at least one step.")
    for parameter in content.get("Parameters") or ():
        _check_parameter(parameter, report)


def _check_parameter(parameter: Mapping[str, Any], report: Report) -> None:
    name, kind = parameter.get("Name"), parameter.get("Type")
    where = f"Parameters.{name}"
    for member in sorted(parameter.keys() - {"Name", "Type", "DefaultValue", "EnumValues"}):
        report.append(f"{where}: unknown member {member}.")
    if kind not in _PYTHON_TYPES:
        report.append(f"{where}: Type must be one of {', '.join(_PYTHON_TYPES)}; got {kind!r}.")
        return
    values = list(parameter.get("EnumValues") or ())
    if "DefaultValue" in parameter:
        values.append(parameter["DefaultValue"])
    for value in values:
        if not fits(kind, value):
            report.append(f"{where}: {value!r} is not of type {kind}.")
    enum = parameter.get("EnumValues")
    if enum and "DefaultValue" in parameter and parameter["DefaultValue"] not in enum:
        report.append(f"{where}: DefaultValue {parameter['DefaultValue']!r} is not in EnumValues.")


def fits(kind: Any, value: Any) -> bool:
    """Returns True if a value is of a parameter type; a bool is not an int here."""
    if isinstance(value, bool):
        return bool(kind == "Boolean")
    return isinstance(value, _PYTHON_TYPES[str(kind)])


def _check_steps(content: Mapping[str, Any], report: Report) -> None:
    steps = list(walk(content["Steps"]))
    for step in steps:
        _check_step(step, report)
    if report:
        return
    names = [step["Name"] for step in steps]
    for name in sorted({name for name in names if names.count(name) > 1}):
        report.append(f"{name}: the name of a step must be unique in the pipeline.")
    by_name = {step["Name"]: step for step in steps}
    parameters = {parameter["Name"] for parameter in content.get("Parameters") or ()}
    for step in steps:
        if step["Type"] in OPERATIONS:
            check_arguments(OPERATIONS[step["Type"]], step["Arguments"], step["Name"], report)
        check_references(step, by_name, parameters, report)
    _check_order(by_name, report)


def _check_step(step: Mapping[str, Any], report: Report) -> None:
    name, kind = step.get("Name"), step.get("Type")
    if not isinstance(name, str) or not name:
        report.append(f"Each step needs a Name; got {name!r}.")
        return
    if kind not in _STEP_EXTRAS:
        supported = ", ".join(_STEP_EXTRAS)
        report.append(
            f"{name}: the rehearsal does not run steps of type {kind}; it runs {supported}."
        )
        return
    for member in sorted(step.keys() - _STEP - _STEP_EXTRAS[kind]):
        report.append(f"{name}: unknown member {member} of a {kind} step.")
    if not isinstance(step.get("Arguments"), dict):
        report.append(f"{name}: Arguments must be an object.")
        return
    for needed in step.get("DependsOn") or ():
        if not isinstance(needed, str):
            report.append(f"{name}: DependsOn with run conditions is not implemented: {needed}.")
    check_cache_config(step, report)
    check_retry_policies(step, report)
    if kind == "Condition":
        _check_condition_step(step, report)
    if kind == "Fail" and "ErrorMessage" not in step["Arguments"]:
        report.append(f"{name}: Arguments.ErrorMessage is required.")


def _check_condition_step(step: Mapping[str, Any], report: Report) -> None:
    arguments = step["Arguments"]
    for member in sorted(arguments.keys() - {"Conditions", "IfSteps", "ElseSteps"}):
        report.append(f"{step['Name']}: unknown member {member} of Arguments.")
    if not arguments.get("Conditions"):
        report.append(f"{step['Name']}: Arguments.Conditions needs at least one condition.")
    for condition in arguments.get("Conditions") or ():
        check_condition(condition, step["Name"], report)


def _check_order(steps: Mapping[str, Mapping[str, Any]], report: Report) -> None:
    """Checks that dependencies form no circle."""
    needs = {name: set(step_names_in(step)) & steps.keys() for name, step in steps.items()}
    while needs:
        ready = {name for name, needed in needs.items() if not needed & needs.keys()}
        if not ready:
            report.append(f"Steps depend on each other in a circle: {', '.join(sorted(needs))}.")
            return
        needs = {name: needed for name, needed in needs.items() if name not in ready}
