"""Processing job: reads labeled images, scales them to one size and splits them.

Reads every file below `/opt/ml/processing/input/data`. Writes below `/opt/ml/processing/output`:
`train/train.npz` with `train/schema.json`, `validation/validation.npz`, the raw training rows
`rows/train.csv`, and the raw held-out rows `test/holdout.csv`; raw rows have the columns image, in
Base64, and label.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.images.files import image_files
from mlops_jobs.images.picture import Picture, Size, as_cell
from mlops_jobs.images.schema import FILE, IMAGE, LABEL, ImageSchema
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.split import Part, Parts, split
from mlops_jobs.table.target import read_target

INPUT = Path("/opt/ml/processing/input/data")
OUTPUT = Path("/opt/ml/processing/output")
MIN_IMAGES_PER_LABEL = 3  # one for each part


@dataclass(frozen=True, kw_only=True)
class LabeledFiles:
    """All images of a project.

    Args:
        size: size to which they are scaled.
        pictures: the images.
        cells: files in Base64, as a request has them.
        labels: label of each image.
    """

    size: Size
    pictures: list[Picture]
    cells: list[str]
    labels: list[str]


def read_images(options: argparse.Namespace) -> LabeledFiles:
    """Reads and validates the images without splitting them.

    Args:
        options: options of `add_options`, and the folder or archive `input`.

    Raises:
        InputError: the files are not labeled images; the message states the remedy.
    """
    size = Size(height=options.height, width=options.width, channels=options.channels)
    found = LabeledFiles(size=size, pictures=[], cells=[], labels=[])
    for file in image_files(options.input):
        try:
            found.pictures.append(size.decode(file.content))
        except InputError as error:
            raise InputError(f"{file.name}: {error}") from error
        found.cells.append(as_cell(file.content))
        found.labels.append(file.label)
    _check_labels(found.labels)
    return found


def preprocess(options: argparse.Namespace) -> ImageSchema:
    """Runs the job.

    Args:
        options: result of `parser`.

    Returns:
        Size and labels.

    Raises:
        InputError: the files are not labeled images; the message states the remedy.
    """
    found = read_images(options)
    labels, cells = found.labels, found.cells
    binary = len(set(labels)) == 2
    target = read_target(labels, ProblemType.BINARY if binary else ProblemType.MULTICLASS)
    parts = split(
        target,
        validation=options.validation_share,
        test=options.test_share,
        seed=options.seed,
        groups=_equal(cells),
    )
    schema = ImageSchema(size=found.size, labels=target.labels)
    codes = np.array([target.labels.index(label) for label in labels])
    images = np.stack(found.pictures)
    for part in (Part.TRAIN, Part.VALIDATION):
        name = part.name.lower()
        (options.output / name).mkdir(parents=True, exist_ok=True)
        chosen = parts == part
        np.savez_compressed(
            options.output / name / f"{name}.npz", images=images[chosen], target=codes[chosen]
        )
    (options.output / "train" / FILE).write_text(schema.to_json(), encoding="utf-8")
    _write_rows(options.output / "rows/train.csv", cells, labels, parts == Part.TRAIN)
    _write_rows(options.output / "test/holdout.csv", cells, labels, parts == Part.TEST)
    counts = {part.name.lower(): int(np.sum(parts == part)) for part in Part}
    print(f"{len(labels)} images of {len(schema.labels)} labels: {counts}")
    return schema


def _check_labels(labels: Sequence[str]) -> None:
    counts = {label: labels.count(label) for label in set(labels)}
    if len(counts) < 2:
        raise InputError(f"data: got the label {labels[0]!r} only; allowed: at least two labels")
    few = sorted(label for label, count in counts.items() if count < MIN_IMAGES_PER_LABEL)
    if few:
        raise InputError(
            f"data: got fewer than {MIN_IMAGES_PER_LABEL} images of {', '.join(few[:10])}; add "
            "images, or remove the label"
        )


def _equal(cells: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Returns equal numbers for equal files, which are in the same part."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(cell, len(numbers)) for cell in cells])


def _write_rows(file: Path, cells: Sequence[str], labels: Sequence[str], chosen: Parts) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([IMAGE, LABEL])
        writer.writerows((cells[row], labels[row]) for row in np.flatnonzero(chosen).tolist())


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments, which the pipeline sets from `config.yaml`."""
    options = argparse.ArgumentParser(prog="preprocess", description=__doc__)
    add_options(options)
    options.add_argument("--input", type=Path, default=INPUT)
    options.add_argument("--output", type=Path, default=OUTPUT)
    return options


def add_options(options: argparse.ArgumentParser) -> None:
    """Adds the options that describe images and split.

    Args:
        options: parser of a command.
    """
    options.add_argument("--height", type=int, required=True)
    options.add_argument("--width", type=int, required=True)
    options.add_argument("--channels", type=int, choices=(1, 3), required=True)
    options.add_argument("--validation-share", type=float, default=0.2)
    options.add_argument("--test-share", type=float, default=0.2)
    options.add_argument("--seed", type=int, default=7)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    with exit_with_message(Path("/opt/ml/output/message")):
        preprocess(options)
