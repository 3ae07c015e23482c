"""Analyses of the traffic of a time window, with one function for each analysis."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from mlops_jobs.evaluation.analysis_config import read_bias_config
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring import explainability, model_bias, model_quality, quality_of_traffic
from mlops_jobs.monitoring.findings import Findings
from mlops_jobs.monitoring.labeled_groups import LabeledGroups
from mlops_jobs.monitoring.model import LoadModel, Model
from mlops_jobs.monitoring.settings import Analysis, Settings
from mlops_jobs.monitoring.traffic.batch import batch_calls, batch_requests
from mlops_jobs.monitoring.traffic.capture import JSON, Body, Event, events
from mlops_jobs.monitoring.traffic.label_counts import LabelCounts
from mlops_jobs.monitoring.traffic.label_store import LabelStore
from mlops_jobs.monitoring.traffic.labeled import Labeled, LabeledCalls, labeled
from mlops_jobs.monitoring.traffic.predictions import NO_ATTRIBUTES, Attributes
from mlops_jobs.monitoring.traffic.reading import Reading
from mlops_jobs.monitoring.traffic.rows import Row, Rows, read_rows
from mlops_jobs.monitoring.traffic.sample import Sample
from mlops_jobs.monitoring.traffic.source import Chunk, chunks, lines, numbered, read
from mlops_jobs.monitoring.traffic.tables import Columns
from mlops_jobs.problem_type import ProblemType

CALLS_PER_BATCH = 1000
NOT_READ = Body(content=b"", kind=JSON)
DEFAULT_THRESHOLD = 0.5
BINARY_LABELS = 2
WITH_LABELS = (Analysis.MODEL_QUALITY, Analysis.MODEL_BIAS)


def compare(
    settings: Settings, load_model: LoadModel, context: Any = None
) -> Findings | LabelCounts | None:
    """Compares the traffic of a time window with a baseline.

    Args:
        settings: settings of the run.
        load_model: loads the model, if the analysis needs it.
        context: a SparkContext for data quality. Defaults to None: this process.

    Returns:
        The findings; counts of labels if no call of the traffic has one; None if there was no
        traffic.

    Raises:
        InputError: an input cannot be read.
    """
    if settings.analysis is Analysis.DATA_QUALITY:
        return quality_of_traffic.analyze(settings, context)
    with LabelStore() as labels:
        if settings.analysis in WITH_LABELS and settings.ground_truth_source:
            hours = settings.label_hours
            labels.read(lines(settings.ground_truth_source, hours, by_variant=False))
        whole, variants, counts = _read_traffic(settings, load_model, labels)
    if whole is None:
        return counts if counts.calls else None
    found = whole.findings()
    found = replace(
        found,
        notes=[*found.notes, *counts.texts()],
        metrics=[*found.metrics, *counts.metrics()],
    )
    if len(variants) == 1:
        return found
    return found.with_variants({name: one.findings() for name, one in sorted(variants.items())})


def _read_traffic(
    settings: Settings, load_model: LoadModel, labels: LabelStore
) -> tuple["_Analysed[Any] | None", dict[str, "_Analysed[Any]"], LabelCounts]:
    """Reads the calls in batches, and returns what the analysis keeps of all and of each variant.

    Calls without labels are dropped where labels are needed, as in Model Monitor's merge job.
    """
    labelled = settings.analysis in WITH_LABELS
    start = ANALYSES[settings.analysis]
    whole: _Analysed[Any] | None = None
    variants: dict[str, _Analysed[Any]] = {}
    calls = unlabeled = 0
    for variant, batch in _batches(_captured(settings)):
        calls += len(batch)
        analyzed = batch
        if labelled:
            known = (replace(event, labels=labels.labels_of(event)) for event in batch)
            analyzed = [event for event in known if event.labels]
            unlabeled += len(batch) - len(analyzed)
        if analyzed:
            # A model is loaded once, and only if there is traffic.
            whole = whole or start(settings, load_model)
            part = whole.read(analyzed)
            whole.add(part)
            variants.setdefault(variant, whole.another()).add(part)
    counts = LabelCounts()
    if labelled:
        counts = LabelCounts(
            calls=calls, unlabeled=unlabeled, unmatched=labels.unmatched, repeated=labels.repeated
        )
    return whole, variants, counts


def _batches(found: Iterable[Event]) -> Iterator[tuple[str, list[Event]]]:
    """Yields calls of one variant each, in the order of the traffic."""
    for variant, calls in groupby(found, key=lambda event: event.variant):
        while batch := list(islice(calls, CALLS_PER_BATCH)):
            yield variant, batch


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


def _events(chunk: Chunk) -> Iterator[Event]:
    """Yields the calls of a chunk; one that is too long cannot be read."""
    if chunk.too_long:
        yield Event(event_id="", request=NOT_READ, response=NOT_READ, variant=chunk.variant)
    else:
        yield from events(numbered(chunk), chunk.variant)


def _captured(settings: Settings) -> Iterable[Event]:
    if settings.dataset_format.of_batch:
        with_labels = settings.analysis in WITH_LABELS
        return batch_calls(settings) if with_labels else batch_requests(settings)
    window, source, variant = settings.window, settings.dataset_source, settings.variant_name
    if variant:
        source = f"{source.rstrip('/')}/{variant}"
    return (
        event
        for chunk in chunks(source, window, by_variant=not variant)
        for event in _events(chunk)
        if window is None or window.holds(event.time)
    )


Part = TypeVar("Part")


class _Analysed(ABC, Generic[Part]):
    """Calls of an endpoint or of a variant, as far as an analysis needs them."""

    @abstractmethod
    def read(self, batch: Sequence[Event]) -> Part:
        """Reads some calls."""

    @abstractmethod
    def another(self) -> Self:
        """Returns an empty one, for the calls of a variant."""

    @abstractmethod
    def add(self, part: Part) -> None:
        """Adds calls that were read."""

    @abstractmethod
    def findings(self) -> Findings:
        """Compares the calls with the baseline."""


class _Quality(_Analysed[Labeled]):
    """Predictions with labels."""

    def __init__(self, settings: Settings, load_model: LoadModel) -> None:
        self._settings, self._load_model = settings, load_model
        self._calls = LabeledCalls(settings.max_unreadable)
        # Batch transform jobs: their predictions were brought to the format of the server already.
        self._attributes = (
            NO_ATTRIBUTES
            if settings.dataset_format.of_batch
            else Attributes(inference=settings.inference, probability=settings.probability)
        )

    def read(self, batch: Sequence[Event]) -> Labeled:
        return labeled(batch, Columns(), attributes=self._attributes)

    def another(self) -> Self:
        return type(self)(self._settings, self._load_model)

    def add(self, part: Labeled) -> None:
        self._calls.add(part)

    def findings(self) -> Findings:
        settings, rows = self._settings, self._calls.labeled()
        problem = model_quality.PROBLEM_TYPES.get(settings.problem_type)
        expected: dict[str, dict[str, Any]] = {}
        content = _read(settings.baseline_constraints)
        if content is not None:
            of_baseline, expected = model_quality.read_constraints(content)
            if problem not in (None, of_baseline):
                raise InputError(
                    f"baseline_constraints: got those of a model for {of_baseline}; allowed are "
                    f"those of the deployed model, whose problem_type is {settings.problem_type}"
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


class _Bias(_Quality):
    """Predictions with labels and the cells of their rows."""

    def __init__(self, settings: Settings, load_model: LoadModel) -> None:
        super().__init__(settings, load_model)
        if settings.threshold not in (None, DEFAULT_THRESHOLD):
            raise InputError(
                f"probability_threshold_attribute: got {settings.threshold}; bias is computed from "
                "the predicted labels, so remove it"
            )
        self._config = read_bias_config(read(settings.analysis_config))
        self._columns = Columns(names=self._config.headers, path=settings.features)
        self._groups = LabeledGroups(self._config, settings.max_unreadable)

    def read(self, batch: Sequence[Event]) -> Labeled:
        return labeled(batch, self._columns, attributes=self._attributes, with_rows=True)

    def add(self, part: Labeled) -> None:
        self._groups.add(part)

    def findings(self) -> Findings:
        content = _read(self._settings.baseline_constraints)
        before = model_bias.read_baseline(content) if content is not None else {}
        return model_bias.compare(self._groups, before)


class _Attributions(_Analysed[tuple[Rows, Reading]]):
    """A sample of the requests."""

    def __init__(
        self, settings: Settings, load_model: LoadModel, model: Model | None = None
    ) -> None:
        self._settings, self._load_model = settings, load_model
        self._model = model or model_of(settings, load_model)
        self._sample = Sample[Row](explainability.MAX_ROWS)
        self._reading = Reading()

    def read(self, batch: Sequence[Event]) -> tuple[Rows, Reading]:
        bodies = [one.request for one in batch if one.request is not None]
        rows = read_rows(bodies, self._model.columns, path=self._settings.features)
        reading = Reading(
            calls=len(batch),
            unreadable=rows.unreadable,
            not_captured=len(batch) - len(bodies),
            misfits=rows.misfits,
        )
        return rows, reading

    def another(self) -> Self:
        return type(self)(self._settings, self._load_model, self._model)

    def add(self, part: tuple[Rows, Reading]) -> None:
        rows, reading = part
        self._sample.extend(rows.named)
        self._reading.merge(reading)

    def findings(self) -> Findings:
        settings, reading = self._settings, self._reading
        if not self._sample.items:
            raise InputError(
                "got no captured request that can be read; allowed: rows with the model's columns"
            )
        content = _read(settings.baseline_constraints)
        before = explainability.read_baseline(content) if content is not None else {}
        compared = explainability.compare(self._sample.items, self._model, before)
        return replace(
            compared,
            violations=[*reading.violations(settings.max_unreadable), *compared.violations],
            metrics=[*compared.metrics, *reading.metrics()],
            notes=list(reading.texts()),
        )


def _read(place: str) -> bytes | None:
    return read(place) if place else None


ANALYSES: dict[Analysis, Callable[[Settings, LoadModel], _Analysed[Any]]] = {
    Analysis.MODEL_QUALITY: _Quality,
    Analysis.MODEL_BIAS: _Bias,
    Analysis.MODEL_EXPLAINABILITY: _Attributions,
}
