"""The default data: 1,797 handwritten digits of 8 x 8 pixels, from scikit-learn.

Source:
    Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI (CC BY 4.0)
"""

import io
import zipfile

import numpy as np
from PIL import Image

KEY = "data/digits.zip"
SHADES = 16  # of the set, from white to black
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold


def archive() -> bytes:
    """Returns a zip archive with a PNG file for each digit, `LABEL/NUMBER.png`."""
    # scikit-learn takes seconds to import, and only the first run needs it.
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = (found.images * (255 / SHADES)).round().astype(np.uint8)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        for number, (picture, label) in enumerate(zip(pixels, found.target.tolist(), strict=True)):
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "PNG")
            written.writestr(zipfile.ZipInfo(f"{label}/{number:04d}.png", _TIME), file.getvalue())
    return content.getvalue()
