"""Split of labeled images."""

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlops_jobs.failure import InputError
from mlops_jobs.images import preprocess
from mlops_jobs.images.schema import ImageSchema


def write(folder: Path, label: str, count: int, *, shade: int = 0) -> None:
    (folder / label).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        file = io.BytesIO()
        pixels = np.full((4, 4), shade + number, dtype=np.uint8)
        Image.fromarray(pixels).save(file, "PNG")
        (folder / label / f"{number}.png").write_bytes(file.getvalue())


def run(folder: Path) -> ImageSchema:
    options = ["--height=4", "--width=4", "--channels=1"]
    places = [f"--input={folder / 'in'}", f"--output={folder / 'out'}"]
    return preprocess.preprocess(preprocess.parser().parse_args([*options, *places]))


def held_out(folder: Path) -> list[dict[str, str]]:
    with (folder / "out/test/holdout.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_part_has_the_shares_of_the_labels(tmp_path: Path) -> None:
    for label, count in (("10", 40), ("9", 20), ("8", 20)):
        write(tmp_path / "in", label, count, shade=int(label) * 5)
    schema = run(tmp_path)
    assert schema.labels == ("8", "9", "10")
    assert Counter(row["label"] for row in held_out(tmp_path)) == {"10": 8, "9": 4, "8": 4}
    with np.load(tmp_path / "out/train/train.npz") as arrays:
        assert arrays["images"].shape == (48, 4, 4, 1)
        assert np.bincount(arrays["target"]).tolist() == [12, 12, 24]


def test_equal_files_are_in_the_same_part(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / "in" / name, "cat", 20)
        write(tmp_path / "in" / name, "dog", 20, shade=100)
    run(tmp_path)
    tested = {row["image"] for row in held_out(tmp_path)}
    with (tmp_path / "out/rows/train.csv").open(newline="") as stream:
        learned = {row["image"] for row in csv.DictReader(stream)}
    assert tested and learned and not tested & learned


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"cat": 20}, "data: got the label 'cat' only; allowed: at least two labels"),
        ({"cat": 20, "dog": 2}, "data: got fewer than 3 images of dog; add images"),
    ],
)
def test_labels_that_cannot_be_learnt_are_rejected(
    tmp_path: Path, counts: dict[str, int], message: str
) -> None:
    for label, count in counts.items():
        write(tmp_path / "in", label, count)
    with pytest.raises(InputError) as error:
        run(tmp_path)
    assert message in str(error.value)
