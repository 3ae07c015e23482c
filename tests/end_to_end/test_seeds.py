"""A push to a project of another kind of model ends in an endpoint that predicts."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.end_to_end.conftest import Checkout

SETTINGS = """
accounts:
  rehearsal: {id: "111111111111", region: us-east-1}
defaults: {removal: destroy}
network:
  existing:
    vpc_id: vpc-00000001
    subnet_ids: [subnet-00000001, subnet-00000002]
    security_group_ids: [sg-00000001]
projects:
"""


def run(checkout: Checkout, name: str, seed: str) -> dict[str, object]:
    """Runs the loop of a project with one trial; returns its summary."""
    settings = Path("config/seed.yaml")
    project = f"  - {{name: {name}, seed: {seed}, network: true}}\n"
    (checkout.folder / settings).write_text(SETTINGS + project)
    configuration = checkout.folder / "seed_code" / seed / "config.yaml"
    text = configuration.read_text()
    for key, value in (("jobs", 4), ("parallel", 2)):
        assert f"  {key}: {value}\n" in text
        text = text.replace(f"  {key}: {value}\n", f"  {key}: 1\n")
    configuration.write_text(text)
    result = checkout.rehearse("run", "--keep-up", "--config", str(settings))
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-4000:]
    summary: dict[str, object] = json.loads(
        (checkout.folder / "build/rehearsal/summary.json").read_text()
    )
    return summary


@pytest.mark.seeds
def test_a_project_of_forecasts_ends_in_an_endpoint_that_forecasts_the_future(
    separate_checkout: Checkout,
) -> None:
    summary = run(separate_checkout, "departures", "forecasting")
    held_out = summary["held_out"]
    assert isinstance(held_out, dict)
    assert held_out["r2"] > 0.85
    # The data end with the year 2013.
    row = "EWR,2014-01-01T17:00"
    invoked = separate_checkout.rehearse("invoke", "departures", row)
    assert invoked.returncode == 0, invoked.stdout + invoked.stderr
    too_late = separate_checkout.rehearse("invoke", "departures", "EWR,2014-02-01T17:00")
    assert too_late.returncode != 0
    said = " ".join((too_late.stdout + too_late.stderr).split())
    assert "to 2014-01-01T23:00" in said


@pytest.mark.seeds
def test_a_project_of_images_ends_in_an_endpoint_that_reads_a_digit(
    separate_checkout: Checkout,
) -> None:
    summary = run(separate_checkout, "digits", "vision")
    held_out = summary["held_out"]
    assert isinstance(held_out, dict)
    assert held_out["accuracy"] > 0.9
    # A vertical stroke is a one, as pixels and as a file.
    pixels = np.zeros((8, 8), dtype=np.uint8)
    pixels[:, 3:5] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    rows = json.dumps({"instances": [{"image": pixels.tolist()}]})
    for body in (rows, base64.b64encode(file.getvalue()).decode()):
        invoked = separate_checkout.rehearse("invoke", "digits", body)
        assert invoked.returncode == 0, invoked.stdout + invoked.stderr
        assert "1" in invoked.stdout.replace('"', "").partition("probabilities")[0][:40]
