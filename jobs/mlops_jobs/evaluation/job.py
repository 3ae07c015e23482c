"""Processing job: scores a model on held-out rows and writes `evaluation.json`.

The rows are raw and are read and encoded as on the endpoint, so the report measures the quality of
the endpoint's predictions. The deployed model, the champion, predicts the same rows.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jobs.archive import load_archive
from mlops_jobs.evaluation import champion
from mlops_jobs.evaluation.baseline import best_without_features
from mlops_jobs.evaluation.quality import metric_of
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.failure import exit_with_message
from mlops_jobs.model import LoadModel, Model
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.raw import RawTable

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output/evaluation")


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The deployed model.

    Args:
        folder: folder with its `model.tar.gz`; without one there is no champion.
        version: ARN of its model package, or `none`.
        margin: loss of the metric that is accepted. Defaults to 0.
    """

    folder: Path
    version: str
    margin: float = 0.0


def evaluate(
    load: LoadModel,
    model: Path,
    test: Path,
    output: Path,
    *,
    metric: str | None = None,
    deployed: Champion | None = None,
) -> dict[str, Any]:
    """Runs the job.

    Args:
        load: loads the model of a folder.
        model: folder with `model.tar.gz`.
        test: folder with the raw held-out rows.
        output: folder for the report.
        metric: metric of the project. Defaults to None: the first one of the kind of target.
        deployed: the deployed model. Defaults to None: nothing is compared.

    Returns:
        The report.

    Raises:
        InputError: model or rows cannot be read.
    """
    challenger = load_archive(model / champion.ARCHIVE, load)
    rows = HeldOut.read(RawTable.in_folder(test))
    scored = Scored.of(challenger, rows)
    report = _report(scored)
    if deployed is not None:
        report["champion"] = champion.compare(
            load,
            deployed.folder,
            deployed.version,
            scored,
            challenger,
            rows,
            metric=metric_of(scored.problem_type, metric),
            margin=deployed.margin,
        )
    _write(report, output)
    return report


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
    report = _report(Scored.of(model, HeldOut.read(RawTable.in_folder(test))))
    _write(report, output)
    return report


def _write(report: dict[str, Any], output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def _report(scored: Scored) -> dict[str, Any]:
    naive = best_without_features(scored.problem_type, scored.labels, scored.actual)
    return {
        "version": 0.0,
        "dataset": {"item_count": scored.rows},
        scored.problem_type.report: scored.report(),
        "baseline": {"without_features": naive},
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
    if "champion" in report:
        print(f"champion: {report['champion']['verdict']}")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments."""
    options = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    options.add_argument("--model", type=Path, default=INPUT / "model")
    options.add_argument("--test", type=Path, default=INPUT / "test")
    options.add_argument("--metric", help="defaults to auc, accuracy or rmse")
    options.add_argument("--champion", type=Path, default=INPUT / "champion")
    options.add_argument("--champion-version", default=champion.NO_CHAMPION, metavar="ARN")
    options.add_argument("--margin", type=float, default=0.0)
    options.add_argument("--output", type=Path, default=OUTPUT)
    return options


def main(load: LoadModel, arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        load: loads the model of a folder.
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    deployed = Champion(
        folder=options.champion, version=options.champion_version, margin=options.margin
    )
    with exit_with_message(Path("/opt/ml/output/message")):
        report = evaluate(
            load,
            options.model,
            options.test,
            options.output,
            metric=options.metric,
            deployed=deployed,
        )
        print_report(report)
