"""Conditions and rules in the form of CodePipeline's responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.services.codepipeline.records import (
    ConditionExecution,
    RuleExecution,
    StageExecution,
)

_STATES = {
    "beforeEntry": "beforeEntryConditionState",
    "onSuccess": "onSuccessConditionState",
    "onFailure": "onFailureConditionState",
}


def condition_states(stage: Mapping[str, Any], found: StageExecution | None) -> dict[str, Any]:
    """Returns the condition states of a stage's state, for the conditions that it has."""
    states: dict[str, Any] = {}
    for member, name in _STATES.items():
        declared = stage.get(member, {}).get("conditions", [])
        if not declared:
            continue
        checked = found.conditions.get(member) if found else None
        rules = [{"ruleName": rule["name"]} for rule in declared[0].get("rules", [])]
        if checked is None:
            states[name] = {"conditionStates": [{"ruleStates": rules}]}
            continue
        states[name] = {
            "latestExecution": _condition(checked),
            "conditionStates": [
                {
                    "latestExecution": _condition(checked) | {"lastStatusChange": checked.changed},
                    "ruleStates": [_rule_state(rule, checked) for rule in rules],
                }
            ],
        }
    return states


def _condition(checked: ConditionExecution) -> dict[str, Any]:
    return _kept({"status": checked.status, "summary": checked.summary})


def _rule_state(shown: Mapping[str, Any], checked: ConditionExecution) -> dict[str, Any]:
    for rule in checked.rules:
        if rule.name == shown["ruleName"]:
            latest = {
                "ruleExecutionId": rule.identifier,
                "status": rule.status,
                "summary": rule.summary,
                "lastStatusChange": rule.changed,
                "externalExecutionId": rule.external_id,
            }
            return {**shown, "latestExecution": _kept(latest | _error(rule))}
    return dict(shown)


def rule_detail(rule: RuleExecution) -> dict[str, Any]:
    """Returns the RuleExecutionDetail of ListRuleExecutions."""
    declaration = rule.declaration
    result = {
        "externalExecutionId": rule.external_id,
        "externalExecutionSummary": rule.summary,
    }
    return {
        "pipelineExecutionId": rule.pipeline_execution_id,
        "ruleExecutionId": rule.identifier,
        "pipelineVersion": rule.pipeline_version,
        "stageName": rule.stage,
        "ruleName": rule.name,
        "startTime": rule.started,
        "lastUpdateTime": rule.changed,
        "status": rule.status,
        "input": _kept(
            {
                "ruleTypeId": dict(declaration["ruleTypeId"]),
                "configuration": dict(declaration.get("configuration", {})),
                "resolvedConfiguration": dict(rule.resolved_configuration),
                "roleArn": rule.role_arn,
                "region": rule.region,
                "inputArtifacts": [],
            }
        ),
        "output": {"executionResult": _kept(result | _error(rule))},
    }


def _error(rule: RuleExecution) -> dict[str, Any]:
    return {"errorDetails": rule.error.describe()} if rule.error else {}


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the members that have a value."""
    return {key: value for key, value in values.items() if value not in ("", None)}
