"""The search space of a hyperparameter tuning job, drawn by Optuna."""

from __future__ import annotations

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

from rehearsal.services.sagemaker.data.failure import JobFailedError, UnsupportedError

DEFAULT_SEED = 0
"""Used when RandomSeed is left out, so that a rehearsal repeats itself."""


@dataclass(frozen=True)
class SearchSpace:
    """Optuna's distributions by name; `reversed_names` are drawn as 1 - x, dense near one."""

    distributions: dict[str, BaseDistribution]
    reversed_names: frozenset[str]


def space(ranges: Mapping[str, Any]) -> SearchSpace:
    """The distributions of ParameterRanges.

    `Auto` scaling is linear here. Raises JobFailedError for limits that cannot be, UnsupportedError
    for AutoParameters.
    """
    if ranges.get("AutoParameters"):
        raise UnsupportedError("AutoParameters", "Give the ranges.")
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
        raise JobFailedError("ClientError: ParameterRanges must hold at least one range.")
    return SearchSpace(found, frozenset(reverse))


def _limits(given: Mapping[str, Any]) -> tuple[float, float, str]:
    low, high = float(given["MinValue"]), float(given["MaxValue"])
    scaling = given.get("ScalingType", "Auto")
    name = given["Name"]
    if not low < high:
        raise JobFailedError(
            f"ClientError: The range of {name} is empty: MinValue {low} must be below MaxValue "
            f"{high}."
        )
    if scaling == "Logarithmic" and low <= 0:
        raise JobFailedError(
            f"ClientError: {name}: Logarithmic scaling needs MinValue above 0, got {low}."
        )
    if scaling == "ReverseLogarithmic" and not (low >= 0 and high < 1):
        raise JobFailedError(
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
        raise JobFailedError(
            f"ClientError: {given['Name']}: ReverseLogarithmic scaling is for continuous ranges."
        )
    return IntDistribution(math.ceil(low), math.floor(high), log=scaling == "Logarithmic")


def as_hyperparameters(values: Mapping[str, Any], given: SearchSpace) -> dict[str, str]:
    """Drawn values as SageMaker hands them to a training job: all strings."""
    found = {}
    for name, value in values.items():
        if name in given.reversed_names:
            found[name] = repr(1 - float(value))
        else:
            found[name] = value if isinstance(value, str) else repr(value)
    return found


def grid(given: SearchSpace) -> list[dict[str, Any]]:
    """Every combination; SageMaker allows categorical ranges only."""
    kinds = given.distributions
    numeric = [name for name in kinds if not isinstance(kinds[name], CategoricalDistribution)]
    if numeric:
        raise JobFailedError(
            "ClientError: The Grid strategy takes CategoricalParameterRanges only; got "
            f"{', '.join(numeric)}."
        )
    choices = [kind.choices for kind in kinds.values()]
    return [dict(zip(kinds, values, strict=True)) for values in itertools.product(*choices)]


def sampler(strategy: str, seed: int | None, parallel: int) -> optuna.samplers.BaseSampler:
    """Optuna's sampler for a Strategy. Bayesian is a tree-structured Parzen estimator."""
    number = DEFAULT_SEED if seed is None else seed
    if strategy == "Bayesian":
        start = max(4, parallel)
        return optuna.samplers.TPESampler(seed=number, n_startup_trials=start, constant_liar=True)
    if strategy in ("Random", "Grid"):
        return optuna.samplers.RandomSampler(seed=number)
    raise UnsupportedError(f"the tuning strategy {strategy}", "Use Bayesian, Random or Grid.")
