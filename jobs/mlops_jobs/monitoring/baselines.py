"""Baselines of CSV datasets with a heading."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from mlops_jobs.batch.records import JSON_FILES, PARQUET_FILES, read_records
from mlops_jobs.evaluation.analysis_config import read_bias_config
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring import explainability, model_bias, model_quality, quality_of_traffic
from mlops_jobs.monitoring.analyses import model_of
from mlops_jobs.monitoring.constraints import NOT_COMPARED, OVERRIDES
from mlops_jobs.monitoring.findings import Findings
from mlops_jobs.monitoring.labeled_groups import LabeledGroups
from mlops_jobs.monitoring.model import LoadModel, Model, ModelOfNewValues
from mlops_jobs.monitoring.settings import Analysis, Settings
from mlops_jobs.monitoring.traffic.labeled import predicted, predictions_of
from mlops_jobs.monitoring.traffic.predictions import table_of
from mlops_jobs.monitoring.traffic.source import read
from mlops_jobs.monitoring.traffic.tables import Columns, Piece, add_rows
from mlops_jobs.table.raw import ROWS_PER_PIECE, RawTable


def baseline(settings: Settings, load_model: LoadModel) -> Findings:
    """Creates the baseline of a dataset.

    The dataset has the columns of requests, in their order. It may also have the target, which the
    settings or the model name.

    Args:
        settings: settings of the run.
        load_model: loads the model, if the analysis needs it.

    Raises:
        InputError: the dataset cannot be read, or a required model is not specified.
    """
    if settings.analysis is Analysis.DATA_QUALITY:
        return _data_quality(settings, load_model)
    table = _table(settings)
    model = model_of(settings, load_model)
    found = predicted(table, settings.target or model.target, model)
    match settings.analysis:
        case Analysis.MODEL_QUALITY:
            return model_quality.describe(found, model.problem_type, model.labels)
        case Analysis.MODEL_BIAS:
            config = read_bias_config(read(settings.analysis_config))
            return model_bias.describe(LabeledGroups.of(config, found))
        case Analysis.MODEL_EXPLAINABILITY:
            return explainability.describe(found.rows, model)


def _table(settings: Settings) -> RawTable:
    source = Path(settings.dataset_source)
    return RawTable(files=(source,)) if source.is_file() else RawTable.in_folder(source)


def _data_quality(settings: Settings, load_model: LoadModel) -> Findings:
    model = model_of(settings, load_model) if settings.model_source else None
    target = settings.target or (model.target if model is not None else "")
    without = {target, *settings.excluded}
    found = quality_of_traffic.describe(
        (
            table.select(name for name in table.columns if name not in without)
            for table in _tables(settings)
        ),
        _predictions(settings, model) if model is not None else (),
        settings.segment,
    )
    return found if model is None else replace(found, constraints=_of_used(found, model))


def _predictions(settings: Settings, model: Model) -> Iterator[pl.DataFrame]:
    source = settings.prediction_source or settings.dataset_source
    for table in _tables(replace(settings, dataset_source=source)):
        yield table_of(predictions_of(model, table.to_dicts()))


def _of_used(found: Findings, model: Model) -> dict[str, Any]:
    """Returns the constraints, without effect for columns whose distribution is no matter.

    They are those that the model does not read, and those that are new in each request.
    """
    new = model.new_features if isinstance(model, ModelOfNewValues) else ()
    compared = set(model.features).difference(new)
    entries = [
        entry if entry["name"] in compared else entry | {OVERRIDES: NOT_COMPARED}
        for entry in found.constraints["features"]
    ]
    return {**found.constraints, "features": entries}


def _tables(settings: Settings) -> Iterator[pl.DataFrame]:
    form = settings.dataset_format
    if form.kind in (JSON_FILES, PARQUET_FILES):
        for file in _files(Path(settings.dataset_source)):
            records = read_records(file.read_bytes(), str(file), form)
            while part := list(islice(records, ROWS_PER_PIECE)):
                piece = Piece()
                add_rows(piece, part, Columns())
                yield from piece.requests
        return
    table = _table(settings)
    names = table.columns()
    for rows in table.pieces():
        yield pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    found = sorted(
        path for path in source.rglob("*") if path.is_file() and path.name[0] not in "._"
    )
    if not found:
        raise InputError(
            f"dataset_source: got no file in {source}; add the dataset of the baseline"
        )
    return found
