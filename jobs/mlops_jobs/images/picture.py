"""Images of files and requests, as arrays of one size."""

import base64
import binascii
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from mlops_jobs.failure import InputError

Picture = npt.NDArray[np.uint8]
"""Pixels of an image, with the shape (height, width, channels)."""

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 4096 * 4096
_MODES = {1: "L", 3: "RGB"}


@dataclass(frozen=True, kw_only=True)
class Size:
    """Size of the images that a model reads.

    Args:
        height: number of rows of pixels.
        width: number of columns of pixels.
        channels: 1 for gray, 3 for red, green and blue.
    """

    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of an image."""
        return self.height, self.width, self.channels

    def decode(self, content: bytes) -> Picture:
        """Reads a PNG or JPEG file, and scales it to this size.

        Args:
            content: content of the file.

        Raises:
            InputError: the content is not such a file, or the image is too large.
        """
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                # The size is in the heading of the file, so a bomb is rejected before it is read.
                if image.width * image.height > MAX_PIXELS:
                    raise InputError(
                        f"got an image of {image.width} x {image.height} pixels; allowed: "
                        f"{MAX_PIXELS:,} pixels"
                    )
                converted = image.convert(_MODES[self.channels])
                if converted.size != (self.width, self.height):
                    converted = converted.resize((self.width, self.height))
                return np.asarray(converted, dtype=np.uint8).reshape(self.shape)
        except InputError:
            raise
        except (
            Image.DecompressionBombError,
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
        ) as error:
            raise InputError(
                f"cannot be read as an image ({error}); allowed: {' or '.join(FORMATS)}"
            ) from error

    def read(self, cell: Any) -> Picture:
        """Reads an image of a request.

        Args:
            cell: content of a file, the same in Base64, or a list of rows of pixels from 0 to 255.

        Raises:
            InputError: the cell is not an image.
        """
        if isinstance(cell, bytes):
            return self.decode(cell)
        if isinstance(cell, str) and cell.strip():
            try:
                content = base64.b64decode(cell, validate=True)
            except (binascii.Error, ValueError) as error:
                raise InputError(
                    f"got {cell[:40]!r}, which is not Base64 ({error}); allowed: a PNG or JPEG "
                    "file in Base64, or a list of rows of pixels"
                ) from error
            return self.decode(content)
        if isinstance(cell, list):
            return self._pixels(cell)
        raise InputError(
            f"got {str(cell)[:40]!r}; allowed: a PNG or JPEG file in Base64, or a list of "
            f"{self.height} rows of {self.width} pixels"
        )

    def _pixels(self, cell: list[Any]) -> Picture:
        try:
            pixels = np.asarray(cell, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(
                "got rows of different lengths, or pixels that are no numbers; allowed: "
                f"{self.height} rows of {self.width} pixels from 0 to 255"
            ) from error
        shapes = [self.shape, self.shape[:2]] if self.channels == 1 else [self.shape]
        if pixels.shape not in shapes:
            raise InputError(
                f"got an array of the shape {list(pixels.shape)}; allowed: "
                + " or ".join(str(list(shape)) for shape in shapes)
            )
        # The comparison is also false for NaN.
        if not ((pixels >= 0) & (pixels <= 255)).all():
            raise InputError("got a pixel that is not from 0 to 255; scale them")
        return pixels.round().astype(np.uint8).reshape(self.shape)


def as_cell(content: bytes) -> str:
    """Returns the content of a file as a cell of a table.

    Args:
        content: content of the file.
    """
    return base64.b64encode(content).decode()
