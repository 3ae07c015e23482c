"""Rules for the conditions of a stage, of CodePipeline and of the rehearsal.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rehearsal.services.codepipeline.engine.rule_providers import RULE_PROVIDERS

CONDITIONS = ("beforeEntry", "onSuccess", "onFailure")
_RESULTS = {
    "beforeEntry": ("FAIL", "SKIP"),
    "onSuccess": ("FAIL", "ROLLBACK"),
    "onFailure": ("ROLLBACK",),
}
_FAILURE_RESULTS = ("FAIL", "RETRY", "ROLLBACK")


def condition_problems(stage: Mapping[str, Any]) -> list[str]:
    """Returns one message per problem of the conditions of a stage."""
    problems = []
    for member in CONDITIONS:
        conditions = stage.get(member, {}).get("conditions", [])
        if len(conditions) > 1:
            problems.append(f"{member} has {len(conditions)} conditions; it has one")
        for condition in conditions:
            problems += [f"{member}: {item}" for item in _of_one(member, condition)]
    return problems + _failure_problems(stage.get("onFailure", {}))


def _failure_problems(failure: Mapping[str, Any]) -> list[str]:
    result = failure.get("result")
    problems = []
    if result is not None and result not in _FAILURE_RESULTS:
        problems.append(f"onFailure has {', '.join(_FAILURE_RESULTS)}, got {result}")
    if failure.get("retryConfiguration") and result != "RETRY":
        problems.append("onFailure has a retryConfiguration, but its result is not RETRY")
    if failure.get("conditions") and result == "RETRY":
        problems.append("onFailure retries, which cannot be combined with conditions")
    return problems


def _of_one(member: str, condition: Mapping[str, Any]) -> list[str]:
    allowed = _RESULTS[member]
    result = condition.get("result")
    rules = condition.get("rules", [])
    problems = []
    if result not in allowed:
        problems.append(f"the result is {' or '.join(allowed)}, got {result}")
    if not rules:
        problems.append("a condition needs a rule")
    repeated = [name for name, count in Counter(r["name"] for r in rules).items() if count > 1]
    problems += [f"the rule name {name} is used more than once" for name in repeated]
    for rule in rules:
        problems += [f"rule {rule['name']}: {item}" for item in _rule_problems(rule)]
        provider = RULE_PROVIDERS.get(rule["ruleTypeId"]["provider"])
        if result == "SKIP" and provider is not None and not provider.may_skip:
            able = ", ".join(item.provider for item in RULE_PROVIDERS.values() if item.may_skip)
            problems.append(
                f"rule {rule['name']}: a condition with the result SKIP has rules {able}, not "
                f"{provider.provider}"
            )
    return problems


def _rule_problems(rule: Mapping[str, Any]) -> list[str]:
    kind = rule["ruleTypeId"]
    provider = RULE_PROVIDERS.get(kind["provider"])
    if provider is None or kind.get("version", "1") != "1":
        return [
            f"the rehearsal does not support rules of provider {kind['provider']}, version "
            f"{kind.get('version', '1')}; use version 1 of {', '.join(sorted(RULE_PROVIDERS))}"
        ]
    problems = [
        f"the rehearsal does not support {member} of rules"
        for member in ("commands", "inputArtifacts")
        if rule.get(member)
    ]
    given = rule.get("configuration", {})
    known = provider.required | provider.optional
    problems += [
        f"configuration is missing the required key {key}"
        for key in sorted(provider.required - set(given))
    ]
    problems += [
        f"configuration contains the unknown key {key} (known: {', '.join(sorted(known))})"
        for key in sorted(set(given) - known)
    ]
    return problems or provider.problems(given)


def stage_condition_problems(declaration: Mapping[str, Any]) -> list[str]:
    """Returns one message per stage that a pipeline cannot roll back."""
    problems = []
    for index, stage in enumerate(declaration["stages"]):
        failure = stage.get("onFailure", {})
        results = [failure.get("result")]
        for member in ("onSuccess", "onFailure"):
            results += [item.get("result") for item in stage.get(member, {}).get("conditions", [])]
        if "ROLLBACK" not in results:
            continue
        if index == 0:
            problems.append(f"stage {stage['name']}: a stage of sources cannot be rolled back")
        if declaration.get("executionMode") == "PARALLEL":
            problems.append(
                f"stage {stage['name']}: a pipeline in the mode PARALLEL cannot be rolled back"
            )
    return problems
