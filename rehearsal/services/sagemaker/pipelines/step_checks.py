"""Checks of single steps: their members, and the types of their values."""

import re
from collections.abc import Mapping
from typing import Any

from rehearsal.services.sagemaker.pipelines.arguments import check_arguments
from rehearsal.services.sagemaker.pipelines.conditions import (
    check_condition,
    check_condition_types,
)
from rehearsal.services.sagemaker.pipelines.emr_serverless_step import check_emr_arguments
from rehearsal.services.sagemaker.pipelines.policies import check_cache_config, check_retry_policies
from rehearsal.services.sagemaker.pipelines.step_kinds import (
    BRANCHES,
    CHECK_TYPES,
    OPERATIONS,
    STEP_KINDS,
    UNSUPPORTED_KINDS,
)
from rehearsal.services.sagemaker.pipelines.value_types import PRIMITIVES, Types

NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
"""Names of steps and parameters."""

_STEP = {"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"}
_PROPERTY_FILE = {"PropertyFileName", "OutputName", "FilePath"}
_MAX_OUTPUTS = 50


def check_step_types(step: Mapping[str, Any], types: Types) -> None:
    """Reports values of a step that do not have the type of their place.

    Args:
        step: a step without problems of its form.
        types: the types of references, whose report takes the problems.
    """
    name, kind, arguments = step["Name"], step["Type"], step["Arguments"]
    types.check_functions({k: v for k, v in step.items() if k != "Arguments"}, name)
    types.check_functions(arguments, name)
    if kind in OPERATIONS:
        check_arguments(OPERATIONS[kind], arguments, name, types)
    if kind == "EMRServerless":
        check_emr_arguments(arguments, name, types)
    for member, wanted in (STEP_KINDS[kind].typed or {}).items():
        types.check(step.get(member), wanted, f"{name}.{member}")
    if kind == "Condition":
        for condition in arguments["Conditions"]:
            check_condition_types(condition, name, types)
    if kind == "Fail":
        types.check(arguments["ErrorMessage"], "String", f"{name}.ErrorMessage")


def check_step(step: Any, report: list[str]) -> None:
    """Reports problems with the form of a step."""
    if not isinstance(step, dict):
        report.append(f"Expecting start of Json Object. (Steps: got {step!r}.)")
        return
    name, kind = step.get("Name"), step.get("Type")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        report.append(
            "Each step needs a Name of 1 to 64 letters, digits, hyphens and underscores; "
            f"got {name!r}."
        )
    elif not isinstance(kind, str) or kind not in STEP_KINDS:
        supported = ", ".join(STEP_KINDS)
        unsupported = UNSUPPORTED_KINDS.get(kind) if isinstance(kind, str) else None
        reason = f": it {unsupported}" if unsupported else ""
        report.append(
            f"{name}: the rehearsal does not run steps of type {kind}{reason}; it runs {supported}."
        )
    elif not isinstance(step.setdefault("Arguments", {}), dict):
        report.append(f"Expecting start of Json Object. ({name}.Arguments.)")
    else:
        _check_members(step, report)


def _check_members(step: dict[str, Any], report: list[str]) -> None:
    name, kind = step["Name"], step["Type"]
    allowed = STEP_KINDS[kind]
    unknown = sorted(step.keys() - _STEP - allowed.all_members)
    report.extend(f"{name}: unknown member {member} of a {kind} step." for member in unknown)
    missing = [member for member in allowed.required if not step.get(member)]
    report.extend(f"{name}: a {kind} step needs {member}." for member in missing)
    report.extend(
        f"{name}: {member} must be a string; got {step[member]!r}."
        for member in ("DisplayName", "Description")
        if not isinstance(step.get(member, ""), str)
    )
    _check_lists(step, report)
    check_cache_config(step, report)
    check_retry_policies(step, report)
    _check_outputs(step, report)
    if kind in CHECK_TYPES and step.get("CheckType") not in CHECK_TYPES[kind]:
        known = ", ".join(CHECK_TYPES[kind])
        report.append(f"{name}: CheckType must be one of {known}; got {step.get('CheckType')!r}.")
    if kind == "Condition":
        _check_condition_step(step, report)
    if kind == "Fail" and "ErrorMessage" not in step["Arguments"]:
        report.append(f"{name}: Arguments.ErrorMessage is required.")


def _check_lists(step: dict[str, Any], report: list[str]) -> None:
    for member in ("DependsOn", "RetryPolicies", "PropertyFiles", "OutputParameters"):
        value = step.get(member)
        if value is not None and not isinstance(value, list):
            report.append(f"Expecting start of Json Array. ({step['Name']}.{member}.)")
            step[member] = []
    report.extend(
        f"{step['Name']}: DependsOn with run conditions is not implemented: {needed}."
        for needed in step.get("DependsOn") or ()
        if not isinstance(needed, str)
    )
    for file in step.get("PropertyFiles") or ():
        if (
            not isinstance(file, dict)
            or set(file) != _PROPERTY_FILE
            or not all(isinstance(value, str) and value for value in file.values())
        ):
            needed = ", ".join(sorted(_PROPERTY_FILE))
            report.append(f"{step['Name']}: an entry of PropertyFiles needs {needed}; got {file}.")


def _check_outputs(step: Mapping[str, Any], report: list[str]) -> None:
    """Checks the output parameters of a Lambda or Callback step."""
    where = f"{step['Name']}.OutputParameters"
    outputs = step.get("OutputParameters") or ()
    if len(outputs) > _MAX_OUTPUTS:
        report.append(f"{where}: at most {_MAX_OUTPUTS}; got {len(outputs)}.")
    for output in outputs:
        if not isinstance(output, dict) or not isinstance(output.get("OutputName"), str):
            report.append(f"{where}: each needs an OutputName; got {output!r}.")
        elif output.get("OutputType", "String") not in PRIMITIVES:
            known = ", ".join(PRIMITIVES)
            report.append(f"{where}: OutputType must be one of {known}; got {output}.")


def _check_condition_step(step: Mapping[str, Any], report: list[str]) -> None:
    name, arguments = step["Name"], step["Arguments"]
    unknown = sorted(arguments.keys() - {"Conditions", *BRANCHES})
    report.extend(f"{name}: unknown member {member} of Arguments." for member in unknown)
    conditions = arguments.get("Conditions")
    if not isinstance(conditions, list) or not conditions:
        report.append(f"{name}: Arguments.Conditions needs at least one condition.")
        return
    for condition in conditions:
        check_condition(condition, name, report)
    for branch in BRANCHES:
        if not isinstance(arguments.get(branch) or [], list):
            report.append(f"Expecting start of Json Array. ({name}.Arguments.{branch}.)")
            return
        report.extend(
            f"{name}: Pipelines do not support nested condition steps: move "
            f"{inner.get('Name')} out of {branch}, and let it depend on a step."
            for inner in arguments.get(branch) or ()
            if isinstance(inner, dict) and inner.get("Type") == "Condition"
        )
