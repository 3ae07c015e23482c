"""The model of the project, whatever network it is."""

import json
from pathlib import Path

import numpy as np
import pytest
from mlops_jobs.failure import InputError
from mlops_jobs.serving.invocations import Invocations

from pipeline.configuration import read_configuration
from tests.conftest import Fitted, pictures, train
from tests.training_jobs import lay_out_training
from vision import model


def test_it_learns(fitted: Fitted) -> None:
    assert fitted.report["multiclass_classification_metrics"]["accuracy"]["value"] > 0.9


def test_a_model_that_is_loaded_again_predicts_the_same(fitted: Fitted) -> None:
    cells = [[row["image"] for row in fitted.holdout()]]
    again = model.load(fitted.model).predict(cells)
    assert again.tobytes() == fitted.classifier.predict(cells).tobytes()


def test_the_same_input_gives_the_same_model(tmp_path: Path, fitted: Fitted) -> None:
    one, two = (
        train(lay_out_training(tmp_path / name, fitted.outputs, epochs=1)) for name in ("a", "b")
    )
    cells = [[row["image"] for row in fitted.holdout()]]
    assert np.allclose(one.predict(cells), two.predict(cells), atol=1e-5)


def test_an_interrupted_job_resumes_from_its_checkpoint(
    tmp_path: Path, fitted: Fitted, capfd: pytest.CaptureFixture[str]
) -> None:
    opt_ml = lay_out_training(tmp_path / "spot", fitted.outputs, epochs=3)
    (opt_ml / "checkpoints").mkdir()
    first = train(opt_ml)
    capfd.readouterr()
    again = train(opt_ml)
    # Every epoch is done, so none is repeated.
    assert "Epoch 1/3" not in capfd.readouterr().out
    cells = [[row["image"] for row in fitted.holdout()]]
    assert np.allclose(first.predict(cells), again.predict(cells), atol=1e-5)


def test_an_image_file_is_a_request(fitted: Fitted) -> None:
    server = Invocations(fitted.classifier)
    label, content = next(pictures())
    response = server.handle({"content-type": "image/png"}, content)
    assert response.status == 200
    (prediction,) = json.loads(response.content)["predictions"]
    assert prediction["label"] == label
    assert sum(prediction["probabilities"].values()) == pytest.approx(1)


def test_a_model_of_other_images_is_rejected(tmp_path: Path, fitted: Fitted) -> None:
    for file in fitted.model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    schema = json.loads((tmp_path / "schema.json").read_text())
    (tmp_path / "schema.json").write_text(json.dumps(schema | {"size": [16, 16, 3]}))
    with pytest.raises(InputError, match=r"as in schema\.json"):
        model.load(tmp_path)
    (tmp_path / "model.keras").write_bytes(b"not a model")
    with pytest.raises(InputError, match="cannot be read as a model of Keras"):
        model.load(tmp_path)


def test_the_file_of_the_project_is_valid() -> None:
    read_configuration(Path(__file__).parents[1] / "config.yaml")
