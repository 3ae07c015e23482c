"""Where a tuning job looks: ranges, strategies, scales."""

from __future__ import annotations

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.tuning.parameters import as_hyperparameters, space
from tests.rehearsal.services.sagemaker.jobs.trials import (
    CONTINUOUS,
    INTEGER,
    Training,
    by_depth,
    tune,
)


def test_values_stay_in_their_ranges_and_static_ones_are_given() -> None:
    training = Training(by_depth)
    tune(training)
    for values in training.drawn:
        assert 0.001 <= float(values["rate"]) <= 1
        assert values["depth"] in {"2", "3", "4", "5", "6"}
        assert values["booster"] in {"gbtree", "dart"}
        assert values["rounds"] == "10"
        assert values["_tuning_objective_metric"] == "auc"  # SageMaker adds it
    names = [str(job["TrainingJobName"]) for job in training.requests]
    assert len(set(names)) == 6
    assert all(len(name) <= 63 for name in names)


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_one_seed_gives_the_same_trials(strategy: str) -> None:
    drawn = []
    for seed in (None, None, 7):
        training = Training(by_depth)
        config = {"Strategy": strategy} | ({} if seed is None else {"RandomSeed": seed})
        tune(training, **config)
        drawn.append(training.drawn)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_bayesian_search_learns_from_its_trials() -> None:
    limits = {"MaxNumberOfTrainingJobs": 24, "MaxParallelTrainingJobs": 1}
    training = Training(lambda values: -abs(float(values["rate"]) - 0.8))
    tune(
        training, ResourceLimits=limits, ParameterRanges={"ContinuousParameterRanges": [CONTINUOUS]}
    )
    distances = [abs(float(values["rate"]) - 0.8) for values in training.drawn]
    assert sum(distances[12:]) < sum(distances[:12]) / 2


def test_grid_takes_every_combination() -> None:
    training = Training(lambda values: float(values["b"]))
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "a", "Values": ["x", "y"]},
            {"Name": "b", "Values": ["1", "2", "3"]},
        ]
    }
    limits = {"MaxParallelTrainingJobs": 4}
    result = tune(training, Strategy="Grid", ParameterRanges=ranges, ResourceLimits=limits)
    combinations = {(values["a"], values["b"]) for values in training.drawn}
    assert len(training.requests) == len(combinations) == 6
    assert result["BestTrainingJob"]["TunedHyperParameters"]["b"] == "3"


def test_reverse_logarithmic_scaling_is_dense_near_one() -> None:
    found = space(
        {
            "ContinuousParameterRanges": [
                {
                    "Name": "m",
                    "MinValue": "0",
                    "MaxValue": "0.999",
                    "ScalingType": "ReverseLogarithmic",
                }
            ]
        }
    )
    low, high = found.distributions["m"].low, found.distributions["m"].high
    assert as_hyperparameters({"m": low}, found) == {"m": repr(1 - low)}
    assert float(as_hyperparameters({"m": high}, found)["m"]) == 0
    assert found.distributions["m"].log


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MinValue": "2", "MaxValue": "1"}, "range of rate is empty"),
        ({"MinValue": "0", "ScalingType": "Logarithmic"}, "needs MinValue above 0"),
        ({"MaxValue": "2", "ScalingType": "ReverseLogarithmic"}, "needs 0 <= range < 1"),
    ],
)
def test_invalid_limits_are_rejected(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ExecutionFailedError, match=message):
        space({"ContinuousParameterRanges": [CONTINUOUS | changes]})


def test_integers_have_no_reverse_logarithmic_scaling() -> None:
    given = INTEGER | {"ScalingType": "ReverseLogarithmic", "MinValue": "0", "MaxValue": "0.5"}
    with pytest.raises(ExecutionFailedError, match="is for continuous ranges"):
        space({"IntegerParameterRanges": [given]})
