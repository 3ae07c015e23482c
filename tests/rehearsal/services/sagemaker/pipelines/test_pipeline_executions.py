"""Pipelines run: steps, parameters, caches, retries, events."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import (
    Behaviour,
    FakeDataPlane,
    fails,
    runs_until_stopped,
)
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    AUC,
    EVALUATE,
    FAIL,
    REGISTER,
    Eventually,
    Run,
    condition,
    definition,
    processing,
    report,
    runner,
    start_and_wait,
    steps_of,
    wait_for,
)


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually) -> Run:
    return runner(sagemaker, eventually)


def test_a_metric_above_the_threshold_registers_the_model(
    sagemaker: Any, platform: FakePlatform, data_plane: FakeDataPlane, run: Run
) -> None:
    data_plane.behaviour["Evaluate"] = report(platform, 0.95)
    execution = run(definition(EVALUATE, condition("Check", AUC, [REGISTER], [FAIL])))

    steps = steps_of(sagemaker, execution)

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert list(steps) == ["Evaluate", "Check", "Register"]
    assert steps["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    package = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    described = sagemaker.describe_model_package(ModelPackageName=package)
    generated_by = described["MetadataProperties"]["GeneratedBy"]
    assert generated_by == execution["PipelineExecutionArn"]
    job = steps["Evaluate"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    identifier = execution["PipelineExecutionArn"].rpartition("/")[2]
    assert job.startswith(f"pipelines-{identifier}-Evaluate-")
    assert len(identifier) == 12


def test_a_metric_below_the_threshold_takes_the_fail_step_and_registers_nothing(
    sagemaker: Any, platform: FakePlatform, data_plane: FakeDataPlane, run: Run
) -> None:
    data_plane.behaviour["Evaluate"] = report(platform, 0.5)
    execution = run(definition(EVALUATE, condition("Check", AUC, [REGISTER], [FAIL])))

    steps = steps_of(sagemaker, execution)

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    assert steps["TooBad"]["StepStatus"] == "Failed"
    assert steps["TooBad"]["FailureReason"] == "AUC is below 0.9"
    assert steps["TooBad"]["Metadata"] == {"Fail": {"ErrorMessage": "AUC is below 0.9"}}
    assert "Register" not in steps
    assert not sagemaker.list_model_packages()["ModelPackageSummaryList"]


def test_a_failed_job_fails_its_step_with_its_reason_and_stops_what_depends_on_it(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    data_plane.behaviour["First"] = fails("AlgorithmError: exit code 1")
    execution = run(
        definition(
            processing("First"), processing("Second", DependsOn=["First"]), processing("Other")
        )
    )

    steps = steps_of(sagemaker, execution)

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert steps["First"]["FailureReason"] == "ClientError: AlgorithmError: exit code 1"
    assert steps["Other"]["StepStatus"] == "Succeeded"
    assert "Second" not in steps


def test_a_call_that_iam_denies_fails_the_step(
    sagemaker: Any, platform: FakePlatform, run: Run
) -> None:
    sagemaker.create_pipeline(
        PipelineName="other",
        PipelineDefinition=definition(processing("First")),
        RoleArn=ROLE,
        ClientRequestToken="c" * 32,
    )
    platform.denied.add(("iam:PassRole", ROLE + "2"))
    step = processing("First")
    step["Arguments"]["RoleArn"] = ROLE + "2"

    execution = run(definition(step))

    reason = steps_of(sagemaker, execution)["First"]["FailureReason"]
    assert "Failed to invoke sagemaker:CreateProcessingJob" in reason
    assert "iam:PassRole" in reason


def test_parameters_reach_the_steps_and_are_listed(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    step = processing("First")
    step["Arguments"]["Environment"] = {"STAGE": {"Get": "Parameters.Stage"}}
    parameter = {
        "Name": "Stage",
        "Type": "String",
        "DefaultValue": "dev",
        "EnumValues": ["dev", "x"],
    }

    depth = {"Name": "Depth", "Type": "Integer", "DefaultValue": 3}

    execution = run(definition(step, parameters=(parameter, depth)), start={"Stage": "x"})

    assert data_plane.runs[0].request["Environment"] == {"STAGE": "x"}
    listed = sagemaker.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=execution["PipelineExecutionArn"]
    )
    assert listed["PipelineParameters"] == [
        {"Name": "Stage", "Value": "x"},
        {"Name": "Depth", "Value": "3"},
    ]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Nope": "1"}, "Unknown parameters: Nope; the pipeline has: Depth"),
        ({"Depth": "deep"}, "Parameter Depth must be of type Integer; got 'deep'"),
        ({"Depth": "9"}, "Parameter Depth must be one of 1, 2; got 9"),
        ({"Depth": "1_0"}, "Parameter Depth must be of type Integer; got '1_0'"),
        ({"Depth": "1.0"}, "Parameter Depth must be of type Integer; got '1.0'"),
        ({"Depth": ""}, r'\[string "" is too short \(length: 0, required minimum: 1\)\]'),
        ({"Rate": "nan"}, "Parameter Rate must be of type Float; got 'nan'"),
        ({"Rate": "fast"}, "Parameter Rate must be of type Float; got 'fast'"),
        ({"Fast": "yes"}, "Parameter Fast must be of type Boolean; got 'yes'"),
        ({"Stage": ""}, "is too short"),
    ],
)
def test_wrong_parameters_are_rejected(
    sagemaker: Any, run: Run, eventually: Eventually, parameters: dict[str, str], message: str
) -> None:
    parameters_of_the_pipeline = (
        {"Name": "Depth", "Type": "Integer", "DefaultValue": 1, "EnumValues": [1, 2]},
        {"Name": "Rate", "Type": "Float", "DefaultValue": 1},
        {"Name": "Fast", "Type": "Boolean", "DefaultValue": False},
        {"Name": "Stage", "Type": "String", "DefaultValue": "dev", "Description": "Stage"},
    )
    run(definition(processing("First"), parameters=parameters_of_the_pipeline))

    with pytest.raises(ClientError, match=message) as caught:
        start_and_wait(sagemaker, eventually, parameters)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    executions = sagemaker.list_pipeline_executions(PipelineName="churn-train")
    assert len(executions["PipelineExecutionSummaries"]) == 1


def test_a_parameter_is_given_once(sagemaker: Any, run: Run) -> None:
    stage = {"Name": "Stage", "Type": "String", "DefaultValue": "dev"}
    run(definition(processing("First"), parameters=(stage,)))

    with pytest.raises(ClientError, match="Parameter Stage is given more than once"):
        sagemaker.start_pipeline_execution(
            PipelineName="churn-train",
            PipelineParameters=[{"Name": "Stage", "Value": value} for value in ("a", "b")],
            ClientRequestToken="c" * 32,
        )


def test_a_cached_step_is_not_run_again_and_keeps_its_properties(
    sagemaker: Any,
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    run: Run,
    eventually: Eventually,
) -> None:
    data_plane.behaviour["Evaluate"] = report(platform, 0.95)
    cached = {**EVALUATE, "CacheConfig": {"Enabled": True, "ExpireAfter": "30d"}}
    first = run(definition(cached, condition("Check", AUC, [REGISTER], [FAIL])))
    second = start_and_wait(sagemaker, eventually, {})

    steps = steps_of(sagemaker, second)

    assert second["PipelineExecutionStatus"] == "Succeeded"
    assert steps["Evaluate"]["CacheHitResult"] == {
        "SourcePipelineExecutionArn": first["PipelineExecutionArn"]
    }
    assert len(data_plane.runs) == 1


def test_a_retry_policy_tries_an_internal_error_again(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    responses: list[Behaviour] = [fails("InternalServerError: try again"), lambda job: {}]
    data_plane.behaviour["First"] = lambda job: responses.pop(0)(job)
    policy = {
        "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
        "IntervalSeconds": 0,
        "MaxAttempts": 2,
    }

    execution = run(definition(processing("First", RetryPolicies=[policy])))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert steps_of(sagemaker, execution)["First"]["AttemptCount"] == 2


def test_a_stopped_execution_stops_its_jobs_and_can_be_retried(
    sagemaker: Any, data_plane: FakeDataPlane, eventually: Eventually
) -> None:
    data_plane.behaviour["Second"] = runs_until_stopped
    text = definition(processing("First"), processing("Second", DependsOn=["First"]))
    sagemaker.create_pipeline(
        PipelineName="churn-train",
        PipelineDefinition=text,
        RoleArn=ROLE,
        ClientRequestToken="a" * 32,
    )
    arn = sagemaker.start_pipeline_execution(
        PipelineName="churn-train", ClientRequestToken="d" * 32
    )["PipelineExecutionArn"]
    eventually(lambda: len(data_plane.runs) == 2)

    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="e" * 32)
    stopped = wait_for(sagemaker, eventually, arn)
    assert stopped["PipelineExecutionStatus"] == "Stopped"
    assert steps_of(sagemaker, stopped)["Second"]["StepStatus"] == "Stopped"

    data_plane.behaviour.clear()
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="f" * 32)
    retried = wait_for(sagemaker, eventually, arn)
    assert retried["PipelineExecutionStatus"] == "Succeeded"
    assert [job.name.split("-")[2] for job in data_plane.runs] == ["First", "Second", "Second"]


def test_the_tags_of_a_pipeline_pass_to_its_jobs(sagemaker: Any, run: Run) -> None:
    tags = [{"Key": "sagemaker:project-name", "Value": "churn"}]

    execution = run(definition(processing("First")), Tags=tags)

    job = steps_of(sagemaker, execution)["First"]["Metadata"]["ProcessingJob"]["Arn"]
    assert tags[0] in sagemaker.list_tags(ResourceArn=job)["Tags"]


def test_executions_and_steps_are_events(platform: FakePlatform, run: Run) -> None:
    execution = run(definition(processing("First")))

    statuses = platform.events_of("SageMaker Model Building Pipeline Execution Status Change")
    steps = platform.events_of("SageMaker Model Building Pipeline Execution Step Status Change")
    assert [s["currentPipelineExecutionStatus"] for s in statuses] == ["Executing", "Succeeded"]
    assert [s["currentStepStatus"] for s in steps] == ["Starting", "Executing", "Succeeded"]
    assert steps[-1]["metadata"]["processingJob"]["arn"].startswith("arn:aws:sagemaker:")
    assert steps[-1]["pipelineExecutionArn"] == execution["PipelineExecutionArn"]


def test_parallel_steps_are_limited(sagemaker: Any, data_plane: FakeDataPlane, run: Run) -> None:
    running: list[int] = [0, 0]

    def count(job: Any) -> dict[str, Any]:
        running[0] += 1
        running[1] = max(running)
        job.stop.wait(0.05)
        running[0] -= 1
        return {}

    data_plane.behaviour["Step"] = count
    execution = run(
        definition(*(processing(f"Step{number}") for number in range(4))),
        ParallelismConfiguration={"MaxParallelExecutionSteps": 1},
    )

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert running[1] == 1


def test_the_limit_of_parallel_steps_can_be_raised_meanwhile(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run, eventually: Eventually
) -> None:
    together = threading.Barrier(2)

    def meet(job: Any) -> dict[str, Any]:
        together.wait(60)
        return {}

    data_plane.behaviour["Step"] = meet
    sagemaker.create_pipeline(
        PipelineName="churn-train",
        PipelineDefinition=definition(processing("Step1"), processing("Step2")),
        RoleArn=ROLE,
        ClientRequestToken="a" * 32,
        ParallelismConfiguration={"MaxParallelExecutionSteps": 1},
    )
    arn = sagemaker.start_pipeline_execution(
        PipelineName="churn-train", ClientRequestToken="b" * 32
    )["PipelineExecutionArn"]

    sagemaker.update_pipeline_execution(
        PipelineExecutionArn=arn, ParallelismConfiguration={"MaxParallelExecutionSteps": 2}
    )

    assert wait_for(sagemaker, eventually, arn)["PipelineExecutionStatus"] == "Succeeded"


def test_a_job_is_named_by_pipelines_and_its_step_has_the_name(
    data_plane: FakeDataPlane, run: Run
) -> None:
    plain, named = processing("Prepare_Data"), processing("Other")
    named["Arguments"]["ProcessingJobName"] = "churn-prepare"
    for step in (plain, named):
        step["Arguments"]["Environment"] = {"JOB": {"Get": "Execution.ProcessingJobName"}}

    execution = run(definition(plain, {**named, "DependsOn": ["Prepare_Data"]}))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    identifier = execution["PipelineExecutionArn"].rpartition("/")[2]
    first, second = data_plane.runs
    assert re.fullmatch(f"pipelines-{identifier}-Prepare-Data-[A-Za-z0-9]{{10}}", first.name)
    assert re.fullmatch(f"churn-prepare-{identifier}-[A-Za-z0-9]{{10}}", second.name)
    assert [job.request["Environment"]["JOB"] for job in (first, second)] == [
        first.name,
        second.name,
    ]


def test_only_a_step_with_such_a_job_has_the_name_of_it(sagemaker: Any) -> None:
    step = processing("Prepare")
    step["Arguments"]["Environment"] = {"JOB": {"Get": "Execution.TrainingJobName"}}

    with pytest.raises(ClientError, match="a Processing step has no such job"):
        sagemaker.create_pipeline(
            PipelineName="p",
            PipelineDefinition=definition(step),
            RoleArn=ROLE,
            ClientRequestToken="a" * 32,
        )


def test_the_outcome_of_a_condition_is_a_property(data_plane: FakeDataPlane, run: Run) -> None:
    later = processing("Later")
    outcome = {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Check.Outcome"}]}}
    later["Arguments"]["Environment"] = {"GOOD": outcome}

    run(definition(condition("Check", 0.5, [], []), later))

    assert data_plane.runs[0].request["Environment"] == {"GOOD": "false"}


def test_a_fail_step_without_a_message_has_no_reason(sagemaker: Any, run: Run) -> None:
    execution = run(definition({**FAIL, "Arguments": {"ErrorMessage": ""}}))

    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    step = steps_of(sagemaker, execution)["TooBad"]
    assert "FailureReason" not in step
    assert step["Metadata"]["Fail"] == {"ErrorMessage": ""}
