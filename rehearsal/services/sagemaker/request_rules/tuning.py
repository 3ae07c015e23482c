"""Rules of hyperparameter tuning jobs."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import (
    at_most,
    bounded,
    exactly_one,
    exclusive,
    less,
    only_with,
    rule,
)
from rehearsal.framework.rules.rule import Call

_TUNE = "CreateHyperParameterTuningJob"
_CONFIG = "HyperParameterTuningJobConfig"
_RANGES = f"{_CONFIG}.ParameterRanges"
_KINDS = ("Integer", "Continuous", "Categorical")
_HYPERBAND = f"{_CONFIG}.StrategyConfig.HyperbandStrategyConfig"
_MAX_RANGES = 30
_DEFINITION = {
    "AlgorithmSpecification.TrainingImage": "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1",
    "AlgorithmSpecification.MetricDefinitions[0].Name": "auc",
    "AlgorithmSpecification.MetricDefinitions[0].Regex": "auc=(.*)",
    "OutputDataConfig.S3OutputPath": "s3://bucket/models",
    "ResourceConfig.InstanceType": "ml.m5.large",
    "ResourceConfig.InstanceCount": 1,
    "StoppingCondition.MaxRuntimeInSeconds": 600,
}
_JOB = {
    f"{_CONFIG}.Strategy": "Random",
    f"{_CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs": 4,
    f"{_CONFIG}.ResourceLimits.MaxParallelTrainingJobs": 2,
    f"{_CONFIG}.HyperParameterTuningJobObjective.MetricName": "auc",
    **{f"TrainingJobDefinition.{name}": value for name, value in _DEFINITION.items()},
}
_BAND = {
    **_JOB,
    f"{_CONFIG}.Strategy": "Hyperband",
    f"{_HYPERBAND}.MinResource": 1,
    f"{_HYPERBAND}.MaxResource": 10,
}


def _range(kind: str = "Continuous", index: Any = 0, **changes: Any) -> dict[str, Any]:
    given = {"Name": f"p{index}", **changes}
    return {
        f"{_RANGES}.{kind}ParameterRanges[{index}].{name}": value for name, value in given.items()
    }


def _numeric(call: Call) -> Iterator[tuple[str, Mapping[str, Any], float, float]]:
    for kind in _KINDS[:2]:
        for place, given in call.values(f"{_RANGES}.{kind}ParameterRanges[]"):
            try:
                yield place, given, float(given["MinValue"]), float(given["MaxValue"])
            except ValueError:
                continue


def _numbers(call: Call) -> Iterator[str]:
    for kind in _KINDS[:2]:
        for place, given in call.values(f"{_RANGES}.{kind}ParameterRanges[]"):
            for member in ("MinValue", "MaxValue"):
                try:
                    (int if kind == "Integer" else float)(given[member])
                except ValueError:
                    yield f"{place}.{member} must be a number; got {given[member]!r}."


def _limits(call: Call) -> Iterator[str]:
    for place, given, low, high in _numeric(call):
        if not low < high:
            yield (
                f"{place}: MinValue of {given['Name']} must be less than MaxValue ({high}); "
                f"got {low}."
            )


def _logarithmic(call: Call) -> Iterator[str]:
    for place, given, low, _ in _numeric(call):
        if given.get("ScalingType") == "Logarithmic" and low <= 0:
            yield f"{place}: Logarithmic scaling needs a MinValue above 0; got {low}."


def _reverse(call: Call) -> Iterator[str]:
    for place, given, low, high in _numeric(call):
        if given.get("ScalingType") == "ReverseLogarithmic" and (
            "Integer" in place or low < 0 or high >= 1
        ):
            yield (
                f"{place}: ReverseLogarithmic scaling is for continuous ranges within 0 <= x < 1; "
                f"got {low} to {high}."
            )


def _grid(call: Call) -> Iterator[str]:
    numeric = [given["Name"] for _, given, _, _ in _numeric(call)]
    if call.get(f"{_CONFIG}.Strategy") == "Grid" and numeric:
        yield (
            "The Grid strategy takes CategoricalParameterRanges only; got numeric ranges of "
            f"{', '.join(numeric)}."
        )


def _all_names(call: Call) -> list[str]:
    paths = [f"{_RANGES}.{kind}ParameterRanges[].Name" for kind in _KINDS]
    return [name for path in paths for _, name in call.values(path)]


def _range_names(call: Call) -> Iterator[str]:
    names = _all_names(call)
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        yield f"Hyperparameters have one range each; got several of {', '.join(repeated)}."


def _range_number(call: Call) -> Iterator[str]:
    number = len(_all_names(call))
    if number > _MAX_RANGES:
        yield f"ParameterRanges can have {_MAX_RANGES} hyperparameters in total; got {number}."


def _static(call: Call) -> Iterator[str]:
    static = call.get("TrainingJobDefinition.StaticHyperParameters") or {}
    if both := sorted(set(_all_names(call)) & set(static)):
        yield f"Hyperparameters are either static or tunable; got both for {', '.join(both)}."


def _objective(call: Call) -> Iterator[str]:
    wanted = call.get(f"{_CONFIG}.HyperParameterTuningJobObjective.MetricName")
    algorithm = call.get("TrainingJobDefinition.AlgorithmSpecification") or {}
    names = [one["Name"] for one in algorithm.get("MetricDefinitions") or ()]
    if wanted and algorithm.get("TrainingImage") and names and wanted not in names:
        yield (
            f"The objective metric {wanted} is not one of the MetricDefinitions of the training "
            f"job: {', '.join(names)}."
        )


RULES = (
    exactly_one(
        "tuning-definition",
        _TUNE,
        "TrainingJobDefinition",
        "TrainingJobDefinitions",
        source="CreateHyperParameterTuningJob, TrainingJobDefinitions",
        fails={name: value for name, value in _JOB.items() if name.startswith(_CONFIG)},
        passes=_JOB,
    ),
    at_most(
        "tuning-parallel-jobs",
        _TUNE,
        "MaxParallelTrainingJobs",
        "MaxNumberOfTrainingJobs",
        at=f"{_CONFIG}.ResourceLimits",
        source="ResourceLimits, MaxParallelTrainingJobs",
        fails={**_JOB, f"{_CONFIG}.ResourceLimits.MaxParallelTrainingJobs": 5},
        passes={**_JOB, f"{_CONFIG}.ResourceLimits.MaxParallelTrainingJobs": 4},
    ),
    rule(
        "tuning-objective-metric",
        _TUNE,
        "The objective metric is one of the MetricDefinitions.",
        _objective,
        source="MetricDefinition",
        fails={**_JOB, f"{_CONFIG}.HyperParameterTuningJobObjective.MetricName": "rmse"},
        passes=_JOB,
    ),
    only_with(
        "hyperband-config",
        _TUNE,
        "StrategyConfig",
        "Strategy",
        "Hyperband",
        at=_CONFIG,
        source="HyperParameterTuningJobConfig, StrategyConfig",
        fails={**_BAND, f"{_CONFIG}.Strategy": "Random"},
        passes=_BAND,
    ),
    less(
        "hyperband-resources",
        _TUNE,
        "MinResource",
        "MaxResource",
        at=_HYPERBAND,
        source="HyperbandStrategyConfig, MaxResource",
        fails={**_BAND, f"{_HYPERBAND}.MinResource": 10},
        passes={**_BAND, f"{_HYPERBAND}.MinResource": 9},
    ),
    bounded(
        "hyperband-epochs",
        _TUNE,
        "MaxResource",
        None,
        20_000,
        at=_HYPERBAND,
        source="HyperbandStrategyConfig, MaxResource",
        fails={**_BAND, f"{_HYPERBAND}.MaxResource": 20_001},
        passes={**_BAND, f"{_HYPERBAND}.MaxResource": 20_000},
    ),
    rule(
        "hyperband-early-stopping",
        _TUNE,
        "TrainingJobEarlyStoppingType is Off with the Hyperband strategy.",
        lambda call: (
            [f"TrainingJobEarlyStoppingType must be Off to use Hyperband; got {given}."]
            if (given := call.get(f"{_CONFIG}.TrainingJobEarlyStoppingType")) == "Auto"
            and call.get(f"{_CONFIG}.Strategy") == "Hyperband"
            else []
        ),
        source="HyperParameterTuningJobConfig, TrainingJobEarlyStoppingType",
        fails={**_BAND, f"{_CONFIG}.TrainingJobEarlyStoppingType": "Auto"},
        passes={**_BAND, f"{_CONFIG}.TrainingJobEarlyStoppingType": "Off"},
    ),
    exclusive(
        "tuning-instance-configs",
        _TUNE,
        "InstanceConfigs",
        "InstanceType",
        at="TrainingJobDefinition.HyperParameterTuningResourceConfig",
        source="HyperParameterTuningResourceConfig, InstanceConfigs",
        fails={
            **_JOB,
            "TrainingJobDefinition.HyperParameterTuningResourceConfig.InstanceType": "ml.m5.large",
            "TrainingJobDefinition.HyperParameterTuningResourceConfig.InstanceConfigs[0]"
            ".InstanceType": "ml.m5.large",
        },
        passes={
            **_JOB,
            "TrainingJobDefinition.HyperParameterTuningResourceConfig.InstanceType": "ml.m5.large",
        },
    ),
    rule(
        "range-numbers",
        _TUNE,
        "MinValue and MaxValue of numeric ranges are numbers.",
        _numbers,
        source="IntegerParameterRange, MinValue",
        fails={**_JOB, **_range("Integer", MinValue="1.5", MaxValue="3")},
        passes={**_JOB, **_range("Integer", MinValue="1", MaxValue="3")},
    ),
    rule(
        "range-limits",
        _TUNE,
        "MinValue of a range is less than MaxValue.",
        _limits,
        source="ContinuousParameterRange, MinValue and MaxValue",
        fails={**_JOB, **_range(MinValue="1", MaxValue="1")},
        passes={**_JOB, **_range(MinValue="0", MaxValue="1")},
    ),
    rule(
        "range-logarithmic",
        _TUNE,
        "Logarithmic scaling works for ranges of values above 0 only.",
        _logarithmic,
        source="ContinuousParameterRange, ScalingType",
        fails={**_JOB, **_range(MinValue="0", MaxValue="1", ScalingType="Logarithmic")},
        passes={**_JOB, **_range(MinValue="0.1", MaxValue="1", ScalingType="Logarithmic")},
    ),
    rule(
        "range-reverse-logarithmic",
        _TUNE,
        "Reverse logarithmic scaling works for continuous ranges within 0 <= x < 1 only.",
        _reverse,
        source="ContinuousParameterRange, ScalingType",
        fails={**_JOB, **_range(MinValue="0", MaxValue="1", ScalingType="ReverseLogarithmic")},
        passes={**_JOB, **_range(MinValue="0", MaxValue="0.9", ScalingType="ReverseLogarithmic")},
    ),
    rule(
        "grid-ranges",
        _TUNE,
        "The Grid strategy takes categorical ranges only.",
        _grid,
        source='"Understand the hyperparameter tuning strategies", grid search',
        fails={**_JOB, f"{_CONFIG}.Strategy": "Grid", **_range(MinValue="0", MaxValue="1")},
        passes={
            **_JOB,
            f"{_CONFIG}.Strategy": "Grid",
            **_range("Categorical", **{"Values[0]": "a"}),
        },
    ),
    rule(
        "range-names",
        _TUNE,
        "A hyperparameter has one range.",
        _range_names,
        source="ParameterRanges",
        fails={
            **_JOB,
            **_range(MinValue="0", MaxValue="1"),
            **_range("Integer", MinValue="0", MaxValue="1"),
        },
        passes={
            **_JOB,
            **_range(MinValue="0", MaxValue="1"),
            **_range("Integer", Name="depth", MinValue="0", MaxValue="1"),
        },
    ),
    rule(
        "range-number",
        _TUNE,
        "All ranges of a tuning job have 30 hyperparameters in total.",
        _range_number,
        source="HyperParameterTrainingJobDefinition, HyperParameterRanges",
        fails={
            **_JOB,
            **{k: v for n in range(16) for k, v in _range("Categorical", n).items()},
            **{
                k: v
                for n in range(15)
                for k, v in _range("Integer", n, Name=f"i{n}", MinValue="0", MaxValue="1").items()
            },
        },
        passes={**_JOB, **_range(MinValue="0", MaxValue="1")},
    ),
    rule(
        "static-or-tunable",
        _TUNE,
        "A hyperparameter is static or tunable, not both.",
        _static,
        source="HyperParameterTrainingJobDefinition, StaticHyperParameters",
        fails={
            **_JOB,
            **_range(MinValue="0", MaxValue="1"),
            "TrainingJobDefinition.StaticHyperParameters.p0": "1",
        },
        passes={
            **_JOB,
            **_range(MinValue="0", MaxValue="1"),
            "TrainingJobDefinition.StaticHyperParameters.depth": "1",
        },
    ),
    rule(
        "tuning-objective",
        _TUNE,
        "HyperParameterTuningJobObjective is required with one TrainingJobDefinition.",
        lambda call: (
            ["HyperParameterTuningJobObjective is required: name the metric."]
            if call.get("TrainingJobDefinition")
            and not call.get(f"{_CONFIG}.HyperParameterTuningJobObjective")
            else []
        ),
        source="HyperParameterTuningJobConfig, HyperParameterTuningJobObjective",
        fails={k: v for k, v in _JOB.items() if "Objective" not in k},
        passes=_JOB,
    ),
)
