"""Processing job: scores a model on held-out rows and writes `evaluation.json`, and a page.

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
from mlops_jobs.evaluation.analysis_config import bias_config, facet, read_bias_config
from mlops_jobs.evaluation.gate import Gate, add_gate_options, gate_of
from mlops_jobs.evaluation.page import PAGE, evaluation_page
from mlops_jobs.evaluation.quality import metric_of
from mlops_jobs.evaluation.report import Scope, finite, report_of_rows
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.failure import exit_with_message
from mlops_jobs.model import LoadModel, Model
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.raw import RawTable

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output/evaluation")
FILE = "evaluation.json"


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


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The extent of an evaluation.

    Args:
        metric: metric of the project. Defaults to None: the first one of the kind of target.
        deployed: the deployed model. Defaults to None: nothing is compared.
        slices: columns by whose values rows are evaluated separately. Defaults to none: the most
            important features.
        facets: groups whose treatment is measured, as in Clarify's configuration. Defaults to
            none.
        favorable: labels with a favorable outcome. Defaults to none: the positive label.
        gate: what the model must reach to be registered. Defaults to None: the report does not
            name it.
    """

    metric: str | None = None
    deployed: Champion | None = None
    slices: Sequence[str] = ()
    facets: Sequence[dict[str, Any]] = ()
    favorable: Sequence[str] = ()
    gate: Gate | None = None


EVERYTHING = Extent()


def evaluate(
    load: LoadModel, model: Path, test: Path, output: Path, extent: Extent = EVERYTHING
) -> dict[str, Any]:
    """Runs the job.

    Args:
        load: loads the model of a folder.
        model: folder with `model.tar.gz`.
        test: folder with the raw held-out rows.
        output: folder for the report.
        extent: the extent of the evaluation. Defaults to no comparison, and automatic slices.

    Returns:
        The report.

    Raises:
        InputError: model or rows cannot be read.
    """
    challenger = load_archive(model / champion.ARCHIVE, load)
    rows = HeldOut.read(RawTable.in_folder(test))
    scored = Scored.of(challenger, rows)
    metric = metric_of(scored.problem_type, extent.metric)
    report = report_of_rows(challenger, rows, scored, metric, _scope(challenger, extent))
    if extent.gate is not None:
        report["gate"] = extent.gate.to_json(metric)
    if extent.deployed is not None:
        report["champion"] = champion.compare(
            load,
            extent.deployed.folder,
            extent.deployed.version,
            scored,
            challenger,
            rows,
            metric=metric,
            margin=extent.deployed.margin,
        )
    return _write(challenger, report, output)


def write_report(
    model: Model, test: Path, output: Path, metric: str | None = None
) -> dict[str, Any]:
    """Scores a model and writes `evaluation.json` and `evaluation.html`.

    Args:
        model: the model.
        test: folder with the raw held-out rows.
        output: folder for the report.
        metric: metric of the project. Defaults to None: the first one of the kind of target.

    Returns:
        The report.

    Raises:
        InputError: the rows cannot be read, or have other columns than the model.
    """
    rows = HeldOut.read(RawTable.in_folder(test))
    scored = Scored.of(model, rows)
    chosen = metric_of(scored.problem_type, metric)
    return _write(model, report_of_rows(model, rows, scored, chosen, Scope()), output)


def _scope(model: Model, extent: Extent) -> Scope:
    if not extent.facets:
        return Scope(slices=extent.slices)
    config = json.dumps(bias_config(model, extent.facets, extent.favorable))
    return Scope(slices=extent.slices, bias=read_bias_config(config.encode()))


def _write(model: Model, report: dict[str, Any], output: Path) -> dict[str, Any]:
    output.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = finite(report)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    (output / FILE).write_text(text, encoding="utf-8")
    (output / PAGE).write_text(evaluation_page(model.target, content), encoding="utf-8")
    return content


def print_report(report: dict[str, Any]) -> None:
    """Prints the metrics of a report with all of their digits.

    Args:
        report: result of `write_report`.
    """
    print(f"{report['dataset']['item_count']} held-out rows")
    ends = report["intervals"]["metrics"]
    for group in (problem_type.report for problem_type in ProblemType):
        for name, measure in report.get(group, {}).items():
            if isinstance(measure, dict) and "value" in measure:
                known = ends.get(name)
                shown = f" ({known['low']:.5g} to {known['high']:.5g})" if known else ""
                print(f"{name} {measure['value']!r}{shown}")
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
    add_gate_options(options)
    options.add_argument("--slice", action="append", default=[], metavar="COLUMN")
    options.add_argument("--facet", type=facet, action="append", default=[])
    options.add_argument("--favorable", action="append", default=[], metavar="LABEL")
    options.add_argument("--output", type=Path, default=OUTPUT)
    return options


def main(load: LoadModel, arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        load: loads the model of a folder.
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    extent = Extent(
        metric=options.metric,
        deployed=Champion(
            folder=options.champion, version=options.champion_version, margin=options.margin
        ),
        slices=options.slice,
        facets=options.facet,
        favorable=options.favorable,
        gate=gate_of(options),
    )
    with exit_with_message(Path("/opt/ml/output/message")):
        print_report(evaluate(load, options.model, options.test, options.output, extent))
