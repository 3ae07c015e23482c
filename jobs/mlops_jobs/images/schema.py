"""Size and labels of images, which training and endpoint share."""

import json
from dataclasses import dataclass

from mlops_jobs.failure import InputError
from mlops_jobs.images.picture import Size
from mlops_jobs.problem_type import ProblemType

FILE = "schema.json"
IMAGE, LABEL = "image", "label"
"""Columns of the tables of raw rows."""


@dataclass(frozen=True, kw_only=True)
class ImageSchema:
    """Size and labels of images.

    Args:
        size: size of the images that the model reads.
        labels: labels in the order of the classes.
    """

    size: Size
    labels: tuple[str, ...]

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""
        return ProblemType.BINARY if len(self.labels) == 2 else ProblemType.MULTICLASS

    def to_json(self) -> str:
        """Returns the schema as JSON."""
        return json.dumps({"size": list(self.size.shape), "labels": self.labels}, indent=1)

    @classmethod
    def from_json(cls, content: bytes) -> "ImageSchema":
        """Reads a schema.

        Args:
            content: result of `to_json`.

        Raises:
            InputError: the content is not a schema of images.
        """
        try:
            found = json.loads(content)
            height, width, channels = found["size"]
            size = Size(height=int(height), width=int(width), channels=int(channels))
            return cls(size=size, labels=tuple(str(label) for label in found["labels"]))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"{FILE}: is not a schema of images ({error!r}); allowed: an object with size and "
                "labels"
            ) from error
