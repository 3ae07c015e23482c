"""Processing job: creates the baselines of a model before it is registered.

Each model brings its own baselines, so that a monitor compares traffic with the data and the
quality of the model that serves it. They are those of `monitor --baseline`, in one job:

    data-quality/      raw training rows, and the distribution of predictions
    model-quality/     metrics of the held-out rows
    explainability/    attributions of the held-out rows, with `analysis_config.json`
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

from mlops_jobs.evaluation.analysis_config import bias_config, facet, shap_config
from mlops_jobs.failure import exit_with_message
from mlops_jobs.monitoring.job import MESSAGE, make_baseline
from mlops_jobs.monitoring.model import LoadModel
from mlops_jobs.monitoring.settings import Analysis

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
    _write_config(
        options.output, Analysis.MODEL_EXPLAINABILITY, shap_config(load_once(archive).columns)
    )
    if options.facet:
        config = bias_config(load_once(archive), options.facet, options.favorable)
        file = _write_config(options.output, Analysis.MODEL_BIAS, config)
        inputs[Analysis.MODEL_BIAS] = {**held_out, "analysis_config": str(file)}
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


def _write_config(output: Path, analysis: Analysis, config: dict[str, Any]) -> Path:
    file = output / FOLDERS[analysis] / CONFIG_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(config, indent=1, ensure_ascii=False), encoding="utf-8")
    return file


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
