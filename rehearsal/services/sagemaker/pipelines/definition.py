"""SageMaker pipeline definitions (version 2020-12-01) and their validation.

The language is described by "SageMaker Pipelines" in the developer guide and by what SageMaker
Python SDK v3 emits; the published JSON schema is older than both.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rehearsal.services.sagemaker.pipelines.references import check_references, step_names_in
from rehearsal.services.sagemaker.pipelines.step_checks import NAME, check_step, check_step_types
from rehearsal.services.sagemaker.pipelines.step_kinds import BRANCHES
from rehearsal.services.sagemaker.pipelines.value_types import Types

VERSION = "2020-12-01"
Report = list[str]

_TOP = {
    "Version",
    "Metadata",
    "Parameters",
    "PipelineExperimentConfig",
    "MlflowConfig",
    "Steps",
}
_PARAMETER = {"Name", "Type", "DefaultValue", "EnumValues", "Description"}
MAX_PARAMETERS = 200
_SHOWN = 200
_MAX_DESCRIPTION = 4096
_MAX_NESTING = 100
_NESTS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
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


@lru_cache(maxsize=8)
def parse_definition(text: str) -> Definition:
    """Parses and validates a definition.

    Raises:
        DefinitionError: with every unknown member, wrong value, dangling reference and unsupported
            step type.
    """
    report: Report = []
    if _nesting(text) > _MAX_NESTING:
        raise DefinitionError(["The definition is nested too deeply."])
    try:
        content = json.loads(text, parse_constant=_no_constant)
        if not isinstance(content, dict):
            report.append(f"The definition must be an object; got {type(content).__name__}.")
        else:
            _check_top(content, report)
            if not report:
                _check_steps(content, report)
    except json.JSONDecodeError as error:
        raise DefinitionError([f"The definition is not JSON: {error}"]) from error
    if report:
        raise DefinitionError(report)
    return Definition(text, content)


def _nesting(text: str) -> int:
    """Returns how deeply objects and lists are nested, without parsing recursively."""
    deepest = depth = 0
    for sign in _NESTS.findall(text):
        if sign in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ("]", "}"):
            depth -= 1
    return deepest


def _no_constant(name: str) -> Any:
    raise DefinitionError([f"The definition is not JSON: it has no value {name}."])


def walk(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields every step, including those in the branches of conditions."""
    for step in steps:
        yield step
        arguments = step.get("Arguments") if isinstance(step, dict) else None
        if isinstance(arguments, dict) and step.get("Type") == "Condition":
            for branch in BRANCHES:
                inner = arguments.get(branch)
                yield from walk(inner if isinstance(inner, list) else [])


def _check_top(content: Mapping[str, Any], report: Report) -> None:
    if content.get("Version") != VERSION:
        report.append(f"Version must be {VERSION}; got {content.get('Version')!r}.")
    for name in sorted(content.keys() - _TOP):
        report.append(f"Unknown member {name}; known: {', '.join(sorted(_TOP))}.")
    if content.get("MlflowConfig") is not None:
        report.append(
            "MlflowConfig: pipelines of the rehearsal create no runs in MLflow; remove it or set "
            "null."
        )
    if not isinstance(content.get("Steps"), list) or not content["Steps"]:
        report.append("Steps must be a list with at least one step.")
    _check_parameters(content.get("Parameters"), report)
    experiment = content.get("PipelineExperimentConfig")
    if experiment is not None and (
        not isinstance(experiment, dict) or experiment.keys() - {"ExperimentName", "TrialName"}
    ):
        report.append(
            "PipelineExperimentConfig takes ExperimentName and TrialName; "
            f"got {json.dumps(experiment)[:_SHOWN]}."
        )


def _check_parameters(parameters: Any, report: Report) -> None:
    if parameters is None:
        return
    if not isinstance(parameters, list):
        report.append(f"Expecting start of Json Array. (Parameters: got {parameters!r}.)")
        return
    if len(parameters) > MAX_PARAMETERS:
        report.append(f"Parameters: at most {MAX_PARAMETERS}; got {len(parameters)}.")
    for parameter in parameters:
        if isinstance(parameter, dict):
            _check_parameter(parameter, report)
        else:
            report.append(f"Expecting start of Json Object. (Parameters: got {parameter!r}.)")
    names = [parameter.get("Name") for parameter in parameters if isinstance(parameter, dict)]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        report.append(f"Parameters.{name}: the name of a parameter must be unique.")


def _check_parameter(parameter: Mapping[str, Any], report: Report) -> None:
    name, kind = parameter.get("Name"), parameter.get("Type", "String")
    where = f"Parameters.{name}"
    for member in sorted(parameter.keys() - _PARAMETER):
        report.append(f"{where}: unknown member {member}.")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        report.append(f"{where}: Name must be 1 to 64 letters, digits, hyphens and underscores.")
    description = parameter.get("Description", "")
    if not isinstance(description, str) or len(description) > _MAX_DESCRIPTION:
        report.append(f"{where}: Description must be at most {_MAX_DESCRIPTION} characters.")
    if not isinstance(kind, str) or kind not in _PYTHON_TYPES:
        report.append(f"{where}: Type must be one of {', '.join(_PYTHON_TYPES)}; got {kind!r}.")
        return
    enum = parameter.get("EnumValues")
    if enum is not None and (not isinstance(enum, list) or not enum):
        report.append(f"{where}: EnumValues must be a list of values; got {enum!r}.")
        return
    values = list(enum or ())
    if "DefaultValue" in parameter:
        values.append(parameter["DefaultValue"])
    for value in values:
        if not fits(kind, value):
            report.append(f"{where}: {value!r} is not of type {kind}.")
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
        check_step(step, report)
    if report:
        return
    names = Counter(step["Name"] for step in steps)
    for name in sorted(name for name, count in names.items() if count > 1):
        report.append(f"{name}: the name of a step must be unique in the pipeline.")
    by_name = {step["Name"]: step for step in steps}
    parameters = {
        parameter["Name"]: parameter.get("Type", "String")
        for parameter in content.get("Parameters") or ()
    }
    types = Types(parameters, by_name, report)
    for step in steps:
        check_references(step, by_name, set(parameters), report)
        check_step_types(step, types)
    _check_experiment(content.get("PipelineExperimentConfig") or {}, types)
    _check_order(by_name, report)


def _check_experiment(config: Mapping[str, Any], types: Types) -> None:
    """Checks the names of experiment and trial, which cannot refer to steps."""
    where = "PipelineExperimentConfig"
    pseudo_step = {"Name": where, "Type": where, "Arguments": config}
    check_references(pseudo_step, {}, set(types.parameters), types.report)
    types.check_functions(config, where)
    for name, value in config.items():
        types.check(value, "String", f"{where}.{name}")


def _check_order(steps: Mapping[str, Mapping[str, Any]], report: Report) -> None:
    """Checks that dependencies form no circle."""
    needs = {name: set(step_names_in(step)) & steps.keys() for name, step in steps.items()}
    followers: dict[str, list[str]] = {name: [] for name in steps}
    for name, needed in needs.items():
        for before in needed:
            followers[before].append(name)
    ready = [name for name, needed in needs.items() if not needed]
    for name in ready:
        del needs[name]
        for follower in followers[name]:
            needs[follower].discard(name)
            if not needs[follower]:
                ready.append(follower)
    if needs:
        report.append(f"Steps depend on each other in a circle: {', '.join(sorted(needs))}.")
