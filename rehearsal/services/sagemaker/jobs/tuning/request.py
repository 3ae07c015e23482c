"""What a tuning job is asked for, and what it asks of its training jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.services.sagemaker.data.failure import JobFailedError, UnsupportedError
from rehearsal.services.sagemaker.jobs.job import refuse_members
from rehearsal.services.sagemaker.jobs.tuning.trial import Trial

_UNSUPPORTED = {
    "TrainingJobDefinitions": "Give one TrainingJobDefinition.",
    "WarmStartConfig": "Leave it out: each tuning job starts afresh.",
    "Autotune": "Leave it out.",
}
_UNSUPPORTED_OF_CONFIG = {
    "TuningJobCompletionCriteria": "Limit MaxNumberOfTrainingJobs.",
    "StrategyConfig": "Leave it out: it is for the Hyperband strategy.",
}
_UNSUPPORTED_OF_TRAINING = {
    "TuningObjective": "Put it into HyperParameterTuningJobConfig.",
    "HyperParameterRanges": "Put ParameterRanges into HyperParameterTuningJobConfig.",
    "HyperParameterTuningResourceConfig": "Use ResourceConfig.",
}


def objective_of(request: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the HyperParameterTuningJobObjective.

    Raises:
        UnsupportedError: if the request has a member that is not supported.
        JobFailedError: if the request cannot be carried out.
    """
    refuse_members(request, _UNSUPPORTED)
    config, training = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
    refuse_members(config, _UNSUPPORTED_OF_CONFIG)
    refuse_members(training, _UNSUPPORTED_OF_TRAINING)
    if "HyperParameterTuningJobObjective" not in config:
        raise UnsupportedError(
            "a tuning job without HyperParameterTuningJobObjective", "Name the metric."
        )
    objective: Mapping[str, str] = config["HyperParameterTuningJobObjective"]
    definitions = training["AlgorithmSpecification"].get("MetricDefinitions", [])
    names = [metric["Name"] for metric in definitions]
    if objective["MetricName"] not in names:
        raise JobFailedError(
            f"ClientError: The objective metric {objective['MetricName']} is not among "
            f"MetricDefinitions ({', '.join(names) or 'none'}). Add a Name and a Regex for it."
        )
    return objective


def training_request(definition: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    """The CreateTrainingJob request of a trial.

    `_tuning_objective_metric` is a hyperparameter that SageMaker itself adds to every training job
    of a tuning job; programs must not choke on it.
    """
    request = dict(definition)
    static = request.pop("StaticHyperParameters", {})
    request.pop("DefinitionName", None)
    metric = {"_tuning_objective_metric": trial.objective["MetricName"]}
    return request | {
        "TrainingJobName": trial.name,
        "HyperParameters": {**static, **trial.tuned, **metric},
    }
