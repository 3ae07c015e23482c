"""Processing job: scores a model on held-out rows and writes `evaluation.json`.

The rows are raw and are read and encoded as on the endpoint, so the report measures the quality of
the endpoint's predictions.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jobs.archive import load_archive
from mlops_jobs.evaluation.baseline import best_without_features
from mlops_jobs.evaluation.quality import report_of
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.model import LoadModel, Model
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.raw import RawTable

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output/evaluation")


def evaluate(load: LoadModel, model: Path, test: Path, output: Path) -> dict[str, Any]:
    """Runs the job.

    Args:
        load: loads the model of a folder.
        model: folder with `model.tar.gz`.
        test: folder with the raw held-out rows.
        output: folder for the report.

    Returns:
        The report.

    Raises:
        InputError: model or rows cannot be read.
    """
    return write_report(load_archive(model / "model.tar.gz", load), test, output)


def write_report(model: Model, test: Path, output: Path) -> dict[str, Any]:
    """Scores a model and writes `evaluation.json`.

    Args:
        model: the model.
        test: folder with the raw held-out rows.
        output: folder for the report.

    Returns:
        The report.

    Raises:
        InputError: the rows cannot be read, or have other columns than the model.
    """
    report = _report(model, RawTable.in_folder(test))
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return report


def _report(model: Model, table: RawTable) -> dict[str, Any]:
    names = table.columns()
    missing = [name for name in [*model.features, model.target] if name not in names]
    if missing:
        raise InputError(
            f"{table.files[0].name}: got no column {missing[0]!r}, which the model has; use the "
            "held-out rows of the same preprocessing"
        )
    positions = [names.index(name) for name in model.features]
    target_index = names.index(model.target)
    predictions, texts = [], []
    for rows in table.pieces():
        cells = list(zip(*rows, strict=True))
        predictions.append(model.predict([cells[position] for position in positions]))
        texts += [text.strip() for text in cells[target_index]]
    if not texts:
        raise InputError(f"{table.files[0].name}: got no row; held-out rows are needed")
    predicted = np.concatenate(predictions).astype(np.float64)
    if model.problem_type is ProblemType.REGRESSION:
        actual = np.array(texts, dtype=np.float64)
    else:
        codes = {label: code for code, label in enumerate(model.labels)}
        actual = np.array([codes[text] for text in texts], dtype=np.float64)
    metrics = report_of(model.problem_type, model.labels, actual, predicted)
    return {
        "version": 0.0,
        "dataset": {"item_count": len(texts)},
        model.problem_type.report: metrics,
        "baseline": {
            "without_features": best_without_features(model.problem_type, model.labels, actual)
        },
    }


def print_report(report: dict[str, Any]) -> None:
    """Prints the metrics of a report with all of their digits.

    Args:
        report: result of `write_report`.
    """
    print(f"{report['dataset']['item_count']} held-out rows")
    for group in (problem_type.report for problem_type in ProblemType):
        for name, measure in report.get(group, {}).items():
            if isinstance(measure, dict) and "value" in measure:
                print(f"{name} {measure['value']!r}")


def main(load: LoadModel, arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        load: loads the model of a folder.
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=INPUT / "model")
    parser.add_argument("--test", type=Path, default=INPUT / "test")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    with exit_with_message(Path("/opt/ml/output/message")):
        print_report(evaluate(load, options.model, options.test, options.output))
