"""Features that a project computes."""

from pathlib import Path

import numpy as np
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.serving.invocations import Invocations
from mlops_jobs.table import preprocess
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.features import Feature
from mlops_jobs.table.model import TabularModel
from mlops_jobs.table.schema import Kind, Schema

PER_PERSON = Feature(
    name="rooms_per_person",
    inputs=("rooms", "people"),
    compute=lambda rooms, people: rooms / people,
)
LETTERS = Feature(name="letters", texts=("street",), compute=lambda texts: [len(t) for t in texts])


def table(folder: Path) -> Path:
    (folder / "raw").mkdir()
    rows = [
        f"{row % 7 + 1},{row % 3},{'abcdefgh'[row % 8] * (row + 1)},{row % 2}" for row in range(40)
    ]
    (folder / "raw/t.csv").write_text("\n".join(["rooms,people,street,y", *rows]) + "\n")
    return folder


def fitted(folder: Path, *features: Feature, arguments: tuple[str, ...] = ()) -> Schema:
    options = ["--target=name:y", f"--input={folder / 'raw'}", f"--output={folder}", *arguments]
    return preprocess.preprocess(preprocess.parser().parse_args(options), features)


def first_computed(schema: Schema, *features: Feature) -> TabularModel:
    """Returns a model whose probability is the last column of the matrix, below 1."""

    def predict(matrix: Matrix) -> Matrix:
        return (matrix[:, -1] / 100).astype(np.float32)

    return TabularModel(schema=schema, predict_encoded=predict, computed=features)


def test_training_and_requests_compute_a_feature_alike(tmp_path: Path) -> None:
    schema = fitted(table(tmp_path), PER_PERSON)
    served = Invocations(first_computed(schema, PER_PERSON))

    assert schema.computed == ("rooms_per_person",)
    with np.load(tmp_path / "train/train.npz") as train:
        features = train["features"]
    expected = features[:, 0] / np.where(features[:, 1] == 0, np.nan, features[:, 1])
    np.testing.assert_array_equal(features[:, -1], expected.astype(np.float32))
    bodies = {
        "text/csv": b"6,4,Elm Street\n",
        "application/json": b'{"instances": [{"rooms": 6, "people": 4}]}',
    }
    for kind, body in bodies.items():
        assert served.respond(body, kind, "text/csv") == b"0,0.015\n"
    assert served.respond(b"6,0,Elm Street", "text/csv", "text/csv") == b"0,nan\n"


def test_an_input_that_the_model_does_not_use_is_still_required(tmp_path: Path) -> None:
    schema = fitted(table(tmp_path), LETTERS, arguments=("--drop=street",))
    model = first_computed(schema, LETTERS)

    assert schema.columns[2].kind is Kind.INPUT
    assert list(model.features) == ["rooms", "people", "street"]
    served = Invocations(model)
    assert served.respond(b"1,2,Elm", "text/csv", "text/csv") == b"0,0.03\n"
    missing = b'[{"rooms": 1, "people": 2, "street": null}]'
    assert served.respond(missing, "application/json", "text/csv") == b"0,0.0\n"
    with pytest.raises(InputError, match="got no column 'street'; add it"):
        served.respond(b'[{"rooms": 1, "people": 2}]', "application/json", "text/csv")


def test_the_attribution_of_a_feature_belongs_to_its_inputs(tmp_path: Path) -> None:
    schema = fitted(table(tmp_path), PER_PERSON)
    model = TabularModel(
        schema=schema,
        predict_encoded=lambda matrix: matrix[:, 0],
        attribute_encoded=lambda matrix: np.tile([1, 2, 8, 100], (len(matrix), 1)),
        computed=(PER_PERSON,),
    )
    attributions = model.attributions([["1"], ["2"]])
    np.testing.assert_array_equal(attributions, [[[1 + 4, 2 + 4, 100]]])


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (Feature(name="y2", inputs=("y",), compute=len), "got the target 'y' as an input"),
        (Feature(name="x", inputs=("room",), compute=len), "got the input 'room'; allowed: rooms"),
        (Feature(name="rooms", inputs=("people",), compute=len), "got a name that exists"),
        (Feature(name="x", compute=len), "got no inputs"),
        (Feature(name="x", inputs=("rooms",), compute=np.sum), "got an array of the shape .. for"),
        (Feature(name="x", inputs=("rooms",), compute=lambda: 1), "cannot be computed: TypeError"),
    ],
)
def test_a_feature_that_does_not_fit_is_rejected(
    tmp_path: Path, feature: Feature, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fitted(table(tmp_path), feature)


def test_a_model_of_other_features_is_rejected(tmp_path: Path) -> None:
    schema = fitted(table(tmp_path), PER_PERSON)
    with pytest.raises(InputError, match=r"computed features \['rooms_per_person'\], but the code"):
        first_computed(schema)
