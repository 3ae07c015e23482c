"""Requests with images."""

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mlops_jobs.failure import InputError
from mlops_jobs.images.model import ImageModel, Images
from mlops_jobs.images.picture import Size, as_cell
from mlops_jobs.images.schema import ImageSchema
from mlops_jobs.serving.invocations import Invocations

BRIGHT = [[255, 255], [255, 255]]


def predict(images: Images) -> Any:
    """Predicts the brightness."""
    light = images.mean(axis=(1, 2, 3))
    return np.stack([1 - light, light / 2, light / 2], axis=1)


@pytest.fixture
def server() -> Invocations:
    schema = ImageSchema(
        size=Size(height=2, width=2, channels=1), labels=("dark", "bright", "white")
    )
    return Invocations(ImageModel(schema=schema, predict_images=predict))


def png(pixels: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/png", png(BRIGHT)),
        ("application/json", json.dumps({"instances": [{"image": BRIGHT}]}).encode()),
        ("application/json", json.dumps({"instances": [[as_cell(png(BRIGHT))]]}).encode()),
        ("application/jsonlines", json.dumps({"image": BRIGHT}).encode()),
    ],
)
def test_an_image_is_predicted_in_each_format(server: Invocations, kind: str, body: bytes) -> None:
    response = server.handle({"content-type": kind, "accept": "application/json"}, body)
    assert response.status == 200
    (found,) = json.loads(response.content)["predictions"]
    assert found["probabilities"] == {"dark": 0, "bright": 0.5, "white": 0.5}


def test_csv_has_a_file_in_base64_on_each_line(server: Invocations) -> None:
    body = "\n".join([as_cell(png(BRIGHT)), as_cell(png(np.zeros((2, 2))))])
    response = server.handle({"content-type": "text/csv"}, body.encode())
    assert response.content == b"bright,0.0,0.5,0.5\ndark,1.0,0.0,0.0\n"


def test_the_response_to_a_file_is_json_unless_another_format_is_accepted(
    server: Invocations,
) -> None:
    by_default = server.handle({"content-type": "image/png"}, png(BRIGHT))
    assert by_default.media_type == "application/json"
    csv = server.handle({"content-type": "image/png", "accept": "text/csv"}, png(BRIGHT))
    assert csv.content == b"bright,0.0,0.5,0.5\n"


def test_what_is_no_image_is_rejected_with_its_row(server: Invocations) -> None:
    body = json.dumps({"instances": [{"image": BRIGHT}, {"image": [[1]]}]}).encode()
    response = server.handle({"content-type": "application/json"}, body)
    assert response.status == 400
    assert json.loads(response.content)["error"].startswith(
        "row 2, column 'image': got an array of the shape [1, 1]; allowed: [2, 2, 1] or [2, 2]"
    )
    assert server.handle({"content-type": "image/png"}, b"GIF89a").status == 400


def test_other_media_types_are_rejected_with_those_of_the_model(server: Invocations) -> None:
    response = server.handle({"content-type": "image/gif"}, b"GIF89a")
    assert response.status == 415
    assert "image/png, image/jpeg" in json.loads(response.content)["error"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"size": [8, 8], "labels": ["a"]}', b'{"size": 8}']
)
def test_a_malformed_schema_is_rejected(content: bytes) -> None:
    with pytest.raises(InputError, match="is not a schema of images"):
        ImageSchema.from_json(content)
