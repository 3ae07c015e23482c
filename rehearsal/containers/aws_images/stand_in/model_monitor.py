"""The analyzer of Model Monitor: baselines, and monitoring of data and model quality.

The engine is the package `mlops_jobs` in the image; this module adapts its input to the contract of
AWS's image. Files, variables and the exit message are those of AWS.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html
and https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html
"""

import importlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import monitored_data
from .monitored_data import CAPTURED, Attributes, InputError

MESSAGE = Path("/opt/ml/output/message")
_SCRIPTS = ("record_preprocessor_script", "post_analytics_processor_script")
_ATTRIBUTES = ("inference_attribute", "probability_attribute", "ground_truth_attribute")
_PROBLEMS = ("BinaryClassification", "MulticlassClassification", "Regression")


def main() -> None:
    """Runs the job that the environment describes."""
    failure = importlib.import_module("mlops_jobs.failure")
    with failure.exit_with_message(MESSAGE):
        try:
            result = analyze(os.environ)
        except InputError as error:
            raise failure.InputError(str(error)) from error
        print(result, flush=True)  # noqa: T201  # the job's log
        if MESSAGE.parent.is_dir():
            MESSAGE.write_text(result)


def analyze(environment: Mapping[str, str]) -> str:
    """Runs the analysis, writes its files and returns the exit message.

    Raises:
        InputError: the settings or the data are not valid, or not supported.
    """
    for name in _SCRIPTS:
        if environment.get(name):
            raise InputError(
                f"{name}: the rehearsal's stand-in for Model Monitor runs no scripts of the user; "
                "remove it, or monitor with an image of your own"
            )
    for name in ("features_attribute", "exclude_features_attribute"):
        if environment.get(name):
            raise InputError(
                f"{name}: the rehearsal's stand-in for Model Monitor analyzes all columns; remove "
                "it"
            )
    analysis = environment.get("analysis_type", "DATA_QUALITY")
    if analysis not in _ANALYSES:
        raise InputError(f"analysis_type: got {analysis}, expected {' or '.join(_ANALYSES)}")
    if not environment.get("dataset_source"):
        raise InputError("dataset_source: got nothing, expected the folder of the dataset")
    with tempfile.TemporaryDirectory() as folder:
        _ANALYSES[analysis](environment, Path(folder))
        return run_engine(environment, Path(folder))


def run_engine(environment: Mapping[str, str], events: Path, **settings: str) -> str:
    """Runs the engine on calls in the format of data capture and returns the exit message.

    Args:
        environment: the variables of the job.
        events: the folder of the calls.
        settings: further variables of the engine.
    """
    job = importlib.import_module("mlops_jobs.monitoring.job")
    given = {name: value for name, value in environment.items() if name not in _ATTRIBUTES}
    given |= {"dataset_source": str(events), "dataset_format": '{"sagemakerCaptureJson": {}}'}
    found = job.monitor(given | settings, _no_model)
    return str(found)


def _no_model(_: Path) -> Any:
    raise InputError("this analysis needs no model")


def _data_quality(environment: Mapping[str, str], events: Path) -> None:
    """Rewrites the dataset: all columns of a table, or responses and requests of an endpoint."""
    source = Path(environment["dataset_source"])
    kind, options = monitored_data.dataset_format(environment)
    if kind not in CAPTURED:
        rows = monitored_data.read_table(source, kind, options)
        monitored_data.write_events(events / "dataset.jsonl", rows)
        return
    for path, event in monitored_data.read_events(source):
        body = {
            "data": json.dumps(monitored_data.whole_rows(event)),
            "encoding": "JSON",
            "observedContentType": "application/json",
        }
        _append(events / path, {**event, "captureData": {"endpointInput": body}})


def _model_quality(environment: Mapping[str, str], events: Path) -> None:
    """Rewrites the predictions to the format of the engine."""
    source = Path(environment["dataset_source"])
    problem = environment.get("problem_type", "")
    if problem not in _PROBLEMS:
        raise InputError(f"problem_type: got {problem!r}, expected {', '.join(_PROBLEMS)}")
    attributes = attributes_of(environment)
    if not attributes.given:
        raise InputError(
            "inference_attribute: got nothing; set it or probability_attribute to the location of "
            "the prediction"
        )
    kind, options = monitored_data.dataset_format(environment)
    if kind in CAPTURED:
        rewrite_predictions(source, events, attributes, problem, labels_of_baseline(environment))
        return
    truth = environment.get("ground_truth_attribute", "")
    if not truth:
        raise InputError("ground_truth_attribute: got nothing, expected the column of the labels")
    rows = monitored_data.read_table(source, kind, options)
    actual = [monitored_data.label_text(monitored_data.located(row, truth)) for row in rows]
    labels = labels_of_baseline(environment) or monitored_data.ordered(actual)
    found = monitored_data.predictions(rows, attributes, problem, labels)
    monitored_data.write_events(events / "dataset.jsonl", rows, found, actual)


def attributes_of(environment: Mapping[str, str]) -> Attributes:
    """Returns the locations of predictions that the environment names.

    Raises:
        InputError: the threshold is not a number.
    """
    threshold = environment.get("probability_threshold_attribute") or "0.5"
    try:
        return Attributes(
            inference=environment.get("inference_attribute", ""),
            probability=environment.get("probability_attribute", ""),
            threshold=float(threshold),
        )
    except ValueError:
        raise InputError(
            f"probability_threshold_attribute: got {threshold!r}, expected a number"
        ) from None


def labels_of_baseline(environment: Mapping[str, str]) -> list[str]:
    """Returns the labels of the confusion matrix in baseline_statistics; empty without one."""
    path = environment.get("baseline_statistics", "")
    if not path or not Path(path).is_file():
        return []
    document = json.loads(Path(path).read_text())
    groups = [value for value in document.values() if isinstance(value, dict)]
    return [label for group in groups for label in group.get("confusion_matrix", {})]


def rewrite_predictions(
    source: Path, events: Path, attributes: Attributes, problem: str, labels: list[str]
) -> None:
    """Writes calls whose responses have the format of the engine.

    Args:
        source: the folder of merged calls, each with the ground truth.
        events: the folder for the rewritten calls.
        attributes: where the predictions are.
        problem: the type of problem.
        labels: the known labels; empty for those of the ground truth.
    """
    calls = list(monitored_data.read_events(source))
    known = labels or monitored_data.ordered(
        monitored_data.label_text(row[0] if isinstance(row, list) else row)
        for _, call in calls
        for row in monitored_data.rows_of(call.get("groundTruthData"))
    )
    for path, call in calls:
        captured = dict(call.get("captureData") or {})
        rows = monitored_data.rows_of(captured.get("endpointOutput"))
        found = monitored_data.predictions(rows, attributes, problem, known)
        captured["endpointOutput"] = {
            "data": json.dumps(found),
            "encoding": "JSON",
            "observedContentType": "application/json",
        }
        truth = [
            monitored_data.label_text(row[0] if isinstance(row, list) else row)
            for row in monitored_data.rows_of(call.get("groundTruthData"))
        ]
        labelled = {"data": "\n".join(truth), "encoding": "CSV"}
        _append(events / path, {**call, "captureData": captured, "groundTruthData": labelled})


def _append(file: Path, event: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(event) + "\n")


_ANALYSES = {"DATA_QUALITY": _data_quality, "MODEL_QUALITY": _model_quality}


if __name__ == "__main__":
    main()
