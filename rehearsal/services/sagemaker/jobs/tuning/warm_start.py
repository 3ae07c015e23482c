"""Warm start of hyperparameter tuning jobs: what a job must have in common with its parents.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
(Restrictions), HyperParameterTuningJobWarmStartConfig.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.data_plane import ParentTrial
from rehearsal.services.sagemaker.records import Record

MAX_CHANGES = 10
MAX_TRAINING_JOBS = 750
"""The quota of training jobs in one tuning job; those of the parents count too."""
IDENTICAL = "IdenticalDataAndAlgorithm"
_ENDED = ("Completed", "Stopped", "Failed")
_KINDS = ("Integer", "Continuous", "Categorical")


def parents_of(record: Mapping[str, Any]) -> list[str]:
    """Returns the names of the parents; none without WarmStartConfig."""
    config = record.get("WarmStartConfig") or {}
    given = config.get("ParentHyperParameterTuningJobs", ())
    return [parent.get("HyperParameterTuningJobName", "") for parent in given]


def check(record: Mapping[str, Any], parents: Sequence[Record], launched: int) -> None:
    """Validates a tuning job against its parents.

    Args:
        record: the request.
        parents: the descriptions of the parents.
        launched: number of training jobs that the parents launched.

    Raises:
        AwsError: ValidationException, if AWS does not start the job from these parents;
            ResourceLimitExceeded, if their training jobs exceed the quota.
    """
    for parent in parents:
        for problem in _problems(record, parent):
            name = parent["HyperParameterTuningJobName"]
            raise AwsError("ValidationException", f"WarmStartConfig: parent {name}: {problem}")
    asked = record["HyperParameterTuningJobConfig"]["ResourceLimits"].get(
        "MaxNumberOfTrainingJobs", 0
    )
    if launched + asked > MAX_TRAINING_JOBS:
        raise AwsError(
            "ResourceLimitExceeded",
            f"MaxNumberOfTrainingJobs is {asked}, and the parents launched {launched} training "
            f"jobs; a tuning job and its parents can have {MAX_TRAINING_JOBS} in total.",
        )


def trials_of(parent: Record, summaries: Sequence[Mapping[str, Any]]) -> list[ParentTrial]:
    """Returns the trials of a parent that have a value of the objective."""
    static = (parent.get("TrainingJobDefinition") or {}).get("StaticHyperParameters") or {}
    name = parent["HyperParameterTuningJobName"]
    return [
        ParentTrial(
            hyperparameters={**static, **summary["TunedHyperParameters"]},
            value=float(summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]),
            summary={**summary, "TuningJobName": name},
        )
        for summary in summaries
        if "FinalHyperParameterTuningJobObjectiveMetric" in summary
    ]


def _problems(record: Mapping[str, Any], parent: Mapping[str, Any]) -> Iterator[str]:
    status = parent["HyperParameterTuningJobStatus"]
    if status not in _ENDED:
        yield f"it is {status}; parents must be in a terminal state: {', '.join(_ENDED)}."
        return
    now, before = _objective(record), _objective(parent)
    if now != before:
        yield f"its objective is {before}; that of the new job must be the same, got {now}."
    tunable, tunable_before = _ranges(record), _ranges(parent)
    static, static_before = _static(record), _static(parent)
    number, number_before = len({*tunable, *static}), len({*tunable_before, *static_before})
    if number != number_before:
        yield (
            f"it has {number_before} static and tunable hyperparameters in total; the new job "
            f"must have as many, got {number}."
        )
    for name in tunable:
        kind, kind_before = tunable[name][0], tunable_before.get(name, tunable[name])[0]
        if kind != kind_before:
            yield f"the type of {name} is {kind_before}; it must not change, got {kind}."
    changes = _changes(static, static_before, tunable_before)
    if changes > MAX_CHANGES:
        yield (
            "hyperparameters that were tunable and are static, and changed values of static "
            f"ones, can be {MAX_CHANGES} changes at most; got {changes}."
        )
    config = record["WarmStartConfig"]
    if config["WarmStartType"] == IDENTICAL:
        yield from _differences(record, parent)


def _differences(record: Mapping[str, Any], parent: Mapping[str, Any]) -> Iterator[str]:
    now, before = record["TrainingJobDefinition"], parent["TrainingJobDefinition"]
    if now.get("InputDataConfig", []) != before.get("InputDataConfig", []):
        yield f"{IDENTICAL} needs the same InputDataConfig; use TransferLearning for other data."
    # A version of the image that does not affect the algorithm is allowed.
    image, image_before = (
        _repository(one["AlgorithmSpecification"].get("TrainingImage", "")) for one in (now, before)
    )
    names = [one["AlgorithmSpecification"].get("AlgorithmName", "") for one in (now, before)]
    if image != image_before or names[0] != names[1]:
        yield f"{IDENTICAL} needs the same training image; use TransferLearning for another one."


def _repository(image: str) -> str:
    """Returns an image without its tag or digest."""
    host, separator, name = image.partition("@")[0].rpartition("/")
    return f"{host}{separator}{name.partition(':')[0]}"


def _changes(
    static: Mapping[str, str],
    static_before: Mapping[str, str],
    tunable_before: Mapping[str, tuple[str, int]],
) -> int:
    """Returns the number of changes; "Each value in a categorical hyperparameter counts"."""
    fixed = sum(values for name, (_, values) in tunable_before.items() if name in static)
    changed = [
        value
        for name, value in static.items()
        if name in static_before and value != static_before[name]
    ]
    return fixed + sum(1 if _is_number(value) else 2 for value in changed)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _objective(record: Mapping[str, Any]) -> str:
    given = record["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective") or {}
    return f"{given.get('Type')} {given.get('MetricName')}"


def _static(record: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = record["TrainingJobDefinition"].get("StaticHyperParameters") or {}
    return found


def _ranges(record: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Returns the type of each tunable hyperparameter, and its number of values or 1."""
    ranges = record["HyperParameterTuningJobConfig"].get("ParameterRanges") or {}
    return {
        one["Name"]: (kind, len(one.get("Values", ())) or 1)
        for kind in _KINDS
        for one in ranges.get(f"{kind}ParameterRanges") or ()
    }
