"""Images of files and requests."""

import base64
import io
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mlops_jobs.failure import InputError
from mlops_jobs.images import picture
from mlops_jobs.images.picture import Size, as_cell

GRAY = Size(height=2, width=3, channels=1)
COLOR = Size(height=2, width=3, channels=3)
PIXELS = [[0, 128, 255], [1, 2, 3]]


def png(pixels: Any, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    "cell",
    [
        png(PIXELS),
        as_cell(png(PIXELS)),
        PIXELS,
        [[[pixel] for pixel in row] for row in PIXELS],
        [[float(pixel) for pixel in row] for row in PIXELS],
    ],
    ids=["file", "Base64", "pixels", "pixels with a channel", "floats"],
)
def test_an_image_is_the_same_in_each_form(cell: Any) -> None:
    assert GRAY.read(cell)[:, :, 0].tolist() == PIXELS


def test_a_file_of_another_size_or_color_is_converted() -> None:
    large = png(np.full((20, 30, 3), 90))
    assert GRAY.read(large).tolist() == np.full((2, 3, 1), 90).tolist()
    assert COLOR.read(png(PIXELS))[0, 1].tolist() == [128, 128, 128]
    assert COLOR.read(png(np.full((20, 30, 3), 90), "JPEG")).shape == (2, 3, 3)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (None, "got 'None'; allowed: a PNG or JPEG file in Base64, or a list of 2 rows of 3"),
        ("", "got ''; allowed: a PNG or JPEG"),
        (7, "got '7'; allowed"),
        ("not Base64!", "got 'not Base64!', which is not Base64"),
        (base64.b64encode(b"text").decode(), "cannot be read as an image"),
        (b"", "cannot be read as an image"),
        (png(PIXELS)[:40], "cannot be read as an image"),
        (png(PIXELS, "BMP"), "allowed: PNG or JPEG"),
        (png(PIXELS, "GIF"), "allowed: PNG or JPEG"),
        ([[1, 2, 3]], "got an array of the shape [1, 3]; allowed: [2, 3, 1] or [2, 3]"),
        ([[1, 2, 3], [1, 2]], "got rows of different lengths"),
        ([["a", 2, 3], [1, 2, 3]], "pixels that are no numbers"),
        ([[1, 2, 3], [1, 2, 256]], "got a pixel that is not from 0 to 255"),
        ([[1, 2, 3], [1, 2, -1]], "got a pixel that is not from 0 to 255"),
        ([[1, 2, 3], [1, 2, float("nan")]], "got a pixel that is not from 0 to 255"),
        ([], "got an array of the shape [0]"),
    ],
)
def test_what_is_no_image_is_rejected(cell: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        GRAY.read(cell)
    assert message in str(error.value)


def test_a_small_file_of_a_huge_image_is_rejected_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the image was decoded")

    bomb = bytearray(png([[0]]))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(InputError):
        GRAY.decode(bytes(bomb))
    monkeypatch.setattr(picture, "MAX_PIXELS", 5)
    with pytest.raises(InputError, match="got an image of 3 x 2 pixels; allowed: 5 pixels"):
        GRAY.decode(png(PIXELS))
