"""The tuning jobs of earlier runs, from whose trials a new search starts.

AWS starts a job from parents with the same objective and the same number of hyperparameters, if at
most ten values have changed. Image and data of a run differ from those of its parents, so the type
is TransferLearning.

Source: "Restrictions" in
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError
from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.failure import InputError

from pipeline import program
from pipeline.configuration import Configuration
from pipeline.project import Project

MAX_EXECUTIONS = 20  # that are searched, the newest first
MAX_CHANGES = 10
STEP = "Tune"


def warm_start_parents(
    sagemaker: Any, project: Project, configuration: Configuration, metric: Metric
) -> tuple[str, ...]:
    """Returns the names of the tuning jobs from which the search of a run starts.

    Args:
        sagemaker: boto3 client of SageMaker.
        project: resources of the project.
        configuration: content of `config.yaml`.
        metric: metric of the project.

    Returns:
        The jobs that `tuning.warm_start` names, or the newest comparable one of the project; an
        empty tuple if no job is comparable.

    Raises:
        InputError: the role of the train build cannot read the tuning jobs.
    """
    chosen = configuration.tuning.warm_start
    if not isinstance(chosen, bool):
        return chosen
    if not chosen:
        return ()
    try:
        for name in islice(_tuning_jobs(sagemaker, project), MAX_EXECUTIONS):
            job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
            difference = _difference(job, configuration, metric)
            if not difference:
                print(f"warm start: {name}", flush=True)
                return (name,)
            print(f"warm start: not {name}, because {difference}", flush=True)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        raise InputError(
            f"tuning.warm_start: the role of the train build cannot read tuning jobs ({error}); "
            "deploy the project's stack of this release, which grants "
            "sagemaker:DescribeHyperParameterTuningJob"
        ) from error
    print("warm start: no comparable tuning job, so the search starts anew", flush=True)
    return ()


def hyperparameters(configuration: Configuration, metric: Metric) -> dict[str, object]:
    """Returns the hyperparameters of a trial that the tuner does not vary.

    Args:
        configuration: content of `config.yaml`.
        metric: metric of the project.
    """
    fixed = {
        name: value
        for name, value in configuration.training.items()
        if name not in configuration.tuning.ranges
    }
    return {
        "metric": metric.name,
        **fixed,
        **program.job_settings(configuration),
    }


def _tuning_jobs(sagemaker: Any, project: Project) -> Iterator[str]:
    """Yields the completed tuning jobs of the project's pipeline, the newest first."""
    try:
        response = sagemaker.list_pipeline_executions(
            PipelineName=project.pipeline_name,
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=MAX_EXECUTIONS,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFound", "ResourceNotFoundException"):
            return  # the first run of the project
        raise
    for execution in response["PipelineExecutionSummaries"]:
        pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=execution["PipelineExecutionArn"]
        )
        for page in pages:
            for step in page["PipelineExecutionSteps"]:
                arn = step.get("Metadata", {}).get("TuningJob", {}).get("Arn")
                if arn and step["StepName"] == STEP and step["StepStatus"] == "Succeeded":
                    yield str(arn).rpartition("/")[2]


def _difference(job: Mapping[str, Any], configuration: Configuration, metric: Metric) -> str:
    """Returns why a run cannot start from a tuning job, or an empty string."""
    config = job["HyperParameterTuningJobConfig"]
    objective = config["HyperParameterTuningJobObjective"]["MetricName"]
    if objective != f"validation:{metric.name}":
        return f"its objective is {objective}"
    before = dict(job["TrainingJobDefinition"].get("StaticHyperParameters", {}))
    tuned_before = {one["Name"] for ranges in config["ParameterRanges"].values() for one in ranges}
    now = {name: str(value) for name, value in hyperparameters(configuration, metric).items()}
    names, names_before = {*now, *configuration.tuning.ranges}, {*before, *tuned_before}
    if names != names_before:
        return f"its hyperparameters differ: {', '.join(sorted(names ^ names_before))}"
    changes = sum(
        1 if name in tuned_before else 2
        for name, value in now.items()
        if name in tuned_before or not _equal(before[name], value)
    )
    if changes > MAX_CHANGES:
        return f"more than {MAX_CHANGES} values of hyperparameters have changed"
    return ""


def _equal(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return one == other
