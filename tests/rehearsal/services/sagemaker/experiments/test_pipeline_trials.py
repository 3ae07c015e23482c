"""Experiments of pipelines: one trial for each execution, with the jobs of its steps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    Eventually,
    Run,
    definition,
    processing,
    runner,
    steps_of,
)

CONFIG = {
    "ExperimentName": {"Get": "Execution.PipelineName"},
    "TrialName": {"Get": "Execution.PipelineExecutionId"},
}


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually) -> Run:
    return runner(sagemaker, eventually)


def with_config(config: Any, *steps: dict[str, Any]) -> str:
    return json.dumps({**json.loads(definition(*steps)), "PipelineExperimentConfig": config})


def test_the_jobs_of_an_execution_are_in_its_trial(sagemaker: Any, run: Run) -> None:
    execution = run(with_config(CONFIG, processing("Prepare"), processing("Check")))
    identifier = execution["PipelineExecutionArn"].rpartition("/")[2]
    jobs = {
        step["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
        for step in steps_of(sagemaker, execution).values()
    }

    (experiment,) = sagemaker.list_experiments()["ExperimentSummaries"]
    (trial,) = sagemaker.list_trials(ExperimentName=experiment["ExperimentName"])["TrialSummaries"]
    components = sagemaker.list_trial_components(TrialName=identifier)["TrialComponentSummaries"]

    assert trial["TrialName"] == identifier
    assert {one["TrialComponentName"] for one in components} == {
        f"{job}-aws-processing-job" for job in jobs
    }
    for job in jobs:
        described = sagemaker.describe_processing_job(ProcessingJobName=job)
        assert described["ExperimentConfig"]["TrialName"] == identifier
        tags = sagemaker.list_tags(ResourceArn=described["ProcessingJobArn"])["Tags"]
        arn = execution["PipelineExecutionArn"]
        assert {"Key": "sagemaker:pipeline-execution-arn", "Value": arn} in tags


def test_a_step_with_its_trial_stays_in_it(sagemaker: Any, run: Run) -> None:
    sagemaker.create_experiment(ExperimentName="Mine")
    sagemaker.create_trial(TrialName="own", ExperimentName="Mine")
    step = processing("Prepare")
    step["Arguments"]["ExperimentConfig"] = {"ExperimentName": "Mine", "TrialName": "own"}

    execution = run(with_config(CONFIG, step))

    identifier = execution["PipelineExecutionArn"].rpartition("/")[2]
    own = sagemaker.list_trial_components(TrialName="own")["TrialComponentSummaries"]
    assert len(own) == 1
    assert sagemaker.list_trial_components(TrialName=identifier)["TrialComponentSummaries"] == []


@pytest.mark.parametrize("config", [None, "absent"])
def test_a_pipeline_without_a_configuration_has_no_experiment(
    sagemaker: Any, run: Run, config: Any
) -> None:
    step = processing("Prepare")
    execution = run(definition(step) if config == "absent" else with_config(config, step))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert sagemaker.list_experiments()["ExperimentSummaries"] == []
