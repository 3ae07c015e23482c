"""Rules for the declaration of a pipeline, of CodePipeline and of the rehearsal.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-requirements.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.codepipeline.actions.action import ActionProvider
from rehearsal.services.codepipeline.actions.providers import PROVIDERS
from rehearsal.services.codepipeline.condition_rules import (
    condition_problems,
    stage_condition_problems,
)
from rehearsal.services.codepipeline.engine.variables import UnresolvedVariableError, references
from rehearsal.services.codepipeline.store_rules import region_problems, store_problems

_BUILT_IN_NAMESPACES = {"codepipeline", "variables"}
_UNSUPPORTED_IN_ACTION = {
    "commands": "commands",
    "outputVariables": "output variables of commands",
    "environmentVariables": "environment variables of actions",
}


def check_declaration(declaration: Mapping[str, Any], region: str) -> None:
    """Validates a declaration.

    Args:
        declaration: the declaration, in the form of the API.
        region: the region of the pipeline.

    Raises:
        AwsError: the exception of CreatePipeline, with all problems of its kind.
    """
    problems = [*stage_condition_problems(declaration), *store_problems(declaration, region)]
    _raise_for("InvalidStructureException", problems)
    for stage in declaration["stages"]:
        _raise_for("InvalidStageDeclarationException", _stage_problems(stage))
        for action in stage["actions"]:
            where = f"Action {action['name']} of stage {stage['name']}"
            problems = region_problems(declaration, action, region)
            problems = problems or _action_problems(declaration, action)
            _raise_for("InvalidActionDeclarationException", [f"{where}: {p}" for p in problems])
    _raise_for("InvalidStructureException", _artifact_problems(declaration["stages"]))
    _raise_for("InvalidStructureException", _variable_problems(declaration))


def _raise_for(code: str, problems: Sequence[str]) -> None:
    if problems:
        raise AwsError(code, "; ".join(problems))


def _stage_problems(stage: Mapping[str, Any]) -> list[str]:
    name = stage["name"]
    return [f"Stage {name}: {problem}" for problem in condition_problems(stage)]


def _action_problems(declaration: Mapping[str, Any], action: Mapping[str, Any]) -> list[str]:
    kind = action["actionTypeId"]
    provider = PROVIDERS.get((kind["category"], kind["provider"]))
    if provider is None or kind["owner"] != "AWS" or kind["version"] != "1":
        known = ", ".join(
            sorted({f"{item.category} {item.provider}" for item in PROVIDERS.values()})
        )
        return [
            f"the rehearsal does not support the action {kind['category']} of owner "
            f"{kind['owner']}, provider {kind['provider']}, version {kind['version']}; of owner "
            f"AWS and version 1 it supports {known}"
        ]
    problems = [
        f"the rehearsal does not support {meaning} ({member})"
        for member, meaning in _UNSUPPORTED_IN_ACTION.items()
        if action.get(member)
    ]
    if provider.v2_only and declaration.get("pipelineType", "V1") != "V2":
        problems.append(f"{provider.provider} needs a pipeline of type V2 (pipelineType)")
    return problems + _configuration_problems(provider, action) + _counts(provider, action)


def _configuration_problems(provider: ActionProvider, action: Mapping[str, Any]) -> list[str]:
    given = action.get("configuration", {})
    known = provider.required | provider.optional
    problems = [
        f"configuration is missing the required key {key}"
        for key in sorted(provider.required - set(given))
    ]
    problems += [
        f"configuration contains the unknown key {key} (known: {', '.join(sorted(known))})"
        for key in sorted(set(given) - known)
    ]
    problems += [f"configuration {key} is empty" for key in sorted(given) if not given[key]]
    return problems or provider.check(given)


def _counts(provider: ActionProvider, action: Mapping[str, Any]) -> list[str]:
    problems = []
    for member, (minimum, maximum) in (
        ("inputArtifacts", provider.inputs),
        ("outputArtifacts", provider.outputs),
    ):
        count = len(action.get(member, []))
        if not minimum <= count <= maximum:
            allowed = str(minimum) if minimum == maximum else f"{minimum} to {maximum}"
            problems.append(f"{member} has {count} artifact(s), {provider.provider} has {allowed}")
    return problems


def _artifact_problems(stages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the problems of inputs that no earlier stage or run order produces."""
    problems: list[str] = []
    produced: set[str] = set()
    for stage in stages:
        for order in sorted({action.get("runOrder", 1) for action in stage["actions"]}):
            group = [item for item in stage["actions"] if item.get("runOrder", 1) == order]
            for action in group:
                problems += [
                    f"Input artifact {item['name']} of action {action['name']} in stage "
                    f"{stage['name']} is not the output of any preceding action"
                    for item in action.get("inputArtifacts", [])
                    if item["name"] not in produced
                ]
            for action in group:
                for item in action.get("outputArtifacts", []):
                    if item["name"] in produced:
                        problems.append(f"Output artifact {item['name']} is used more than once")
                    produced.add(item["name"])
    return problems


def _variable_problems(declaration: Mapping[str, Any]) -> list[str]:
    """Returns the problems of namespaces that no earlier action has."""
    problems: list[str] = []
    variables = {item["name"] for item in declaration.get("variables", [])}
    known: set[str] = set(_BUILT_IN_NAMESPACES)
    for stage in declaration["stages"]:
        for order in sorted({action.get("runOrder", 1) for action in stage["actions"]}):
            group = [item for item in stage["actions"] if item.get("runOrder", 1) == order]
            for action in group:
                where = f"Action {action['name']} of stage {stage['name']}"
                problems += reference_problems(where, action, known, variables)
            for action in group:
                namespace = action.get("namespace")
                if namespace in known:
                    problems.append(f"Namespace {namespace} is used more than once")
                elif namespace:
                    known.add(namespace)
    return problems


def reference_problems(
    where: str, declared: Mapping[str, Any], known: set[str], variables: set[str]
) -> list[str]:
    """Returns one message per problem of the variables in a configuration."""
    problems = []
    for value in declared.get("configuration", {}).values():
        try:
            found = references(value)
        except UnresolvedVariableError as error:
            problems.append(f"{where}: {error}")
            continue
        for namespace, name in found:
            if namespace not in known:
                problems.append(
                    f"{where} references #{{{namespace}.{name}}}, but no preceding action has the "
                    f"namespace {namespace}"
                )
            elif namespace == "variables" and name not in variables:
                problems.append(f"{where} references the undeclared variable {name}")
    return problems
