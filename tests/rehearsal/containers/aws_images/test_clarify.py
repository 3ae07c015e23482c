"""The stand-in for Clarify, with the engine that its image has."""

import csv
import json
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy
import pytest

from rehearsal.containers.aws_images.stand_in import clarify, shadow_endpoint
from rehearsal.containers.aws_images.stand_in.monitored_data import InputError

HEADERS = ["late", "group", "distance"]
ROWS = [[row % 2, "AB"[row % 3 == 0], 100 + row] for row in range(60)]
BIAS = {
    "label": "late",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "group", "value_or_threshold": ["B"]}],
    "headers": HEADERS,
    "dataset_type": "text/csv",
}
Analyze = Callable[..., str]


class FakePredictor:
    """A model that predicts the label by the distance."""

    def responses(self, rows: list[list[Any]], names: list[str]) -> list[Any]:
        place = names.index("distance")
        return [[0.9 if float(row[place]) % 2 else 0.1] for row in rows]


@pytest.fixture
def analyze(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Analyze:
    """Runs an analysis of rows with a model behind an endpoint."""
    deployed = []

    @contextmanager
    def endpoint(config: Any, model: str) -> Iterator[Any]:
        deployed.append(model)
        yield FakePredictor()

    monkeypatch.setattr(shadow_endpoint, "deployed", endpoint)
    monkeypatch.setattr(clarify, "_DATA", str(tmp_path / "data"))

    def analyze(config: dict[str, Any], rows: list[list[Any]] = ROWS, **variables: str) -> str:
        (tmp_path / "data").mkdir(exist_ok=True)
        with (tmp_path / "data/rows.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        path = tmp_path / "analysis_config.json"
        path.write_text(json.dumps(config))
        output = str(tmp_path / "out")
        given = {"analysis_config": str(path), "output_path": output, **variables}
        return clarify.Analysis(given).run()

    analyze.deployed = deployed  # type: ignore[attr-defined]
    return analyze


def analysis(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "out/analysis.json").read_text())


def metrics(section: Any, facet: str = "group") -> dict[str, float]:
    (entry,) = section["facets"][facet]
    return {one["name"]: one["value"] for one in entry["metrics"]}


def test_bias_before_training_needs_no_model(analyze: Any, tmp_path: Path) -> None:
    methods = {"pre_training_bias": {"methods": "all"}, "report": {"name": "report"}}
    found = analyze({**BIAS, "methods": methods})
    assert found == "Completed: Job completed successfully with no violations."
    assert set(analysis(tmp_path)) == {"version", "pre_training_bias_metrics"}
    assert metrics(analysis(tmp_path)["pre_training_bias_metrics"])["CI"] == pytest.approx(1 / 3)
    assert analyze.deployed == []


def test_bias_after_training_deploys_the_model(analyze: Any, tmp_path: Path) -> None:
    methods = {"post_training_bias": {"methods": ["DPPL", "AD"]}}
    analyze({**BIAS, "methods": methods, "predictor": {"model_name": "m"}})
    assert set(metrics(analysis(tmp_path)["post_training_bias_metrics"])) == {"DPPL", "AD"}
    assert analyze.deployed == ["m"]


def test_a_group_variable_divides_the_rows(analyze: Any, tmp_path: Path) -> None:
    methods = {"pre_training_bias": {"methods": ["CDDL"]}}
    analyze({**BIAS, "group_variable": "distance", "methods": methods})
    assert set(metrics(analysis(tmp_path)["pre_training_bias_metrics"])) == {"CDDL"}


def test_predictions_of_the_dataset_need_no_model(analyze: Any, tmp_path: Path) -> None:
    rows = [[*row, row[0]] for row in ROWS]
    config = {**BIAS, "headers": [*HEADERS, "guess"], "predicted_label": "guess"}
    analyze({**config, "methods": {"post_training_bias": {"methods": ["AD"]}}}, rows)
    assert metrics(analysis(tmp_path)["post_training_bias_metrics"]) == {"AD": 0.0}
    assert analyze.deployed == []


def test_a_number_is_the_threshold_of_a_column_with_many(analyze: Any, tmp_path: Path) -> None:
    facet = [{"name_or_index": 2, "value_or_threshold": [129]}]
    analyze({**BIAS, "facet": facet, "methods": {"pre_training_bias": {"methods": ["CI"]}}})
    found = metrics(analysis(tmp_path)["pre_training_bias_metrics"], "distance")
    assert found["CI"] == pytest.approx(0.0)  # 30 rows above it, and 30 that are not


def test_more_bias_than_in_the_baseline_is_a_violation(analyze: Any, tmp_path: Path) -> None:
    config = {**BIAS, "methods": {"pre_training_bias": {"methods": "all"}}}
    analyze(config, ROWS * 10)
    baseline = tmp_path / "baseline.json"
    (tmp_path / "out/analysis.json").rename(baseline)
    worse = [[int(row[1] == "A"), *row[1:]] for row in ROWS]
    found = analyze(config, worse * 10, baseline_constraints=str(baseline))
    assert found.startswith("CompletedWithViolations: Job completed successfully with ")
    report = json.loads((tmp_path / "out/constraint_violations.json").read_text())
    assert {one["metric_name"] for one in report["violations"]} >= {"DPL"}


def test_merged_traffic_has_its_predictions_and_labels(analyze: Any, tmp_path: Path) -> None:
    folder = tmp_path / "captured/e/v/2026/11/30/09"
    folder.mkdir(parents=True)
    lines = []
    for label, group, distance in ROWS:
        sides = {
            "endpointInput": {"data": f"{group},{distance}", "encoding": "CSV"},
            "endpointOutput": {"data": "0.8" if label else "0.3", "encoding": "CSV"},
        }
        truth = {"data": str(label), "encoding": "CSV"}
        lines.append(json.dumps({"captureData": sides, "groundTruthData": truth}))
    (folder / "a.jsonl").write_text("\n".join(lines))
    analyze(
        {**BIAS, "methods": {"post_training_bias": {"methods": ["AD"]}}},
        dataset_source=str(tmp_path / "captured"),
        dataset_format='{"sagemakerMergeJson": {}}',
        probability_attribute="0",
    )
    assert metrics(analysis(tmp_path)["post_training_bias_metrics"]) == {"AD": 0.0}


class Explainer:
    """An explainer of a model with one score: the whole score belongs to the last column."""

    def __init__(self, scores: Callable[[Any], Any], baseline: Any) -> None:
        self._scores = scores
        self.expected_value = float(scores(baseline)[0][0])

    def shap_values(self, rows: Any, **_: Any) -> Any:
        found = numpy.zeros(rows.shape)
        found[:, -1] = self._scores(rows)[:, 0] - self.expected_value
        return found


@pytest.fixture
def explained(analyze: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs an explanation; `shap` is a package of the image."""
    module = types.ModuleType("shap")
    module.KernelExplainer = Explainer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shap", module)

    def explained(**members: Any) -> str:
        variables = members.pop("variables", {})
        methods = {"shap": {"baseline": [["A", 100]], "num_samples": 5, **members}}
        found = {**BIAS, "methods": methods, "predictor": {"model_name": "m"}}
        return str(analyze(found, **variables))

    return explained


def test_shap_values_are_global_and_local(explained: Any, tmp_path: Path) -> None:
    assert explained() == "Completed: Job completed successfully with no violations."
    found = analysis(tmp_path)["explanations"]["kernel_shap"]["label0"]
    assert found["global_shap_values"] == {"group": 0.0, "distance": pytest.approx(0.4)}
    assert found["expected_value"] == pytest.approx(0.1)
    rows = (tmp_path / "out/explanations_shap/out.csv").read_text().splitlines()
    assert rows[0] == "group_label0,distance_label0"
    assert len(rows) == 1 + len(ROWS)
    assert (tmp_path / "out/explanations_shap/baseline.csv").read_text() == (
        "group,distance\nA,100\n"
    )


def test_another_order_of_features_is_a_violation(explained: Any, tmp_path: Path) -> None:
    explained()
    document = analysis(tmp_path)
    values = document["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    values["group"], values["distance"] = values["distance"], values["group"]
    baseline = tmp_path / "baseline.json"
    baseline.write_text(json.dumps(document))
    found = explained(variables={"baseline_constraints": str(baseline)})
    assert found.startswith("CompletedWithViolations")
    report = json.loads((tmp_path / "out/constraint_violations.json").read_text())
    (violation,) = report["violations"]
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"methods": {"pdp": {}}}, "does not have pdp"),
        ({"methods": {"pre_training_bias": {"methods": ["CDDL"]}}}, "metrics CDDL; it has CI"),
        ({"facet": []}, "facet: got nothing"),
        ({"facet": [{"name_or_index": "x", "value_or_threshold": [1]}]}, "there is no column x"),
        ({"facet": [{"name_or_index": "group"}]}, "needs value_or_threshold"),
        ({"label": ""}, "both are needed"),
        ({"headers": ["a"]}, "got 1 for 3 columns"),
        ({"dataset_type": "image/png"}, "dataset_type: got image/png"),
        ({"methods": {"shap": {"agg_method": "median"}}}, "got median, expected mean_abs"),
        ({"methods": {"shap": {"text_config": {"a": 1}}}}, "shap.text_config"),
    ],
)
def test_what_is_not_supported_is_rejected(
    analyze: Analyze, change: dict[str, Any], reason: str
) -> None:
    config = {**BIAS, "methods": {"pre_training_bias": {"methods": "all"}}, **change}
    with pytest.raises(InputError, match=reason):
        analyze(config)


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no .*absent"):
        clarify.Analysis({"analysis_config": str(tmp_path / "absent.json")})
