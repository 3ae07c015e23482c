"""Checks of stages, and what they ask."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.services.codepipeline.workshop import (
    pipeline_of,
)


def rule(provider: str, **configuration: str) -> dict[str, Any]:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": provider, "ruleTypeId": kind, "configuration": configuration}


def condition(result: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"conditions": [{"result": result, "rules": list(rules)}]}


def prod_only(operator: str = "EQ", value: str = "prod") -> dict[str, Any]:
    return rule("VariableCheck", Variable="#{variables.Stage}", Operator=operator, Value=value)


def with_checks(**checks: Any) -> dict[str, Any]:
    pipeline = pipeline_of()
    pipeline["stages"][1].update(checks)
    return pipeline


class Alarms:
    """CloudWatch, whose alarm is in the state that a test says."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)

    def describe_alarms(self, **_: Any) -> Any:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"MetricAlarms": [{"StateValue": state}] if state else []}
