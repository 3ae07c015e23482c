"""Invalid conditions and triggers are rejected on creation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.services.codepipeline.declarations import (
    STAGE,
    STRUCTURE,
    Change,
    is_rejected,
)

MAIN = {"includes": ["main"]}
WINDOW = {"Cron": "* * 9-15 ? * MON-THU *"}


def _trigger(action: str, **git: Any) -> dict[str, Any]:
    return {
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": {"sourceActionName": action, **git},
    }


def _rule(provider: str, **configuration: str) -> dict[str, Any]:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": provider, "ruleTypeId": kind, "configuration": configuration}


def _condition(pipeline: dict[str, Any], member: str, result: str, *rules: Any) -> None:
    conditions = [{"result": result, "rules": list(rules)}]
    pipeline["stages"][1][member] = {"conditions": conditions}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            lambda p: (
                p["stages"][1].update(onFailure={"result": "ROLLBACK"})
                or p.update(executionMode="PARALLEL")
            ),
            STRUCTURE,
            "mode PARALLEL cannot be rolled back",
        ),
        (
            lambda p: p["stages"][0].update(onFailure={"result": "ROLLBACK"}),
            STRUCTURE,
            "stage of sources cannot be rolled back",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "ROLLBACK", _rule("DeploymentWindow", **WINDOW)),
            STAGE,
            "the result is FAIL or SKIP, got ROLLBACK",
        ),
        (
            lambda p: _condition(p, "onSuccess", "SKIP", _rule("DeploymentWindow", **WINDOW)),
            STAGE,
            "the result is FAIL or ROLLBACK, got SKIP",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "SKIP", _rule("DeploymentWindow", **WINDOW)),
            STAGE,
            "has rules LambdaInvoke, VariableCheck, not DeploymentWindow",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "FAIL"),
            STAGE,
            "a condition needs a rule",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "FAIL", _rule("CodeBuild", ProjectName="x")),
            STAGE,
            "not support rules of provider CodeBuild",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "FAIL", _rule("LambdaInvoke")),
            STAGE,
            "missing the required key FunctionName",
        ),
        (
            lambda p: _condition(
                p, "beforeEntry", "FAIL", _rule("CloudWatchAlarm", AlarmName="a", WaitTime="2000")
            ),
            STAGE,
            "WaitTime is minutes, 0 to 1440",
        ),
        (
            lambda p: _condition(
                p,
                "beforeEntry",
                "FAIL",
                _rule("DeploymentWindow", Cron="* 0 9 * * ?", TimeZone="X"),
            ),
            STAGE,
            "not an IANA time zone",
        ),
        (
            lambda p: _condition(
                p,
                "beforeEntry",
                "FAIL",
                _rule("VariableCheck", Variable="#{variables.Stage}", Operator="GT", Value="1"),
            ),
            STAGE,
            "Operator must be one of EQ",
        ),
        (
            lambda p: p["stages"][1].update(
                onFailure={"result": "ROLLBACK", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}
            ),
            STAGE,
            "its result is not RETRY",
        ),
        (
            lambda p: p["stages"][1].update(onFailure={"result": "SKIP"}),
            STAGE,
            "onFailure has FAIL, RETRY, ROLLBACK, got SKIP",
        ),
    ],
)
def test_a_condition_that_aws_does_not_take_is_rejected(
    change: Change, code: str, words: str
) -> None:
    is_rejected(change, code, words)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            lambda p: p.update(triggers=[_trigger("Source", push=[{"branches": MAIN}])]),
            STRUCTURE,
            "no source action Source of provider CodeStarSourceConnection",
        ),
        (
            lambda p: p.update(triggers=[_trigger("Source")]),
            STRUCTURE,
            "needs push or pullRequest",
        ),
        (
            lambda p: p.update(
                triggers=[_trigger("Source", push=[{"branches": MAIN, "tags": MAIN}])]
            ),
            STRUCTURE,
            "not both",
        ),
        (
            lambda p: p.update(triggers=[_trigger("Source", push=[{"filePaths": MAIN}])]),
            STRUCTURE,
            "needs branches",
        ),
    ],
)
def test_a_trigger_that_aws_does_not_take_is_rejected(
    change: Change, code: str, words: str
) -> None:
    is_rejected(change, code, words)
