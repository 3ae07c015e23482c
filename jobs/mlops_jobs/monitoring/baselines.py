"""Baselines of CSV datasets with a heading."""

from pathlib import Path

from mlops_jobs.monitoring import data_quality, explainability, model_bias, model_quality
from mlops_jobs.monitoring.analyses import model_of
from mlops_jobs.monitoring.analysis_config import read_bias_config
from mlops_jobs.monitoring.findings import Findings
from mlops_jobs.monitoring.labeled import predicted
from mlops_jobs.monitoring.model import LoadModel
from mlops_jobs.monitoring.settings import Analysis, Settings
from mlops_jobs.monitoring.source import read
from mlops_jobs.table import RawTable


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
    source = Path(settings.dataset_source)
    table = RawTable(files=(source,)) if source.is_file() else RawTable.in_folder(source)
    if settings.analysis is Analysis.DATA_QUALITY:
        columns = table.columns()
        rows = [dict(zip(columns, row, strict=True)) for piece in table.pieces() for row in piece]
        return data_quality.describe(rows, [name for name in columns if name != settings.target])
    model = model_of(settings, load_model)
    found = predicted(table, settings.target or model.target, model)
    match settings.analysis:
        case Analysis.MODEL_QUALITY:
            return model_quality.describe(found, model.problem_type, model.labels)
        case Analysis.MODEL_BIAS:
            config = read_bias_config(read(settings.analysis_config))
            return model_bias.describe(found, config)
        case Analysis.MODEL_EXPLAINABILITY:
            return explainability.describe(found.rows, model)
