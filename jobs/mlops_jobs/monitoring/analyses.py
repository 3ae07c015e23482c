"""Analyses of the traffic of a time window, with one function for each analysis."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mlops_jobs.evaluation.problem_type import ProblemType
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring import (
    constraints,
    data_quality,
    explainability,
    model_bias,
    model_quality,
)
from mlops_jobs.monitoring.analysis_config import read_bias_config
from mlops_jobs.monitoring.batch import batch_calls, batch_requests
from mlops_jobs.monitoring.capture import Event, events, ground_truth, merged
from mlops_jobs.monitoring.findings import Findings
from mlops_jobs.monitoring.labeled import labeled
from mlops_jobs.monitoring.model import LoadModel, Model
from mlops_jobs.monitoring.rows import read_rows
from mlops_jobs.monitoring.settings import Analysis, Settings
from mlops_jobs.monitoring.source import lines, read

DEFAULT_THRESHOLD = 0.5
WITH_LABELS = (Analysis.MODEL_QUALITY, Analysis.MODEL_BIAS)


def compare(settings: Settings, load_model: LoadModel) -> Findings | None:
    """Compares the traffic of a time window with a baseline.

    Args:
        settings: settings of the run.
        load_model: loads the model, if the analysis needs it.

    Returns:
        The findings; None if there was no traffic, or no traffic with known labels.

    Raises:
        InputError: an input cannot be read.
    """
    found = _events(settings)
    return ANALYSES[settings.analysis](found, settings, load_model) if found else None


def model_of(settings: Settings, load_model: LoadModel) -> Model:
    """Loads the model, which some analyses need.

    Args:
        settings: settings of the run.
        load_model: loads the model from its archive.

    Raises:
        InputError: the settings have no model, or it cannot be read.
    """
    if not settings.model_source:
        raise InputError(
            f"model_source: got nothing; {settings.analysis} needs the location of model.tar.gz"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tar.gz"
        file.write_bytes(read(settings.model_source))
        return load_model(file)


def _events(settings: Settings) -> list[Event]:
    inside = _captured(settings)
    if settings.analysis not in WITH_LABELS:
        return inside
    labels: dict[str, tuple[str, ...]] = {}
    if settings.ground_truth_source:
        hours = settings.label_hours
        labels = ground_truth(lines(settings.ground_truth_source, hours, by_variant=False))
    return list(merged(inside, labels))


def _captured(settings: Settings) -> list[Event]:
    if settings.dataset_format.of_batch:
        with_labels = settings.analysis in WITH_LABELS
        return batch_calls(settings) if with_labels else batch_requests(settings)
    window, source, variant = settings.window, settings.dataset_source, settings.variant_name
    if variant:
        source = f"{source.rstrip('/')}/{variant}"
    found = events(lines(source, window, by_variant=not variant))
    return [event for event in found if window is None or window.holds(event.time)]


def _data_quality(found: Sequence[Event], settings: Settings, _: LoadModel) -> Findings:
    bodies = [event.request for event in found if event.request is not None]
    if not settings.baseline_constraints:
        rows = read_rows(bodies, [])
        names = dict.fromkeys(name for row in rows.named for name in row)
        return data_quality.describe(rows.named, list(names))
    expected = constraints.read_constraints(read(settings.baseline_constraints))
    statistics = data_quality.read_statistics(_read(settings.baseline_statistics) or EMPTY)
    rows = read_rows(bodies, [one.name for one in expected])
    return data_quality.compare(rows, expected, statistics)


def _model_quality(found: Sequence[Event], settings: Settings, _: LoadModel) -> Findings:
    rows = labeled(found, [])
    problem = model_quality.PROBLEM_TYPES.get(settings.problem_type)
    expected: dict[str, dict[str, Any]] = {}
    content = _read(settings.baseline_constraints)
    if content is not None:
        of_baseline, expected = model_quality.read_constraints(content)
        problem = problem or of_baseline
    if problem is None:
        allowed = ", ".join(model_quality.PROBLEM_TYPES)
        raise InputError(f"problem_type: got {settings.problem_type!r}; allowed: {allowed}")
    labels: list[str] = []
    if problem is not ProblemType.REGRESSION:
        labels = model_quality.labels_of(_read(settings.baseline_statistics), rows)
    return model_quality.compare(rows, problem, labels, expected, settings.threshold)


def _model_bias(found: Sequence[Event], settings: Settings, _: LoadModel) -> Findings:
    if settings.threshold != DEFAULT_THRESHOLD:
        raise InputError(
            f"probability_threshold_attribute: got {settings.threshold}; bias is computed from "
            "the predicted labels, so remove it"
        )
    config = read_bias_config(read(settings.analysis_config))
    content = _read(settings.baseline_constraints)
    before = model_bias.read_baseline(content) if content is not None else {}
    return model_bias.compare(labeled(found, config.headers, with_rows=True), config, before)


def _explainability(found: Sequence[Event], settings: Settings, load_model: LoadModel) -> Findings:
    model = model_of(settings, load_model)
    rows = read_rows([one.request for one in found if one.request is not None], model.columns).named
    if not rows:
        raise InputError(
            "got no captured request that can be read; allowed: rows with the model's columns"
        )
    content = _read(settings.baseline_constraints)
    before = explainability.read_baseline(content) if content is not None else {}
    return explainability.compare(rows, model, before)


def _read(place: str) -> bytes | None:
    return read(place) if place else None


EMPTY = b'{"features": []}'

ANALYSES: dict[Analysis, Callable[[Sequence[Event], Settings, LoadModel], Findings]] = {
    Analysis.DATA_QUALITY: _data_quality,
    Analysis.MODEL_QUALITY: _model_quality,
    Analysis.MODEL_BIAS: _model_bias,
    Analysis.MODEL_EXPLAINABILITY: _explainability,
}
