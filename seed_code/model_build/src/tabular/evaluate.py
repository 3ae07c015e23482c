"""Processing job: scores the model on the held-out rows and writes `evaluation.json`.

The rows are raw and are read and encoded as on the endpoint, so the report measures the quality of
the endpoint's predictions.
"""

import argparse
import json
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mlops_jobs.evaluation.metrics import binary_report, multiclass_report, regression_report
from mlops_jobs.evaluation.problem_type import ProblemType
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.table import RawTable

from tabular.predictor import Predictor
from tabular.schema import MODEL_FILES

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output/evaluation")


def evaluate(model: Path, test: Path, output: Path) -> dict[str, Any]:
    """Runs the job.

    Args:
        model: folder with `model.tar.gz`.
        test: folder with the raw held-out rows.
        output: folder for the report.

    Returns:
        The report.

    Raises:
        InputError: model or rows cannot be read.
    """
    predictor = read_archive(model / "model.tar.gz")
    report = _report(predictor, RawTable.in_folder(test))
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return report


def read_archive(file: Path) -> Predictor:
    """Reads the model from `model.tar.gz`.

    The archive is not extracted, because it could name paths outside its folder.

    Args:
        file: path of the archive.

    Returns:
        The model.

    Raises:
        InputError: the file is not an archive with a model.
    """
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream:
                    contents[member.name.removeprefix("./")] = stream.read()
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{file}: cannot be read as a tar.gz archive: {error}") from error
    missing = set(MODEL_FILES) - set(contents)
    if missing:
        raise InputError(
            f"{file}: got {sorted(contents)}; add {sorted(missing)}, which the training job writes"
        )
    schema, model = (contents[name] for name in MODEL_FILES)
    return Predictor.load(schema, model)


def _report(predictor: Predictor, table: RawTable) -> dict[str, Any]:
    schema = predictor.schema
    names = table.columns()
    positions = [names.index(column.name) for column in schema.features]
    target_index = names.index(schema.target)
    predictions, texts = [], []
    for rows in table.pieces():
        cells = list(zip(*rows, strict=True))
        predictions.append(predictor.predict([cells[position] for position in positions]))
        texts += [text.strip() for text in cells[target_index]]
    predicted = np.concatenate(predictions).astype(np.float64)
    if schema.problem_type is ProblemType.REGRESSION:
        metrics = regression_report(np.array(texts, dtype=float), predicted)
    else:
        codes = {label: code for code, label in enumerate(schema.labels)}
        actual = np.array([codes[text] for text in texts], dtype=np.intp)
        if schema.problem_type is ProblemType.BINARY:
            metrics = binary_report(actual, predicted[:, 1], schema.labels)
        else:
            metrics = multiclass_report(actual, predicted, schema.labels)
    return {
        "version": 0.0,
        "dataset": {"item_count": len(texts)},
        schema.problem_type.report: metrics,
    }


def _print(report: dict[str, Any]) -> None:
    print(f"{report['dataset']['item_count']} held-out rows")
    for group in (problem_type.report for problem_type in ProblemType):
        for name, measure in report.get(group, {}).items():
            if isinstance(measure, dict) and "value" in measure:
                print(f"{name} {measure['value']:.6f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    parser = argparse.ArgumentParser(prog="tabular.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=INPUT / "model")
    parser.add_argument("--test", type=Path, default=INPUT / "test")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    with exit_with_message(Path("/opt/ml/output/message")):
        _print(evaluate(options.model, options.test, options.output))


if __name__ == "__main__":
    main(sys.argv[1:])
