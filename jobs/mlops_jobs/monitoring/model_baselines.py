"""Processing job: creates the baselines of a model before it is registered.

Each model brings its own baselines, so that a monitor compares traffic with the data and the
quality of the model that serves it. They are those of `monitor --baseline`, in one job:

    data-quality/      raw training rows, and the distribution of predictions
    model-quality/     metrics of the held-out rows
    explainability/    attributions of the held-out rows
    bias/              bias metrics of the held-out rows, with `analysis_config.json`

Predictions are those for held-out rows, because a model is more confident of rows that it has
learned from.
"""

import argparse
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.monitoring.job import MESSAGE, make_baseline
from mlops_jobs.monitoring.model import LoadModel, Model
from mlops_jobs.monitoring.settings import Analysis
from mlops_jobs.problem_type import ProblemType

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output/baseline")
FOLDERS = {
    Analysis.DATA_QUALITY: "data-quality",
    Analysis.MODEL_QUALITY: "model-quality",
    Analysis.MODEL_EXPLAINABILITY: "explainability",
    Analysis.MODEL_BIAS: "bias",
}
CONFIG_FILE = "analysis_config.json"


def write_baselines(options: argparse.Namespace, load: LoadModel) -> list[Path]:
    """Runs the job.

    Args:
        options: result of `parser`.
        load: loads the model from `model.tar.gz`.

    Returns:
        The folder of each baseline.

    Raises:
        InputError: rows or model cannot be read, or a facet does not exist.
    """
    archive: Path = options.model / "model.tar.gz"
    load_once = cache(load)
    shared = {"model_source": str(archive)}
    held_out = {"dataset_source": str(options.test), **shared}
    inputs = {
        Analysis.DATA_QUALITY: {
            "dataset_source": str(options.rows),
            "prediction_source": str(options.test),
            **shared,
        },
        Analysis.MODEL_QUALITY: held_out,
        Analysis.MODEL_EXPLAINABILITY: held_out,
    }
    if options.facet:
        folder: Path = options.output / FOLDERS[Analysis.MODEL_BIAS]
        folder.mkdir(parents=True, exist_ok=True)
        config = bias_config(load_once(archive), options.facet, options.favorable)
        text = json.dumps(config, indent=1, ensure_ascii=False)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        inputs[Analysis.MODEL_BIAS] = {**held_out, "analysis_config": str(folder / CONFIG_FILE)}
    written = []
    for analysis, environment in inputs.items():
        output = options.output / FOLDERS[analysis]
        make_baseline(
            {"analysis_type": analysis, "output_path": str(output), **environment},
            lambda _: load_once(archive),
        )
        print(f"baseline of {analysis}: {output.name}")
        written.append(output)
    return written


def bias_config(
    model: Model, facets: Sequence[dict[str, Any]], favorable: Sequence[str]
) -> dict[str, Any]:
    """Returns a configuration of bias analyses in the format of SageMaker Clarify.

    Args:
        model: the model.
        facets: the groups, each with `name_or_index` and `value_or_threshold`.
        favorable: labels with a favorable outcome; for a regression, the number above which the
            outcome is favorable. Empty: the positive label of a binary model.

    Raises:
        InputError: a facet is not a column of requests, or the favorable outcome is missing or not
            a label.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
    """
    for facet in facets:
        if facet["name_or_index"] not in model.columns:
            raise InputError(
                f"bias.facets: got {facet['name_or_index']!r}; allowed: {', '.join(model.columns)}"
            )
    chosen: list[Any] = list(favorable)
    if not chosen and model.problem_type is ProblemType.BINARY:
        chosen = [model.labels[1]]
    if not chosen:
        raise InputError(
            f"bias.favorable: got nothing for a {model.problem_type} target; name the favorable "
            "labels, or for a regression the number above which the outcome is favorable"
        )
    if model.problem_type is ProblemType.REGRESSION:
        chosen = [_number(text) for text in chosen]
    elif unknown := [label for label in chosen if label not in model.labels]:
        raise InputError(
            f"bias.favorable: got {', '.join(unknown)}; allowed: {', '.join(model.labels)}"
        )
    return {
        "label": model.target,
        "label_values_or_threshold": chosen,
        "facet": list(facets),
        "headers": list(model.columns),
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            f"bias.favorable: got {text!r} for a regression; allowed: a number"
        ) from error


def facet(text: str) -> dict[str, Any]:
    """Parses a facet as Clarify's configuration has it.

    Args:
        text: JSON object with `name_or_index` and `value_or_threshold`.

    Raises:
        ArgumentTypeError: the text is not such an object.
    """
    try:
        found = json.loads(text)
        return {
            "name_or_index": str(found["name_or_index"]),
            "value_or_threshold": list(found["value_or_threshold"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"got {text!r}; allowed: a JSON object with name_or_index and value_or_threshold"
        ) from error


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments."""
    options = argparse.ArgumentParser(prog="baseline", description=__doc__)
    options.add_argument("--model", type=Path, default=INPUT / "model")
    options.add_argument("--rows", type=Path, default=INPUT / "rows")
    options.add_argument("--test", type=Path, default=INPUT / "test")
    options.add_argument("--facet", type=facet, action="append", default=[])
    options.add_argument("--favorable", action="append", default=[], metavar="LABEL")
    options.add_argument("--output", type=Path, default=OUTPUT)
    return options


def main(load: LoadModel, arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        load: loads the model of the project from `model.tar.gz`.
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    with exit_with_message(MESSAGE):
        write_baselines(options, load)
