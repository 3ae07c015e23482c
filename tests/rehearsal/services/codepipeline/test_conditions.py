"""Conditions of stages, and what follows from them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.codepipeline.checks import (
    Alarms,
    condition,
    prod_only,
    rule,
    with_checks,
)
from tests.rehearsal.services.codepipeline.workshop import (
    Workshop,
    ended,
    first_execution,
    stage_state,
    start,
    wait_for,
)


class Functions:
    """Lambda, whose function completes its job at once, as a test specifies."""

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
