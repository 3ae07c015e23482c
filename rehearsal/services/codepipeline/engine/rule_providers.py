"""The rules that the rehearsal evaluates; CreatePipeline rejects all others.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rehearsal.services.codepipeline.engine.deployment_windows import in_window, window_problems
from rehearsal.services.codepipeline.engine.rule import RuleFailedError, RuleProvider, RuleRun
from rehearsal.services.codepipeline.jobs import invoke

_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
_MAX_MINUTES = 1440
_LOOK_AT_ALARMS = 1.0
# The regular expressions are Java's in AWS and Python's here.
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "EQ": lambda value, wanted: value == wanted,
    "NE": lambda value, wanted: value != wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "MATCHES": lambda value, wanted: re.fullmatch(wanted, value) is not None,
}


def _check_alarm(rule: RuleRun) -> str:
    """Fails if the alarm is in one of the states within the wait time."""
    name = rule.configuration["AlarmName"]
    states = _states(rule.configuration)
    minutes = int(rule.configuration.get("WaitTime", "0"))
    cloudwatch = rule.client("cloudwatch")
    seen = ""

    def looks_bad() -> bool:
        nonlocal seen
        found = cloudwatch.describe_alarms(AlarmNames=[name])
        alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
        if not alarms:
            raise RuleFailedError(f"There is no alarm {name}")
        seen = alarms[0]["StateValue"]
        return seen in states

    if rule.watch(minutes * 60, looks_bad, every=_LOOK_AT_ALARMS):
        raise RuleFailedError(f"Alarm {name} is in the state {seen}")
    return f"Alarm {name} is in the state {seen}"


def _check_variable(rule: RuleRun) -> str:
    value, operator = rule.configuration["Variable"], rule.configuration["Operator"]
    wanted = rule.configuration["Value"]
    comparison = f"{value!r} {operator} {wanted!r}"
    if not _OPERATORS[operator](value, wanted):
        raise RuleFailedError(f"{comparison} does not hold")
    return f"{comparison} holds"


def _check_window(rule: RuleRun) -> str:
    zone = rule.configuration.get("TimeZone", "UTC")
    at = datetime.now(ZoneInfo(zone))
    moment = f"{at:%Y-%m-%d %H:%M} {zone}"
    if not in_window(rule.configuration["Cron"], zone, at):
        raise RuleFailedError(f"{moment} is outside of the deployment window")
    return f"{moment} is in the deployment window"


def _invoke_function(rule: RuleRun) -> str:
    job = rule.jobs.begin()
    try:
        invoke(rule.client("lambda"), job, rule.scope.account, rule.configuration)
        completed = rule.watch(rule.timeout, job.completed.is_set)
    finally:
        rule.jobs.forget(job)
    rule.record.external_id = job.external_id
    name = rule.configuration["FunctionName"]
    if not completed:
        raise RuleFailedError(f"Function {name} did not call PutJobSuccessResult in time")
    if job.failure is not None:
        raise RuleFailedError(job.failure[1])
    return f"Function {name} succeeded"


def _states(configuration: Mapping[str, str]) -> list[str]:
    return [item.strip() for item in configuration.get("AlarmStates", "ALARM").split(",")]


def _alarm_problems(configuration: Mapping[str, str]) -> list[str]:
    problems = [
        f"AlarmStates: got {state}; allowed: {', '.join(_STATES)}"
        for state in _states(configuration)
        if state not in _STATES
    ]
    wait = configuration.get("WaitTime", "0")
    if not wait.isdigit() or int(wait) > _MAX_MINUTES:
        problems.append(f"WaitTime is minutes, 0 to {_MAX_MINUTES}, got {wait}")
    return problems


def _variable_problems(configuration: Mapping[str, str]) -> list[str]:
    operator = configuration["Operator"]
    if operator not in _OPERATORS:
        return [f"Operator must be one of {', '.join(_OPERATORS)}, got {operator}"]
    if operator == "MATCHES" and "#{" not in configuration["Value"]:
        try:
            re.compile(configuration["Value"])
        except re.error as error:
            return [f"Value {configuration['Value']!r} is not a regular expression: {error}"]
    return []


def _window_problems(configuration: Mapping[str, str]) -> list[str]:
    return window_problems(configuration["Cron"], configuration.get("TimeZone", "UTC"))


RULE_PROVIDERS = {
    provider.provider: provider
    for provider in (
        RuleProvider(
            provider="CloudWatchAlarm",
            run=_check_alarm,
            required=frozenset({"AlarmName"}),
            optional=frozenset({"AlarmStates", "WaitTime"}),
            problems=_alarm_problems,
        ),
        RuleProvider(
            provider="DeploymentWindow",
            run=_check_window,
            required=frozenset({"Cron"}),
            optional=frozenset({"TimeZone"}),
            problems=_window_problems,
        ),
        RuleProvider(
            provider="LambdaInvoke",
            run=_invoke_function,
            required=frozenset({"FunctionName"}),
            optional=frozenset({"UserParameters"}),
            may_skip=True,
        ),
        RuleProvider(
            provider="VariableCheck",
            run=_check_variable,
            required=frozenset({"Operator", "Value", "Variable"}),
            may_skip=True,
            problems=_variable_problems,
        ),
    )
}
