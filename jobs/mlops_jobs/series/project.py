"""The parts of a project for series that its commands use.

The types are imported for type checking only, so that a server starts without training's modules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_jobs.series.model import ForecastModel, LoadPredictor
    from mlops_jobs.series.training import Fit
    from mlops_jobs.training.hyperparameters import Hyperparameter


@dataclass(frozen=True, kw_only=True)
class SeriesProject:
    """The parts of a project that its jobs use.

    Args:
        fit: fits the model.
        load_predictor: loads the function that predicts encoded rows.
        load: loads the model of a folder.
        hyperparameters: hyperparameters of the model.
    """

    fit: "Fit"
    load_predictor: "LoadPredictor"
    load: "Callable[[Path], ForecastModel]"
    hyperparameters: "Mapping[str, Hyperparameter]"
