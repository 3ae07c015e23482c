"""The model of the project, whatever library it uses."""

from pathlib import Path

from pipeline.configuration import read_configuration
from tabular import model
from tests.conftest import HEADING, Fitted, train
from tests.training_jobs import lay_out_training

MIN_QUALITY = {
    "binary": ("binary_classification_metrics", "auc", 0.85),
    "multiclass": ("multiclass_classification_metrics", "accuracy", 0.7),
    "regression": ("regression_metrics", "r2", 0.7),
}


def test_it_learns(fitted: Fitted) -> None:
    group, measure, lowest = MIN_QUALITY[fitted.kind]
    assert fitted.report[group][measure]["value"] > lowest


def test_a_model_that_is_loaded_again_predicts_the_same(fitted: Fitted) -> None:
    rows = fitted.holdout()
    cells = [[row[name] for row in rows] for name in fitted.predictor.features]
    again = model.load(fitted.model).predict(cells)
    assert again.tobytes() == fitted.predictor.predict(cells).tobytes()


def test_the_same_input_gives_the_same_model(tmp_path: Path, binary: Fitted) -> None:
    for name in ("one", "two"):
        train(lay_out_training(tmp_path / name, binary.outputs))
    one, two = (model.load(tmp_path / name / "model") for name in ("one", "two"))
    cells = [[row[name] for row in binary.holdout()] for name in one.features]
    assert one.predict(cells).tobytes() == two.predict(cells).tobytes()


def test_missing_values_and_unknown_categories_are_predicted(binary: Fitted) -> None:
    found = binary.predictor.predict([[None, "never seen"][:1] for _ in binary.predictor.features])
    assert 0 <= float(found[0, 1]) <= 1


def test_requests_have_the_columns_of_the_table(binary: Fitted) -> None:
    assert list(binary.predictor.columns) == HEADING[:-1]


def test_the_file_of_the_project_is_valid() -> None:
    read_configuration(Path(__file__).parents[1] / "config.yaml")
