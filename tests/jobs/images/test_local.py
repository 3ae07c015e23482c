"""The jobs of a project on images of this machine, with a model of one image for each label."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from mlops_jobs.evaluation.quality import METRICS
from mlops_jobs.images import local
from mlops_jobs.images.model import ImageModel, Images
from mlops_jobs.images.project import ImageProject
from mlops_jobs.images.schema import FILE, ImageSchema
from mlops_jobs.images.training import ImageTraining
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.training.hyperparameters import Hyperparameter

SIZE = ("--height=4", "--width=4", "--channels=1")


def fit(training: ImageTraining) -> None:
    images, target = training.train.images, training.train.target
    means = [images[target == number].mean(axis=0) for number in range(len(training.schema.labels))]
    np.save(training.folder / "means.npy", np.stack(means))


def load(folder: Path) -> ImageModel:
    means = np.load(folder / "means.npy")

    def predict(images: Images) -> npt.NDArray[np.float64]:
        distance = np.square(images[:, None] - means[None]).sum(axis=(2, 3, 4))
        near = np.exp(-distance)
        return np.asarray(near / near.sum(axis=1, keepdims=True))

    schema = ImageSchema.from_json((folder / FILE).read_bytes())
    return ImageModel(schema=schema, predict_images=predict)


PROJECT = ImageProject(
    fit=fit,
    load=load,
    hyperparameters={"epochs": Hyperparameter(whole=True, low=1, high=9, default=1)},
)


def write_images(folder: Path, labels: tuple[str, ...] = ("dark", "light")) -> Path:
    random = np.random.default_rng(7)
    for place, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            pixels = random.integers(0, 60, (4, 4)) + 90 * place
            Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"{number}.png")
    return folder


def command(name: str, *arguments: str | Path) -> None:
    local.main(name, PROJECT, [*map(str, arguments), *SIZE])


@pytest.mark.parametrize("labels", [("dark", "light"), ("dark", "gray", "light")])
def test_a_folder_of_images_becomes_a_model_and_a_report(
    tmp_path: Path, labels: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    images, output = write_images(tmp_path / "images", labels), tmp_path / "run"
    for _ in range(2):  # a second run replaces the first one
        command("run", images, "--output", output)
    said = capsys.readouterr().out
    assert f"report: {output / 'report.html'}" in said
    assert (output / "report.html").read_text(encoding="utf-8").startswith("<!")
    report = json.loads((output / "evaluation.json").read_bytes())
    kind = ProblemType.BINARY if len(labels) == 2 else ProblemType.MULTICLASS
    assert report[kind.report][METRICS[kind][0].key]["value"] > 0.9
    assert load(output / "model").labels == labels
    assert len(list(images.rglob("*.png"))) == 40 * len(labels)


def test_images_are_checked_without_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("check", write_images(tmp_path / "images"))
    assert json.loads(capsys.readouterr().out) == {
        "problem_type": "binary",
        "metric": "auc",
        "images": 80,
        "labels": {"dark": 40, "light": 40},
    }


@pytest.mark.parametrize("name", ["check", "run"])
@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("nothing", (), "got no folder and no zip archive"),
        ("images/dark/0.png", (), "got no folder and no zip archive"),
        ("images/dark", (), "0.png: got a file without a folder"),
        ("images", ("--metric=mase",), "objective.metric: got 'mase'; allowed: auc"),
    ],
)
def test_a_run_that_cannot_succeed_ends_in_one_line_and_keeps_the_last_one(
    tmp_path: Path, name: str, data: str, options: tuple[str, ...], message: str
) -> None:
    write_images(tmp_path / "images")
    (tmp_path / "run/raw").mkdir(parents=True)
    place = [f"--output={tmp_path / 'run'}"] if name == "run" else []
    with pytest.raises(SystemExit) as error:
        command(name, tmp_path / data, *options, *place)
    assert message in str(error.value)
    assert (tmp_path / "run/raw").is_dir()


def test_an_unknown_hyperparameter_ends_in_one_line(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images")
    with pytest.raises(SystemExit, match="got hyperparameter 'depth'; allowed: epochs"):
        command("run", images, "--set", "depth=1", "--output", tmp_path / "run")
