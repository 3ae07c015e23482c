"""The processing job that scores the model."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from tabular import model

from mlops_jobs.archive import load_archive
from mlops_jobs.evaluation.baseline import best_without_features
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.evaluation.metrics import binary_report
from mlops_jobs.evaluation.quality import METRICS
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from seed_code.model_build.tests.conftest import Fitted
from seed_code.model_build.tests.training_jobs import pack

SOURCES = {
    "binary": ("binary_classification_metrics", "auc", 0.9),
    "multiclass": ("multiclass_classification_metrics", "accuracy", 0.75),
    "regression": ("regression_metrics", "r2", 0.8),
}


def test_the_report_has_the_metrics_of_a_model_without_features(fitted: Fitted) -> None:
    problem_type = ProblemType(fitted.kind)
    group = fitted.report[problem_type.report]
    naive = fitted.report["baseline"]["without_features"]
    assert set(naive) == {name for name, measure in group.items() if "value" in measure}
    metric = METRICS[problem_type][0]
    model_is_larger = group[metric.key]["value"] > naive[metric.key]["value"]
    assert model_is_larger is metric.maximize
    path = metric.baseline_path.split(".")
    assert path == ["baseline", "without_features", metric.key, "value"]


def test_a_model_without_features_predicts_the_mean_and_the_shares_of_labels() -> None:
    binary = best_without_features(ProblemType.BINARY, ("a", "b"), np.array([0.0, 0, 0, 1]))
    assert binary["auc"]["value"] == 0.5
    assert binary["accuracy"]["value"] == 0.75
    numbers = best_without_features(ProblemType.REGRESSION, (), np.array([1.0, 3.0]))
    assert numbers["rmse"]["value"] == 1
    assert numbers["r2"]["value"] == 0


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
