"""The parts of a project for tables that its commands use.

The types are imported for type checking only, so that a server starts without training's modules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_jobs.table.features import Feature
    from mlops_jobs.training.hyperparameters import Hyperparameter
    from mlops_jobs.training.job import Connect, LoadTabular
    from mlops_jobs.training.training import Fit


@dataclass(frozen=True, kw_only=True)
class Project:
    """The parts of a project that its jobs use.

    Args:
        fit: fits the model.
        load: loads the model of a folder.
        hyperparameters: hyperparameters of the model.
        features: features that the project computes. Defaults to none.
        connect: connects the instances of a training job. Defaults to None: the model is fitted on
            one instance.
    """

    fit: "Fit"
    load: "LoadTabular"
    hyperparameters: "Mapping[str, Hyperparameter]"
    features: "Sequence[Feature]" = ()
    connect: "Connect | None" = None
