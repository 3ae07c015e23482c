"""The baselines that a model brings: monitors read them as they are."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring import model_baselines
from mlops_jobs.monitoring.model import LoadModel
from mlops_jobs.table.model import TabularModel
from seed_code.model_build.tests.conftest import Fitted
from seed_code.model_build.tests.training_jobs import pack
from tests.jobs.monitoring.captured import (
    captured_calls,
    environment,
    ground_truth,
    report,
    violations,
    write_lines,
)
from tests.jobs.monitoring.programs import load_model, monitor

FACET = '{"name_or_index": "city", "value_or_threshold": ["Łódź"]}'


def write(folder: Path, fitted: Fitted, *arguments: str, load: LoadModel = load_model) -> Path:
    """Runs the job on the outputs of preprocessing and training; returns the folder."""
    archive = pack(fitted.model, folder / "archive")
    options = model_baselines.parser().parse_args(
        [
            f"--model={archive}",
            f"--rows={fitted.outputs / 'rows'}",
            f"--test={fitted.outputs / 'test'}",
            f"--output={folder / 'baseline'}",
            *arguments,
        ]
    )
    model_baselines.write_baselines(options, load)
    return folder / "baseline"


def raw_rows(file: Path) -> tuple[list[list[str]], list[str]]:
    """Returns rows without the target, as callers send them, and the targets."""
    with file.open(encoding="utf-8", newline="") as stream:
        _, *rows = csv.reader(stream)
    return [row[:-1] for row in rows], [row[-1] for row in rows]


def run(
    folder: Path, fitted: Fitted, analysis: str, name: str, rows: list[list[str]], **more: str
) -> dict[str, Any]:
    """Runs a monitor of rows that an endpoint has served; returns its violations by check."""
    baseline = folder / "baseline" / name
    variables = environment(
        folder,
        analysis,
        baseline_constraints=str(baseline / "constraints.json"),
        baseline_statistics=str(baseline / "statistics.json"),
        **more,
    )
    write_lines(folder / "capture/a.jsonl", captured_calls(rows, fitted.predictor))
    monitor(variables)
    return {str(one.get("feature_name", one.get("metric_name"))): one for one in violations(folder)}


def test_every_kind_of_model_has_them(tmp_path: Path, fitted: Fitted) -> None:
    folder = write(tmp_path, fitted)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    assert names == {
        f"{name}/{file}.json"
        for name in ("data-quality", "model-quality", "explainability")
        for file in ("statistics", "constraints")
    } | {"explainability/analysis_config.json"}
    config = json.loads((folder / "explainability/analysis_config.json").read_text())
    assert config["headers"] == list(fitted.predictor.columns)
    assert set(config["methods"]) == {"shap"}


def test_data_quality_describes_the_raw_training_rows_and_the_predictions_of_held_out_rows(
    tmp_path: Path, binary: Fitted
) -> None:
    folder = write(tmp_path, binary)
    found = json.loads((folder / "data-quality/statistics.json").read_bytes())
    rows, _ = raw_rows(binary.outputs / "rows/train.csv")
    assert found["dataset"]["item_count"] == len(rows)
    columns = {entry["name"]: entry for entry in found["features"]}
    assert set(columns) == {*binary.predictor.columns}
    assert columns["age"]["inferred_type"] == "Fractional"
    assert found["predictions"]["dataset"]["item_count"] == len(binary.holdout())


def test_traffic_like_the_training_rows_violates_nothing(tmp_path: Path, binary: Fitted) -> None:
    write(tmp_path, binary)
    rows, _ = raw_rows(binary.outputs / "test/holdout.csv")
    assert run(tmp_path, binary, "DATA_QUALITY", "data-quality", rows) == {}


def test_drift_of_a_column_and_of_the_predictions_is_found(tmp_path: Path, binary: Fitted) -> None:
    write(tmp_path, binary)
    rows, _ = raw_rows(binary.outputs / "test/holdout.csv")
    older = [["75.5", "Łódź", *row[2:]] for row in rows]
    found = run(tmp_path, binary, "DATA_QUALITY", "data-quality", older)
    assert {"age", "prediction"} <= set(found)


def test_columns_that_the_model_does_not_read_are_not_compared(
    tmp_path: Path, binary: Fitted
) -> None:
    write(tmp_path, binary)
    unused = binary.predictor.columns.index("always")
    assert "always" not in binary.predictor.features
    rows, _ = raw_rows(binary.outputs / "test/holdout.csv")
    changed = [[*row[:unused], "changed", *row[unused + 1 :]] for row in rows]
    assert run(tmp_path, binary, "DATA_QUALITY", "data-quality", changed) == {}


class Dated(TabularModel):
    """A model with a feature that is new in each request."""

    new_features = ("age",)


def test_features_that_are_new_in_each_request_are_not_compared(
    tmp_path: Path, binary: Fitted
) -> None:
    write(tmp_path, binary, load=lambda archive: Dated(**vars(load_model(archive))))
    age = binary.predictor.columns.index("age")
    rows, _ = raw_rows(binary.outputs / "test/holdout.csv")
    changed = [[*row[:age], "9999", *row[age + 1 :]] for row in rows]
    found = run(tmp_path, binary, "DATA_QUALITY", "data-quality", changed)
    assert "age" not in found


def test_model_quality_finds_a_model_that_has_become_worse(tmp_path: Path, binary: Fitted) -> None:
    write(tmp_path, binary)
    rows, labels = raw_rows(binary.outputs / "test/holdout.csv")
    places = {"ground_truth_source": str(tmp_path / "labels")}
    write_lines(tmp_path / "labels/a.jsonl", ground_truth(labels))
    assert run(tmp_path, binary, "MODEL_QUALITY", "model-quality", rows, **places) == {}
    swapped = ["stays" if label == "churned" else "churned" for label in labels]
    write_lines(tmp_path / "labels/a.jsonl", ground_truth(swapped))
    found = run(tmp_path, binary, "MODEL_QUALITY", "model-quality", rows, **places)
    assert "auc" in found


def test_explainability_reads_its_baseline(tmp_path: Path, binary: Fitted) -> None:
    write(tmp_path, binary)
    rows, _ = raw_rows(binary.outputs / "test/holdout.csv")
    archive = str(tmp_path / "archive/model.tar.gz")
    found = run(
        tmp_path, binary, "MODEL_EXPLAINABILITY", "explainability", rows, model_source=archive
    )
    assert found == {}
    statistics = report(tmp_path, "statistics.json")
    assert set(statistics["explanations"]["kernel_shap"]["label0"]["global_shap_values"]) == set(
        binary.predictor.features
    )


def test_bias_of_a_configured_group_is_a_baseline(tmp_path: Path, binary: Fitted) -> None:
    folder = write(tmp_path, binary, f"--facet={FACET}", "--favorable=churned")
    config = json.loads((folder / "bias/analysis_config.json").read_bytes())
    assert config["label_values_or_threshold"] == ["churned"]
    rows, labels = raw_rows(binary.outputs / "test/holdout.csv")
    write_lines(tmp_path / "labels/a.jsonl", ground_truth(labels))
    found = run(
        tmp_path,
        binary,
        "MODEL_BIAS",
        "bias",
        rows,
        ground_truth_source=str(tmp_path / "labels"),
        analysis_config=str(folder / "bias/analysis_config.json"),
    )
    assert found == {}
    measured = report(tmp_path, "statistics.json")["post_training_bias_metrics"]
    assert measured["facets"]["city"][0]["value_or_threshold"] == "Łódź"


def test_the_favorable_label_defaults_to_the_positive_one(tmp_path: Path, binary: Fitted) -> None:
    folder = write(tmp_path, binary, f"--facet={FACET}")
    config = json.loads((folder / "bias/analysis_config.json").read_bytes())
    assert config["label_values_or_threshold"] == [binary.predictor.labels[1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ['--facet={"name_or_index": "town", "value_or_threshold": ["a"]}'],
            "bias.facets: got 'town'; allowed: age, city",
        ),
        ([f"--facet={FACET}", "--favorable=happy"], "bias.favorable: got happy; allowed: churned"),
    ],
)
def test_a_wrong_group_or_label_is_rejected(
    tmp_path: Path, binary: Fitted, arguments: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write(tmp_path, binary, *arguments)


@pytest.mark.parametrize("fitted", ["multiclass", "regression"], indirect=True)
def test_other_targets_need_a_favorable_outcome(tmp_path: Path, fitted: Fitted) -> None:
    with pytest.raises(InputError, match=f"bias.favorable: got nothing for a {fitted.kind} target"):
        write(tmp_path, fitted, f"--facet={FACET}")


def test_a_malformed_facet_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        model_baselines.parser().parse_args(["--facet=city"])
    assert "allowed: a JSON object with name_or_index and value_or_threshold" in (
        capsys.readouterr().err
    )
