"""The processing job that scores the model."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from tabular import model

from mlops_jobs.archive import load_archive
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.evaluation.metrics import binary_report
from mlops_jobs.failure import InputError
from seed_code.model_build.tests.conftest import (
    Fitted,
    pack,
)

SOURCES = {
    "binary": ("binary_classification_metrics", "auc", 0.9),
    "multiclass": ("multiclass_classification_metrics", "accuracy", 0.8),
    "regression": ("regression_metrics", "r2", 0.8),
}


def test_the_report_follows_model_monitor(fitted: Fitted) -> None:
    group, measure, least = SOURCES[fitted.kind]
    assert fitted.report["dataset"] == {"item_count": len(fitted.holdout())}
    measures = fitted.report[group]
    assert least < measures[measure]["value"] <= 1
    assert measures[measure]["standard_deviation"] == "NaN"
    written = (fitted.outputs.parent / "evaluation/evaluation.json").read_text()
    assert json.loads(written) == fitted.report


def test_classifications_have_a_confusion_matrix_of_labels(binary: Fitted) -> None:
    matrix = binary.report["binary_classification_metrics"]["confusion_matrix"]
    assert list(matrix) == ["churned", "stays"]
    assert sum(sum(row.values()) for row in matrix.values()) == len(binary.holdout())


def test_the_report_measures_the_predictions_of_the_endpoint(binary: Fitted) -> None:
    rows = binary.holdout()
    schema = binary.predictor.schema
    cells = [[row[column.name] for row in rows] for column in schema.features]
    probability = binary.predictor.predict(cells)[:, 1].astype(float)
    actual = [schema.labels.index(row["answer"]) for row in rows]
    report = binary_report(np.array(actual), probability, schema.labels)
    measured = binary.report["binary_classification_metrics"]
    assert report["auc"] == measured["auc"]
    assert report["confusion_matrix"] == measured["confusion_matrix"]


def test_a_member_outside_of_the_folder_is_rejected(tmp_path: Path, binary: Fitted) -> None:
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        for file in binary.model.iterdir():
            archive.add(file, file.name)
        escape = tarfile.TarInfo("../escaped")
        escape.size = 3
        archive.addfile(escape, io.BytesIO(b"bad"))
    with pytest.raises(InputError, match=r"'\.\./escaped' would be extracted"):
        evaluate(model.load, tmp_path, binary.outputs / "test", tmp_path / "output")
    assert not (tmp_path.parent / "escaped").exists()


def test_an_archive_without_a_model_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pack(tmp_path / "empty", tmp_path)
    with pytest.raises(InputError, match=r"schema\.json: no such file; .* Got \[\]"):
        load_archive(tmp_path / "model.tar.gz", model.load)


def test_what_is_no_archive_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"cannot be read as a tar\.gz archive"):
        load_archive(tmp_path / "model.tar.gz", model.load)
