"""Baselines of CSV datasets with a heading."""

from pathlib import Path

from tabular.monitor import data_quality, explainability, model_bias, model_quality
from tabular.monitor.analyses import load_predictor
from tabular.monitor.analysis_config import read_bias_config
from tabular.monitor.findings import Findings
from tabular.monitor.labeled import predicted
from tabular.monitor.settings import Analysis, Settings
from tabular.monitor.source import read
from tabular.table import RawTable


def baseline(settings: Settings) -> Findings:
    """Creates the baseline of a dataset.

    The dataset has the columns of requests, in their order. It may also have the target, which the
    settings or the model name.

    Args:
        settings: settings of the run.

    Raises:
        InputError: the dataset cannot be read, or a required model is not specified.
    """
    source = Path(settings.dataset_source)
    table = RawTable(files=(source,)) if source.is_file() else RawTable.in_folder(source)
    if settings.analysis is Analysis.DATA_QUALITY:
        columns = table.columns()
        rows = [dict(zip(columns, row, strict=True)) for piece in table.pieces() for row in piece]
        return data_quality.describe(rows, [name for name in columns if name != settings.target])
    predictor = load_predictor(settings)
    schema = predictor.schema
    found = predicted(table, settings.target or schema.target, predictor)
    match settings.analysis:
        case Analysis.MODEL_QUALITY:
            return model_quality.describe(found, schema.problem_type, schema.labels)
        case Analysis.MODEL_BIAS:
            config = read_bias_config(read(settings.analysis_config))
            return model_bias.describe(found, config)
        case Analysis.MODEL_EXPLAINABILITY:
            return explainability.describe(found.rows, predictor)
