"""Traffic without drift, and with known drift, for the simulations of monitoring."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mlops_jobs.evaluation.analysis_config import BiasConfig, Facet
from mlops_jobs.monitoring import data_quality, model_bias, model_quality
from mlops_jobs.monitoring.columns.summary import Summary
from mlops_jobs.monitoring.constraints import read_constraints
from mlops_jobs.monitoring.data_quality import Baseline
from mlops_jobs.monitoring.labeled_groups import LabeledGroups
from mlops_jobs.monitoring.traffic.labeled import Labeled
from mlops_jobs.monitoring.traffic.predictions import Prediction
from mlops_jobs.problem_type import ProblemType

Vector = npt.NDArray[np.float64]
Dice = np.random.Generator
Shift = Callable[[Vector, Dice], Vector]
CATEGORIES = (2, 3, 5, 10, 90, 3)
NUMBERS = 14
MISSING_SHARE = 0.1
BIAS = BiasConfig(
    label="label",
    favorable=("1",),
    facets=(Facet(name="group", values=("d",)),),
    group_variable="region",
)


def columns(dice: Dice, rows: int, shift: Shift | None = None) -> pl.DataFrame:
    """Returns 20 features: 14 of numbers, of several shapes, and 6 of categories.

    Args:
        dice: random numbers.
        rows: number of rows.
        shift: changes the first feature, which is normal. Defaults to None: there is no drift.
    """
    table: dict[str, pl.Series] = {}
    for at in range(NUMBERS):
        values = _numbers(dice, at, rows)
        if shift is not None and at == 0:
            values = shift(values, dice)
        cells = pl.Series(values).cast(pl.String)
        if at % 4 == 1:
            keep = pl.Series(dice.random(rows) >= MISSING_SHARE)
            cells = pl.select(pl.when(keep).then(cells)).to_series()
        table[f"n{at}"] = cells
    for at, count in enumerate(CATEGORIES):
        weights = 1 / np.arange(1, count + 1) if count > 10 else np.ones(count)
        chosen = dice.choice(count, rows, p=weights / weights.sum())
        table[f"c{at}"] = pl.Series([f"v{one}" for one in chosen], dtype=pl.String)
    return pl.DataFrame(table)


def _numbers(dice: Dice, at: int, rows: int) -> Vector:
    match at % 5:
        case 0:
            return dice.normal(size=rows)
        case 1:
            return dice.lognormal(size=rows)
        case 2:
            return dice.integers(0, 6, rows).astype(np.float64)
        case 3:
            return dice.exponential(size=rows)
    values: Vector = dice.normal(size=rows) * dice.choice([1.0, 10.0], rows)
    return values


def baseline_of_columns(dice: Dice, rows: int) -> Baseline:
    """Returns the baseline of `columns`, as it is read from its files.

    Args:
        dice: random numbers.
        rows: number of rows.
    """
    summary = Summary()
    summary.add(columns(dice, rows))
    found = data_quality.describe(summary)
    return Baseline(
        constraints=read_constraints(json.dumps(found.constraints).encode()),
        statistics=data_quality.read_statistics(json.dumps(found.statistics).encode()),
    )


def violations_of_columns(
    dice: Dice, baseline: Baseline, rows: int, shift: Shift | None = None
) -> list[dict[str, str]]:
    """Returns the violations of a window.

    Args:
        dice: random numbers.
        baseline: the baseline.
        rows: number of rows of the window.
        shift: as for `columns`. Defaults to None.
    """
    summary = Summary(baseline.types)
    summary.add(columns(dice, rows, shift))
    return data_quality.compare(summary, baseline).violations


def labeled_rows(
    actual: Sequence[str], predictions: Sequence[Prediction], rows: Sequence[dict[str, Any]]
) -> Labeled:
    """Returns labeled rows.

    Args:
        actual: ground truth.
        predictions: predictions.
        rows: cells.
    """
    return Labeled(actual=list(actual), predictions=list(predictions), rows=list(rows))


def classified(dice: Dice, rows: int) -> Labeled:
    """Returns predictions of a calibrated binary model for two groups.

    Args:
        dice: random numbers.
        rows: number of rows.
    """
    share = dice.beta(1, 2, rows)
    label = dice.random(rows) < share
    member, region = dice.random(rows) < 0.4, dice.integers(0, 3, rows)
    return labeled_rows(
        ["1" if one else "0" for one in label],
        [Prediction(label="1" if one >= 0.5 else "0", scores=(float(one),)) for one in share],
        [
            {"group": "d" if one else "a", "region": str(place), "score": str(value)}
            for one, place, value in zip(member, region, share, strict=True)
        ],
    )


def regressed(dice: Dice, rows: int) -> Labeled:
    """Returns predictions of a regression with heavy tails.

    Args:
        dice: random numbers.
        rows: number of rows.
    """
    value = dice.normal(size=rows)
    actual = value + dice.standard_t(4, size=rows)
    return labeled_rows(
        [repr(float(one)) for one in actual],
        [Prediction(label=repr(float(one))) for one in value],
        [],
    )


def quality_baseline(dice: Dice, rows: int) -> Mapping[str, Mapping[str, Any]]:
    """Returns the constraints of `classified`.

    Args:
        dice: random numbers.
        rows: number of rows.
    """
    found = model_quality.describe(classified(dice, rows), ProblemType.BINARY, ["0", "1"])
    return model_quality.read_constraints(json.dumps(found.constraints).encode())[1]


def bias_baseline(dice: Dice, rows: int) -> model_bias.Baseline:
    """Returns the bias metrics of `classified`.

    Args:
        dice: random numbers.
        rows: number of rows.
    """
    found = model_bias.describe(LabeledGroups.of(BIAS, classified(dice, rows)))
    return model_bias.read_baseline(json.dumps(found.constraints).encode())
