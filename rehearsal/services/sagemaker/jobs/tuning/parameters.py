"""The search space of a hyperparameter tuning job, which Optuna draws."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError

DEFAULT_SEED = 0
"""The RandomSeed by default, so that a rehearsal is repeatable."""


@dataclass(frozen=True)
class SearchSpace:
    """Optuna's distributions by name; `reversed_names` are drawn as 1 - x."""

    distributions: dict[str, BaseDistribution]
    reversed_names: frozenset[str]


def space(ranges: Mapping[str, Any]) -> SearchSpace:
    """Returns the distributions of ParameterRanges.

    `Auto` scaling is linear.

    Raises:
        ExecutionFailedError: a range has invalid limits.
    """
    found: dict[str, BaseDistribution] = {}
    reverse = set()
    for given in ranges.get("ContinuousParameterRanges", []):
        found[given["Name"]] = _continuous(given)
        if given.get("ScalingType") == "ReverseLogarithmic":
            reverse.add(given["Name"])
    for given in ranges.get("IntegerParameterRanges", []):
        found[given["Name"]] = _integer(given)
    for given in ranges.get("CategoricalParameterRanges", []):
        found[given["Name"]] = CategoricalDistribution(given["Values"])
    if not found:
        raise ExecutionFailedError("ClientError: ParameterRanges must hold at least one range.")
    return SearchSpace(found, frozenset(reverse))


def _limits(given: Mapping[str, Any]) -> tuple[float, float, str]:
    low, high = float(given["MinValue"]), float(given["MaxValue"])
    scaling = given.get("ScalingType", "Auto")
    name = given["Name"]
    if not low < high:
        raise ExecutionFailedError(
            f"ClientError: The range of {name} is empty: MinValue {low} must be below MaxValue "
            f"{high}."
        )
    if scaling == "Logarithmic" and low <= 0:
        raise ExecutionFailedError(
            f"ClientError: {name}: Logarithmic scaling needs MinValue above 0, got {low}."
        )
    if scaling == "ReverseLogarithmic" and not (low >= 0 and high < 1):
        raise ExecutionFailedError(
            f"ClientError: {name}: ReverseLogarithmic scaling needs 0 <= range < 1, got {low} to "
            f"{high}."
        )
    return low, high, scaling


def _continuous(given: Mapping[str, Any]) -> BaseDistribution:
    low, high, scaling = _limits(given)
    if scaling == "ReverseLogarithmic":
        return FloatDistribution(1 - high, 1 - low, log=True)
    return FloatDistribution(low, high, log=scaling == "Logarithmic")


def _integer(given: Mapping[str, Any]) -> BaseDistribution:
    low, high, scaling = _limits(given)
    if scaling == "ReverseLogarithmic":
        raise ExecutionFailedError(
            f"ClientError: {given['Name']}: ReverseLogarithmic scaling is for continuous ranges."
        )
    return IntDistribution(math.ceil(low), math.floor(high), log=scaling == "Logarithmic")


def as_hyperparameters(values: Mapping[str, Any], given: SearchSpace) -> dict[str, str]:
    """Returns drawn values as SageMaker passes them to a training job: all strings."""
    found = {}
    for name, value in values.items():
        if name in given.reversed_names:
            found[name] = repr(1 - float(value))
        else:
            found[name] = value if isinstance(value, str) else repr(value)
    return found


def drawn_values(hyperparameters: Mapping[str, str], given: SearchSpace) -> dict[str, Any] | None:
    """Returns the hyperparameters of another job as Optuna draws them.

    Returns:
        The values by name; None if one is missing or outside of its range.
    """
    found: dict[str, Any] = {}
    for name, kind in given.distributions.items():
        text = hyperparameters.get(name)
        if text is None:
            return None
        if isinstance(kind, CategoricalDistribution):
            found[name] = text
            if text not in kind.choices:
                return None
            continue
        try:
            number = float(text)
        except ValueError:
            return None
        number = 1 - number if name in given.reversed_names else number
        found[name] = int(number) if isinstance(kind, IntDistribution) else number
        if not (isinstance(kind, IntDistribution | FloatDistribution) and found[name] == number):
            return None
        if not kind.low <= number <= kind.high:
            return None
    return found


def grid(given: SearchSpace) -> list[dict[str, Any]]:
    """Returns every combination; SageMaker allows categorical ranges only."""
    kinds = given.distributions
    numeric = [name for name in kinds if not isinstance(kinds[name], CategoricalDistribution)]
    if numeric:
        raise ExecutionFailedError(
            "ClientError: The Grid strategy takes CategoricalParameterRanges only; got "
            f"{', '.join(numeric)}."
        )
    choices = [kind.choices for kind in kinds.values()]
    return [dict(zip(kinds, values, strict=True)) for values in itertools.product(*choices)]


def sampler(strategy: str, seed: int | None, parallel: int) -> optuna.samplers.BaseSampler:
    """Returns Optuna's sampler of a Strategy; Bayesian is a tree-structured Parzen estimator."""
    number = DEFAULT_SEED if seed is None else seed
    if strategy == "Bayesian":
        start = max(4, parallel)
        return optuna.samplers.TPESampler(seed=number, n_startup_trials=start, constant_liar=True)
    return optuna.samplers.RandomSampler(seed=number)
