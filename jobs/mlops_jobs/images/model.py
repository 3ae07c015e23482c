"""A model of images, as the programs of this package read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.images.picture import Picture
from mlops_jobs.images.schema import IMAGE, LABEL, ImageSchema
from mlops_jobs.model import Cells, Values
from mlops_jobs.problem_type import ProblemType

Images = npt.NDArray[np.float32]
"""Images with the shape (number, height, width, channels) and values from 0 to 1."""

PredictImages = Callable[[Images], npt.NDArray[Any]]
"""Returns the probability of each label for each image."""


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """A fitted model of images; it implements the model of serving and of monitoring.

    Args:
        schema: size and labels.
        predict_images: predicts images.
    """

    schema: ImageSchema
    predict_images: PredictImages

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""
        return self.schema.problem_type

    @property
    def target(self) -> str:
        """Name of the target column."""
        return LABEL

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the classes."""
        return self.schema.labels

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a request: image."""
        return (IMAGE,)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns that the model reads: image."""
        return (IMAGE,)

    @property
    def new_features(self) -> tuple[str, ...]:
        """Names of the columns that monitors do not compare: image, whose text has no meaning."""
        return (IMAGE,)

    @property
    def numeric(self) -> bool:
        """False, because an image is no number."""
        return False

    @property
    def media_types(self) -> tuple[str, ...]:
        """Media types of a request whose body is one image."""
        return ("image/png", "image/jpeg")

    def knows(self, feature: str, cell: str) -> bool:
        """Returns True if a cell of a CSV file is an image.

        Args:
            feature: name of the column.
            cell: the cell.
        """
        try:
            self.schema.size.read(cell)
        except InputError:
            return False
        return True

    def predict(self, cells: Cells) -> Values:
        """Predicts rows.

        Args:
            cells: the images of all rows, as the only feature.

        Returns:
            A matrix with the probability of each label for each row.

        Raises:
            InputError: a cell is not an image; the message names its row.
        """
        pictures = [self._read(cell, row) for row, cell in enumerate(cells[0], start=1)]
        return self.predict_images(scaled(np.stack(pictures))).astype(np.float64)

    def attributions(self, cells: Cells) -> None:
        """Returns None: monitoring estimates attributions from predictions.

        Args:
            cells: the images of all rows, as the only feature.
        """

    def _read(self, cell: Any, row: int) -> Picture:
        try:
            return self.schema.size.read(cell)
        except InputError as error:
            raise InputError(f"row {row}, column {IMAGE!r}: {error}") from None


def scaled(images: Picture) -> Images:
    """Returns pixels from 0 to 1.

    Args:
        images: pixels from 0 to 255.
    """
    return images.astype(np.float32) / np.float32(255)
