"""The parts of a project for images that its commands use.

The types are imported for type checking only, so that a server starts without training's modules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_jobs.images.training import Fit, LoadImages
    from mlops_jobs.training.hyperparameters import Hyperparameter


@dataclass(frozen=True, kw_only=True)
class ImageProject:
    """The parts of a project that its jobs use.

    Args:
        fit: fits the model.
        load: loads the model of a folder.
        hyperparameters: hyperparameters of the model.
    """

    fit: "Fit"
    load: "LoadImages"
    hyperparameters: "Mapping[str, Hyperparameter]"
