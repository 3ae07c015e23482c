"""Analyses of the traffic of a time window, with one function for each analysis."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_jobs.evaluation.analysis_config import read_bias_config
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring import explainability, model_bias, model_quality, quality_of_traffic
from mlops_jobs.monitoring.findings import Findings
from mlops_jobs.monitoring.model import LoadModel, Model
from mlops_jobs.monitoring.settings import Analysis, Settings
from mlops_jobs.monitoring.traffic.batch import batch_calls, batch_requests
from mlops_jobs.monitoring.traffic.capture import Event, events, ground_truth, merged
from mlops_jobs.monitoring.traffic.label_counts import LabelCounts
from mlops_jobs.monitoring.traffic.labeled import Labeled, labeled
from mlops_jobs.monitoring.traffic.predictions import NO_ATTRIBUTES, Attributes
from mlops_jobs.monitoring.traffic.reading import Reading
from mlops_jobs.monitoring.traffic.rows import read_rows
from mlops_jobs.monitoring.traffic.source import chunks, lines, numbered, read
from mlops_jobs.monitoring.traffic.tables import Columns
from mlops_jobs.problem_type import ProblemType

DEFAULT_THRESHOLD = 0.5
BINARY_LABELS = 2
WITH_LABELS = (Analysis.MODEL_QUALITY, Analysis.MODEL_BIAS)


def compare(settings: Settings, load_model: LoadModel) -> Findings | LabelCounts | None:
    """Compares the traffic of a time window with a baseline.

    Args:
        settings: settings of the run.
        load_model: loads the model, if the analysis needs it.

    Returns:
        The findings; counts of labels if no call of the traffic has one; None if there was no
        traffic.

    Raises:
        InputError: an input cannot be read.
    """
    if settings.analysis is Analysis.DATA_QUALITY:
        return quality_of_traffic.analyze(settings)
    found, counts = _events(settings)
    if not found:
        return counts if counts.calls else None
    analysis = ANALYSES[settings.analysis]
    whole = analysis(found, settings, load_model)
    whole = replace(
        whole,
        notes=[*whole.notes, *counts.texts()],
        metrics=[*whole.metrics, *counts.metrics()],
    )
    variants: dict[str, list[Event]] = {}
    for event in found:
        variants.setdefault(event.variant, []).append(event)
    if len(variants) == 1:
        return whole
    parts = {name: analysis(part, settings, load_model) for name, part in sorted(variants.items())}
    return whole.with_variants(parts)


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


def _events(settings: Settings) -> tuple[list[Event], LabelCounts]:
    inside = _captured(settings)
    if settings.analysis not in WITH_LABELS:
        return inside, LabelCounts()
    labels: dict[str, tuple[str, ...]] = {}
    repeated: set[str] = set()
    if settings.ground_truth_source:
        hours = settings.label_hours
        given = lines(settings.ground_truth_source, hours, by_variant=False)
        labels = ground_truth(given, repeated)
    found = list(merged(inside, labels))
    known = {one for event in inside for one in (event.event_id, event.inference_id)}
    return found, LabelCounts(
        calls=len(inside),
        unlabeled=len(inside) - len(found),
        unmatched=len(labels.keys() - known),
        repeated=len(repeated & known),
    )


def _captured(settings: Settings) -> list[Event]:
    if settings.dataset_format.of_batch:
        with_labels = settings.analysis in WITH_LABELS
        return batch_calls(settings) if with_labels else batch_requests(settings)
    window, source, variant = settings.window, settings.dataset_source, settings.variant_name
    if variant:
        source = f"{source.rstrip('/')}/{variant}"
    return [
        event
        for chunk in chunks(source, window, by_variant=not variant)
        for event in events(numbered(chunk), chunk.variant)
        if window is None or window.holds(event.time)
    ]


def _model_quality(found: Sequence[Event], settings: Settings, _: LoadModel) -> Findings:
    rows = _labeled(found, settings, Columns())
    problem = model_quality.PROBLEM_TYPES.get(settings.problem_type)
    expected: dict[str, dict[str, Any]] = {}
    content = _read(settings.baseline_constraints)
    if content is not None:
        of_baseline, expected = model_quality.read_constraints(content)
        if problem not in (None, of_baseline):
            raise InputError(
                f"baseline_constraints: got those of a model for {of_baseline}; allowed are those "
                f"of the deployed model, whose problem_type is {settings.problem_type}"
            )
        problem = of_baseline
    if problem is None:
        allowed = ", ".join(model_quality.PROBLEM_TYPES)
        raise InputError(f"problem_type: got {settings.problem_type!r}; allowed: {allowed}")
    if not rows.actual:
        return model_quality.nothing(rows, problem)
    statistics = _read(settings.baseline_statistics)
    labels: list[str] = []
    if problem is not ProblemType.REGRESSION:
        labels = model_quality.labels_of(statistics, rows)
    if problem is ProblemType.BINARY and len(labels) != BINARY_LABELS:
        # Without a baseline, a window of one class does not show the other label.
        labels = model_quality.two_labels(labels)
    before = model_quality.read_document(statistics).get("dataset") or {}
    return model_quality.compare(
        rows,
        problem,
        labels,
        expected,
        threshold=settings.threshold,
        rows_before=int(before.get("item_count", 0)),
    )


def _labeled(
    found: Sequence[Event], settings: Settings, columns: Columns, *, with_rows: bool = False
) -> Labeled:
    # The predictions of batch transform jobs have been brought to the format of the server already.
    of_batch = settings.dataset_format.of_batch
    return labeled(
        found,
        columns,
        attributes=NO_ATTRIBUTES
        if of_batch
        else Attributes(inference=settings.inference, probability=settings.probability),
        with_rows=with_rows,
        max_unreadable=settings.max_unreadable,
    )


def _model_bias(found: Sequence[Event], settings: Settings, _: LoadModel) -> Findings:
    if settings.threshold not in (None, DEFAULT_THRESHOLD):
        raise InputError(
            f"probability_threshold_attribute: got {settings.threshold}; bias is computed from "
            "the predicted labels, so remove it"
        )
    config = read_bias_config(read(settings.analysis_config))
    content = _read(settings.baseline_constraints)
    before = model_bias.read_baseline(content) if content is not None else {}
    columns = Columns(names=config.headers, path=settings.features)
    return model_bias.compare(_labeled(found, settings, columns, with_rows=True), config, before)


def _explainability(found: Sequence[Event], settings: Settings, load_model: LoadModel) -> Findings:
    model = model_of(settings, load_model)
    bodies = [one.request for one in found if one.request is not None]
    rows = read_rows(bodies, model.columns, path=settings.features)
    if not rows.named:
        raise InputError(
            "got no captured request that can be read; allowed: rows with the model's columns"
        )
    reading = Reading(
        calls=len(found),
        unreadable=rows.unreadable,
        not_captured=len(found) - len(bodies),
        misfits=rows.misfits,
    )
    content = _read(settings.baseline_constraints)
    before = explainability.read_baseline(content) if content is not None else {}
    compared = explainability.compare(rows.named, model, before)
    return replace(
        compared,
        violations=[*reading.violations(settings.max_unreadable), *compared.violations],
        metrics=[*compared.metrics, *reading.metrics()],
        notes=list(reading.texts()),
    )


def _read(place: str) -> bytes | None:
    return read(place) if place else None


ANALYSES: dict[Analysis, Callable[[Sequence[Event], Settings, LoadModel], Findings]] = {
    Analysis.MODEL_QUALITY: _model_quality,
    Analysis.MODEL_BIAS: _model_bias,
    Analysis.MODEL_EXPLAINABILITY: _explainability,
}
