"""Makes the baseline of a dataset: a CSV file with a heading."""

from pathlib import Path

from tabular.monitor import data_quality, explainability, model_bias, model_quality
from tabular.monitor.analysis_config import read_bias_config
from tabular.monitor.findings import Findings
from tabular.monitor.labelled import predicted
from tabular.monitor.questions import predictor_of
from tabular.monitor.settings import Analysis, Settings
from tabular.monitor.source import read
from tabular.table import RawTable


def baseline(settings: Settings) -> Findings:
    """Makes the baseline of a dataset.

    Its columns are those of requests, in their order; beside them it may have the target, which the
    settings name, or the model knows.

    Raises:
        InputError: if it cannot be read, or the model that it needs is not given.
    """
    source = Path(settings.dataset_source)
    table = RawTable(files=(source,)) if source.is_file() else RawTable.in_folder(source)
    if settings.analysis is Analysis.DATA_QUALITY:
        columns = table.columns()
        rows = [dict(zip(columns, row, strict=True)) for piece in table.pieces() for row in piece]
        return data_quality.describe(rows, [name for name in columns if name != settings.target])
    predictor = predictor_of(settings)
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
