"""A selective execution runs some steps with the results of an earlier one."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from tests.rehearsal.fakes import ROLE
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    Eventually,
    Run,
    condition,
    definition,
    processing,
    runner,
    steps_of,
    wait_for,
)

STAGE = {"Name": "Stage", "Type": "String", "DefaultValue": "dev"}
DEPTH = {"Name": "Depth", "Type": "Integer", "DefaultValue": 1}


def after(name: str, *needed: str) -> dict[str, Any]:
    """A step that refers to others and shows both parameters."""
    step = processing(name)
    step["Arguments"]["Environment"] = {
        "STAGE": {"Get": "Parameters.Stage"},
        "DEPTH": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Depth"}]}},
        **{one: {"Get": f"Steps.{one}.ProcessingJobArn"} for one in needed},
    }
    return step


# A - B - C - Check - (D | E)
PIPELINE = definition(
    after("A"),
    after("B", "A"),
    after("C", "B"),
    {**condition("Check", 1, [after("D", "C")], [after("E", "C")]), "DependsOn": ["C"]},
    parameters=(STAGE, DEPTH),
)


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually) -> Run:
    return runner(sagemaker, eventually)


@pytest.fixture
def source(run: Run) -> str:
    """The ARN of a whole execution."""
    arn: str = run(PIPELINE, start={"Stage": "x", "Depth": "5"})["PipelineExecutionArn"]
    return arn


def start(sagemaker: Any, source: str | None, *steps: str, **extra: Any) -> str:
    config: dict[str, Any] = {"SelectedSteps": [{"StepName": name} for name in steps]}
    if source is not None:
        config["SourcePipelineExecutionArn"] = source
    arn: str = sagemaker.start_pipeline_execution(
        PipelineName="churn-train",
        ClientRequestToken="s" * 32,
        SelectiveExecutionConfig=config,
        **extra,
    )["PipelineExecutionArn"]
    return arn


def test_selected_steps_run_with_results_and_parameters_of_the_source(
    sagemaker: Any, data_plane: FakeDataPlane, source: str, eventually: Eventually
) -> None:
    first = steps_of(sagemaker, {"PipelineExecutionArn": source})
    before = len(data_plane.runs)

    arn = start(sagemaker, source, "B", "C", PipelineParameters=[{"Name": "Stage", "Value": "y"}])
    execution = wait_for(sagemaker, eventually, arn)

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert execution["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"] == source
    job_b, job_c = data_plane.runs[before:]
    assert job_b.request["Environment"] == {
        "STAGE": "y",
        "DEPTH": "5",
        "A": first["A"]["Metadata"]["ProcessingJob"]["Arn"],
    }
    steps = steps_of(sagemaker, execution)
    assert set(steps) == {"A", "B", "C"}
    assert steps["A"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}
    assert "SelectiveExecutionResult" not in steps["B"]
    assert job_c.request["Environment"]["B"] == steps["B"]["Metadata"]["ProcessingJob"]["Arn"]


def test_a_step_of_a_branch_can_be_selected_without_its_condition(
    sagemaker: Any, data_plane: FakeDataPlane, source: str, eventually: Eventually
) -> None:
    execution = wait_for(sagemaker, eventually, start(sagemaker, source, "E"))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert set(steps_of(sagemaker, execution)) == {"C", "E"}


def test_a_selected_condition_chooses_among_selected_steps(
    sagemaker: Any, source: str, eventually: Eventually
) -> None:
    execution = wait_for(sagemaker, eventually, start(sagemaker, source, "Check", "D", "E"))

    assert set(steps_of(sagemaker, execution)) == {"C", "Check", "D"}


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("Nope",), "the pipeline has no step Nope; it has A, B, C, Check, D, E"),
        (("A", "C"), "B is between A and C: select it, too"),
        (("B", "D"), "C is between B and D: select it, too"),
        (("C", "D"), "Check is between C and D: select it, too"),
    ],
)
def test_steps_that_do_not_belong_together_are_rejected(
    sagemaker: Any, source: str, steps: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        start(sagemaker, source, *steps)

    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_results_of_other_steps_need_a_source(sagemaker: Any, source: str) -> None:
    with pytest.raises(ClientError, match="B needs results of A: give SourcePipelineExecutionArn"):
        start(sagemaker, None, "B")


def test_steps_without_needs_run_without_a_source(
    sagemaker: Any, source: str, eventually: Eventually
) -> None:
    execution = wait_for(sagemaker, eventually, start(sagemaker, None, "A"))

    assert set(steps_of(sagemaker, execution)) == {"A"}


def test_a_result_that_is_not_there_is_named(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    def fail(job: Any) -> dict[str, Any]:
        raise ExecutionFailedError("AlgorithmError: no")

    data_plane.behaviour["-B-"] = fail
    source = run(PIPELINE)["PipelineExecutionArn"]

    with pytest.raises(ClientError, match="C needs results of B, which did not succeed in arn"):
        start(sagemaker, source, "C")


def test_the_source_is_an_execution_of_the_same_pipeline(sagemaker: Any, source: str) -> None:
    sagemaker.create_pipeline(
        PipelineName="other",
        PipelineDefinition=PIPELINE,
        RoleArn=ROLE,
        ClientRequestToken="o" * 32,
    )

    with pytest.raises(ClientError, match=r"must be an ended execution of .*:pipeline/other"):
        sagemaker.start_pipeline_execution(
            PipelineName="other",
            ClientRequestToken="s" * 32,
            SelectiveExecutionConfig={
                "SourcePipelineExecutionArn": source,
                "SelectedSteps": [{"StepName": "A"}],
            },
        )
