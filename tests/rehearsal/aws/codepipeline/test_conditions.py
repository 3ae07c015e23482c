"""Conditions of stages, what follows from them, and rollbacks."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.execution.codepipeline_cron import in_window, window_problems
from tests.rehearsal.aws.codepipeline.workshop import (
    Workshop,
    ended,
    first_execution,
    pipeline_of,
    stage_state,
    start,
    wait_for,
)
from tests.rehearsal.fakes import FakePlatform


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


class Functions:
    """Lambda, whose function answers its job at once, as a test says."""

    def __init__(self, codepipeline: Any, *, good: bool = True) -> None:
        self.codepipeline, self.good = codepipeline, good
        self.jobs: list[Any] = []

    def invoke(self, **request: Any) -> None:
        job = json.loads(request["Payload"])["CodePipeline.job"]
        self.jobs.append(job)
        if self.good:
            self.codepipeline.put_job_success_result(jobId=job["id"])
        else:
            failure = {"type": "JobFailed", "message": "not today"}
            self.codepipeline.put_job_failure_result(jobId=job["id"], failureDetails=failure)


def test_a_stage_that_may_not_be_entered_fails_without_an_action(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(pipeline=with_checks(beforeEntry=condition("FAIL", prod_only())))
    execution_id = first_execution(codepipeline)
    assert ended(codepipeline, execution_id)["status"] == "Failed"
    assert workshop.builds == []
    found = stage_state(codepipeline, "Build")["beforeEntryConditionState"]
    assert found["latestExecution"]["status"] == "Failed"
    state = found["conditionStates"][0]["ruleStates"][0]
    assert (
        state["latestExecution"]["errorDetails"]["message"] == "'staging' EQ 'prod' does not hold"
    )
    shown = codepipeline.list_rule_executions(pipelineName="demo")["ruleExecutionDetails"]
    assert [(item["ruleName"], item["status"]) for item in shown] == [("VariableCheck", "Failed")]
    assert shown[0]["input"]["resolvedConfiguration"]["Variable"] == "staging"

    passing = start(codepipeline, variables=[{"name": "Stage", "value": "prod"}])
    assert ended(codepipeline, passing)["status"] == "Succeeded"


def test_a_person_overrides_the_condition_of_an_entry(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(pipeline=with_checks(beforeEntry=condition("FAIL", prod_only())))
    execution_id = first_execution(codepipeline)
    ended(codepipeline, execution_id)
    wanted = {
        "pipelineName": "demo",
        "stageName": "Build",
        "pipelineExecutionId": execution_id,
        "conditionType": "BEFORE_ENTRY",
    }
    codepipeline.override_stage_condition(**wanted)
    wait_for(lambda: workshop.builds)
    assert ended(codepipeline, execution_id)["status"] == "Succeeded"
    state = stage_state(codepipeline, "Build")["beforeEntryConditionState"]
    assert state["latestExecution"]["status"] == "Overridden"
    with pytest.raises(ClientError, match="can be overridden"):
        codepipeline.override_stage_condition(**wanted)


def test_a_stage_is_skipped_and_the_execution_goes_on(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(pipeline=with_checks(beforeEntry=condition("SKIP", prod_only())))
    assert ended(codepipeline, first_execution(codepipeline))["status"] == "Succeeded"
    assert workshop.builds == []
    assert stage_state(codepipeline, "Build")["latestExecution"]["status"] == "Skipped"


@pytest.mark.parametrize(
    ("check", "passes"),
    [
        (prod_only("NE"), True),
        (prod_only("CONTAINS", "stag"), True),
        (prod_only("MATCHES", "stag"), False),
        (prod_only("MATCHES", "stag.*"), True),
    ],
)
def test_variables_are_compared(codepipeline: Any, check: Any, passes: bool) -> None:
    codepipeline.create_pipeline(pipeline=with_checks(beforeEntry=condition("FAIL", check)))
    status = ended(codepipeline, first_execution(codepipeline))["status"]
    assert (status == "Succeeded") is passes


def test_an_alarm_that_comes_while_it_is_watched_rolls_the_stage_back(
    codepipeline: Any, workshop: Workshop, platform: FakePlatform
) -> None:
    watch = rule("CloudWatchAlarm", AlarmName="errors")
    platform.clients["cloudwatch"] = alarms = Alarms("OK")
    codepipeline.create_pipeline(pipeline=with_checks(onSuccess=condition("ROLLBACK", watch)))
    good = first_execution(codepipeline)
    assert ended(codepipeline, good)["status"] == "Succeeded"

    alarms.states = ["ALARM", "OK"]
    bad = start(codepipeline, sourceRevisions=[_commit("bad")])
    assert ended(codepipeline, bad)["status"] == "Failed"
    rollback = wait_for(lambda: _rollback(codepipeline))
    over = ended(codepipeline, rollback)
    assert over["status"] == "Succeeded"
    assert over["executionType"] == "ROLLBACK"
    assert over["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good}
    assert over["trigger"] == {"triggerType": "AutomatedRollback", "triggerDetail": bad}
    assert [build["ProjectName"] for build in workshop.builds] == [
        "p-c0ffee-staging",
        "p-bad-staging",
        "p-c0ffee-staging",
    ]
    assert stage_state(codepipeline, "Build")["latestExecution"]["type"] == "ROLLBACK"


def test_a_failed_stage_rolls_back_to_its_last_success(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(pipeline=with_checks(onFailure={"result": "ROLLBACK"}))
    good = first_execution(codepipeline)
    ended(codepipeline, good)
    workshop.failing = True
    bad = start(codepipeline)
    assert ended(codepipeline, bad)["status"] == "Failed"
    rollback = wait_for(lambda: _rollback(codepipeline))
    # What it goes back to fails, too: that is not rolled back again.
    assert ended(codepipeline, rollback)["status"] == "Failed"
    assert len(codepipeline.list_pipeline_executions(pipelineName="demo")[SUMMARIES]) == 3


def test_without_a_success_there_is_nothing_to_go_back_to(
    codepipeline: Any, workshop: Workshop
) -> None:
    workshop.failing = True
    codepipeline.create_pipeline(pipeline=with_checks(onFailure={"result": "ROLLBACK"}))
    over = ended(codepipeline, first_execution(codepipeline))
    assert over["status"] == "Failed"
    assert "cannot be rolled back" in over["statusSummary"]


def test_a_condition_may_keep_a_failed_stage_from_rolling_back(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(
        pipeline=with_checks(onFailure=condition("ROLLBACK", prod_only("EQ", "staging")))
    )
    ended(codepipeline, first_execution(codepipeline))
    workshop.failing = True
    ended(codepipeline, start(codepipeline))
    assert _rollback(codepipeline) is None


def test_a_person_rolls_a_stage_back(codepipeline: Any, workshop: Workshop) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    good = first_execution(codepipeline)
    ended(codepipeline, good)
    wanted = {"pipelineName": "demo", "targetPipelineExecutionId": good}
    made = codepipeline.rollback_stage(stageName="Build", **wanted)["pipelineExecutionId"]
    over = ended(codepipeline, made)
    assert over["status"] == "Succeeded"
    assert over["trigger"]["triggerType"] == "ManualRollback"
    assert "Source" not in {item["stageName"] for item in _actions(codepipeline, made)}

    with pytest.raises(ClientError, match="has sources"):
        codepipeline.rollback_stage(stageName="Source", **wanted)
    with pytest.raises(ClientError, match="is a rollback itself"):
        codepipeline.rollback_stage(
            stageName="Build", pipelineName="demo", targetPipelineExecutionId=made
        )
    codepipeline.update_pipeline(pipeline=pipeline_of())
    with pytest.raises(ClientError) as error:
        codepipeline.rollback_stage(stageName="Build", **wanted)
    assert error.value.response["Error"]["Code"] == "PipelineExecutionOutdatedException"


@pytest.mark.parametrize(("good", "status"), [(True, "Succeeded"), (False, "Failed")])
def test_a_function_decides(
    codepipeline: Any, platform: FakePlatform, good: bool, status: str
) -> None:
    asks = rule("LambdaInvoke", FunctionName="judge", UserParameters="strict")
    platform.clients["lambda"] = functions = Functions(codepipeline, good=good)
    codepipeline.create_pipeline(pipeline=with_checks(beforeEntry=condition("FAIL", asks)))
    assert ended(codepipeline, first_execution(codepipeline))["status"] == status
    given = functions.jobs[0]["data"]["actionConfiguration"]["configuration"]
    assert given == {"FunctionName": "judge", "UserParameters": "strict"}
    with pytest.raises(ClientError, match="no open job"):
        codepipeline.put_job_success_result(jobId=functions.jobs[0]["id"])


def test_stopping_ends_a_watch(codepipeline: Any, platform: FakePlatform) -> None:
    watch = rule("CloudWatchAlarm", AlarmName="errors", WaitTime="30")
    platform.clients["cloudwatch"] = Alarms("OK")
    codepipeline.create_pipeline(pipeline=with_checks(onSuccess=condition("FAIL", watch)))
    execution_id = first_execution(codepipeline)
    wait_for(lambda: codepipeline.list_rule_executions(pipelineName="demo")["ruleExecutionDetails"])
    codepipeline.stop_pipeline_execution(
        pipelineName="demo", pipelineExecutionId=execution_id, abandon=True
    )
    assert ended(codepipeline, execution_id)["status"] == "Stopped"


@pytest.mark.parametrize(
    ("cron", "at", "inside"),
    [
        ("* * 9-15 ? * MON-THU *", "2026-11-23T09:30", True),  # a Monday
        ("* * 9-15 ? * MON-THU *", "2026-11-22T09:30", False),
        ("* * 9-15 ? * MON-THU *", "2026-11-23T16:00", False),
        ("* 0/15 * * * ?", "2026-11-23T01:45", True),
        ("* 0/15 * * * ?", "2026-11-23T01:46", False),
        ("* * * 1,15 JAN ?", "2026-01-15T00:00", True),
        ("* * * ? * FRI-MON", "2026-11-22T00:00", True),
        ("* * * ? * FRI-MON", "2026-11-25T00:00", False),
        ("* * * * * ? 2027", "2026-11-25T00:00", False),
        ("* * * L * ?", "2026-11-30T00:00", True),
        ("* * * ? * 3#2", "2026-11-17T00:00", False),
    ],
)
def test_a_window_is_what_its_cron_expression_names(cron: str, at: str, inside: bool) -> None:
    assert in_window(cron, "UTC", datetime.fromisoformat(f"{at}+00:00")) is inside


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("* * * * ?", "UTC", "5 fields"),
        ("0 * * * * ?", "UTC", "first field"),
        ("* 61 * * * ?", "UTC", "cannot be read"),
        ("* x * * * ?", "UTC", "cannot be read"),
        ("* * * * * *", "UTC", "one of days and weekdays as ?"),
        ("* * * ? * WED", "Mars/Base", "no IANA"),
    ],
)
def test_a_window_that_cannot_be_read_is_refused(cron: str, zone: str, words: str) -> None:
    assert words in window_problems(cron, zone)[0]
    assert window_problems("* * * ? * WED", "UTC") == []


SUMMARIES = "pipelineExecutionSummaries"


def _commit(revision: str) -> dict[str, str]:
    return {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": revision}


def _rollback(codepipeline: Any) -> str | None:
    for found in codepipeline.list_pipeline_executions(pipelineName="demo")[SUMMARIES]:
        if found["executionType"] == "ROLLBACK":
            return str(found["pipelineExecutionId"])
    return None


def _actions(codepipeline: Any, execution_id: str) -> Any:
    return codepipeline.list_action_executions(
        pipelineName="demo", filter={"pipelineExecutionId": execution_id}
    )["actionExecutionDetails"]
