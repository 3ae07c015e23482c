"""Processing job: measures forecasts of the held-out periods and writes `evaluation.json`.

The held-out rows are forecast as on the endpoint, from origins that are a horizon apart. The
seasonal naive forecast of the same rows is the baseline.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jobs.evaluation import job
from mlops_jobs.evaluation.gate import Gate, gate_of
from mlops_jobs.evaluation.job import Champion, Extent
from mlops_jobs.evaluation.quality import report_of
from mlops_jobs.evaluation.report import finite
from mlops_jobs.failure import exit_with_message
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.series.encoding import Vector
from mlops_jobs.series.metrics import (
    BASELINE,
    GROUP,
    METRICS,
    forecast_metric,
    forecast_report,
)
from mlops_jobs.series.model import ForecastModel, LoadPredictor
from mlops_jobs.table.raw import RawTable

MAX_STEPS = 50  # of the report by step


def evaluate(
    load_predictor: LoadPredictor,
    model: Path,
    test: Path,
    output: Path,
    *,
    deployed: Champion | None = None,
    slices: Sequence[str] = (),
    metric: str | None = None,
    gate: Gate | None = None,
) -> dict[str, Any]:
    """Runs the job.

    Args:
        load_predictor: loads the function that predicts encoded rows.
        model: folder with `model.tar.gz`.
        test: folder with the raw held-out rows.
        output: folder for the report.
        deployed: the deployed model; it is compared by its mean absolute error. Defaults to None:
            nothing is compared.
        slices: columns by whose values rows are evaluated separately. Defaults to none: the most
            important ones.
        metric: metric of forecasts that decides. Defaults to None: the scaled error, `mase`.
        gate: what the model must reach to be registered. Defaults to None: the report does not
            name it.

    Returns:
        The report.

    Raises:
        InputError: model or rows cannot be read.
    """
    loaded: list[ForecastModel] = []

    def load(folder: Path) -> ForecastModel:
        found = ForecastModel.load(folder, load_predictor)
        # The deployed model forecasts from the same values, so that only the models differ.
        loaded.append(found.with_history_of(loaded[0]) if loaded else found)
        return loaded[-1]

    extent = Extent(metric="mae", deployed=deployed, slices=slices)
    report = job.evaluate(load, model, test, output, extent)
    if gate is not None:
        report["gate"] = gate.to_json(forecast_metric(metric))
    return _with_forecasts(report, loaded[0], test, output)


def write_report(model: ForecastModel, test: Path, output: Path) -> dict[str, Any]:
    """Measures the forecasts of a model and writes `evaluation.json` and `evaluation.html`.

    Args:
        model: the model.
        test: folder with the raw held-out rows.
        output: folder for the report.

    Returns:
        The report.

    Raises:
        InputError: the rows cannot be read.
    """
    return _with_forecasts(job.write_report(model, test, output, "mae"), model, test, output)


def print_report(report: dict[str, Any]) -> None:
    """Prints the metrics of a report beside those of the seasonal naive forecast.

    Args:
        report: result of `write_report`.
    """
    job.print_report(report)
    naive = report["baseline"][BASELINE]
    for metric in METRICS:
        value = report[GROUP][metric.key]["value"]
        print(f"{metric.name} {value!r} (seasonal naive {naive[metric.key]['value']!r})")
    print(f"coverage {report[GROUP]['coverage']['value']!r}")


def _with_forecasts(
    report: dict[str, Any], model: ForecastModel, test: Path, output: Path
) -> dict[str, Any]:
    """Adds what only forecasts have to a report, and writes it again."""
    report |= finite(_forecasts(model, RawTable.in_folder(test), report["baseline"]))
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (output / job.FILE).write_text(text, encoding="utf-8")
    return report


def _forecasts(model: ForecastModel, table: RawTable, baseline: dict[str, Any]) -> dict[str, Any]:
    names = table.columns()
    rows = [row for piece in table.pieces() for row in piece]
    cells = list(zip(*rows, strict=True))
    actual = np.array([float(text) for text in cells[names.index(model.target)]])
    found = model.forecast([cells[names.index(name)] for name in model.features])
    middle = model.quantiles.index(0.5)
    series = (
        [model.schema.names.index(name.strip()) for name in cells[names.index(model.schema.series)]]
        if model.schema.series
        else [0] * len(rows)
    )
    scale = model.scale[series]
    ends = found.quantiles[:, [0, -1]]
    forecast = np.column_stack([found.quantiles[:, middle], ends, scale])
    naive = np.column_stack([found.naive, ends, scale])
    naive_metrics = _numbers(forecast_report(actual, naive)) | _numbers(
        report_of(ProblemType.REGRESSION, (), actual, found.naive)
    )
    for name in ("coverage", "interval_width"):  # the naive forecast has no interval
        del naive_metrics[name]
    return {
        GROUP: forecast_report(actual, forecast),
        "forecast": {
            "horizon": model.schema.horizon,
            "season": model.schema.season,
            "series": len(model.schema.names),
            "nominal_coverage": model.quantiles[-1] - model.quantiles[0],
            "by_step": _by_step(found.steps, actual, forecast, found.naive),
        },
        "baseline": {**baseline, BASELINE: naive_metrics},
    }


def _numbers(report: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"value": measure["value"]}
        for name, measure in report.items()
        if isinstance(measure, dict) and "value" in measure
    }


def _by_step(
    steps: np.ndarray[Any, np.dtype[np.int64]], actual: Vector, forecast: Vector, naive: Vector
) -> list[dict[str, float]]:
    """Returns how error and coverage grow with the distance from the origin."""
    found = []
    for step in np.unique(steps)[:MAX_STEPS].tolist():
        here = steps == step
        measures = forecast_report(actual[here], forecast[here])
        error = np.abs(naive[here] - actual[here]) / forecast[here, 3]
        found.append(
            {
                "step": step,
                "mase": measures["mase"]["value"],
                "mase_of_seasonal_naive": float(error.mean()),
                "coverage": measures["coverage"]["value"],
            }
        )
    return found


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments."""
    options = job.parser()
    options.description = __doc__
    return options


def main(load_predictor: LoadPredictor, arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        load_predictor: loads the function that predicts encoded rows.
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    deployed = Champion(
        folder=options.champion, version=options.champion_version, margin=options.margin
    )
    with exit_with_message(Path("/opt/ml/output/message")):
        report = evaluate(
            load_predictor,
            options.model,
            options.test,
            options.output,
            deployed=deployed,
            slices=options.slice,
            metric=options.metric,
            gate=gate_of(options),
        )
        print_report(report)
