"""Data quality of real traffic: drift is detected, and traffic without drift has no violations."""

import json
from pathlib import Path

import pytest

from mlops_jobs.monitoring import data_quality
from mlops_jobs.monitoring.columns.summary import Summary
from mlops_jobs.monitoring.constraints import read_constraints
from mlops_jobs.monitoring.data_quality import Baseline
from seed_code.model_build.tests.conftest import Fitted, Rows, write_csv
from tests.jobs.monitoring.captured import (
    END,
    as_csv,
    captured_calls,
    environment,
    line,
    report,
    shuffled,
    side,
    violations,
    write_lines,
)
from tests.jobs.monitoring.programs import make_baseline, monitor

AGE, CITY, MEMBER = 0, 1, 2


def halves(rows: Rows) -> tuple[Rows, Rows]:
    order = shuffled(rows)
    return order[: len(order) // 2], order[len(order) // 2 :]


@pytest.fixture
def compared(tmp_path: Path, binary: Fitted) -> tuple[Path, dict[str, str], Rows]:
    """A baseline of one half of the rows, and the other half without target."""
    before, after = halves(binary.raw)
    heading = ["age", "city", "member", "joined", "balance", "empty", "always", "number", "answer"]
    write_csv(tmp_path / "dataset", before, heading)
    make_baseline(
        {
            "analysis_type": "DATA_QUALITY",
            "dataset_source": str(tmp_path / "dataset"),
            "output_path": str(tmp_path / "baseline"),
            "ground_truth_attribute": "answer",
        }
    )
    variables = environment(
        tmp_path,
        "DATA_QUALITY",
        baseline_constraints=str(tmp_path / "baseline/constraints.json"),
        baseline_statistics=str(tmp_path / "baseline/statistics.json"),
    )
    return tmp_path, variables, [row[:-1] for row in after]


def run(folder: Path, variables: dict[str, str], rows: Rows, model: Fitted) -> str:
    write_lines(folder / "capture/a.jsonl", captured_calls(rows, model.predictor))
    return monitor(variables)


def test_traffic_like_the_training_data_violates_nothing(
    compared: tuple[Path, dict[str, str], Rows], binary: Fitted
) -> None:
    folder, variables, rows = compared

    ending = run(folder, variables, rows, binary)

    assert violations(folder) == []
    assert ending == "Completed: Job completed successfully with no violations."
    assert report(folder, "statistics.json")["dataset"] == {"item_count": len(rows)}


def test_shifted_numbers_and_other_categories_are_noticed(
    compared: tuple[Path, dict[str, str], Rows], binary: Fitted
) -> None:
    folder, variables, rows = compared
    for row in rows:
        row[AGE] = str(float(row[AGE]) + 25) if row[AGE][:1].isdigit() else row[AGE]
        row[CITY] = row[CITY] and "Paris"

    ending = run(folder, variables, rows, binary)

    assert {(one["feature_name"], one["constraint_check_type"]) for one in violations(folder)} == {
        ("age", "baseline_drift_check"),
        ("city", "baseline_drift_check"),
        ("city", "categorical_values_check"),
    }
    assert ending.startswith("CompletedWithViolations: ")


def test_missing_values_and_other_types_are_noticed(
    compared: tuple[Path, dict[str, str], Rows], binary: Fitted
) -> None:
    folder, variables, rows = compared
    for number, row in enumerate(rows):
        row[MEMBER] = "" if number % 2 else row[MEMBER]
    lines = captured_calls(rows, binary.predictor)
    # The server rejects a string for a number, so these have no predictions.
    strange = [["old", *row[1:]] for row in rows]
    lines += [line(999, side("INPUT", as_csv(strange)), None, END.replace(hour=11))]
    write_lines(folder / "capture/a.jsonl", lines)

    monitor(variables)

    found = {(one["feature_name"], one["constraint_check_type"]) for one in violations(folder)}
    assert {("member", "completeness_check"), ("age", "data_type_check")} <= found


def test_a_body_that_nobody_can_read_ends_no_run(
    compared: tuple[Path, dict[str, str], Rows], binary: Fitted
) -> None:
    folder, variables, rows = compared
    deep = side("INPUT", "[" * 5000 + "]" * 5000, "JSON", "application/json")
    lines = captured_calls(rows, binary.predictor)
    lines += [line(999, deep, None, END.replace(hour=11))]
    write_lines(folder / "capture/a.jsonl", lines)

    monitor(variables)

    assert report(folder, "statistics.json")["dataset"] == {"item_count": len(rows)}


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
def test_captured_json_lines_are_rows(
    compared: tuple[Path, dict[str, str], Rows], encoding: str
) -> None:
    folder, variables, rows = compared
    lines = "\n".join(json.dumps(row) for row in rows) + "\n"
    body = side("INPUT", lines, encoding, "application/jsonlines")
    write_lines(folder / "capture/a.jsonl", [line(1, body, None, END.replace(hour=11))])

    monitor(variables)

    assert report(folder, "statistics.json")["dataset"] == {"item_count": len(rows)}


def test_columns_that_come_and_go_are_noticed(
    compared: tuple[Path, dict[str, str], Rows],
) -> None:
    folder, variables, _ = compared
    rows = [{"age": 30, "city": "Łódź", "planet": "Mars"}] * 40
    body = side("INPUT", json.dumps({"instances": rows}), "JSON", "application/json")
    short = side("INPUT", "30,Łódź\n" * 10, "BASE64")
    time = END.replace(hour=11)
    write_lines(folder / "capture/a.jsonl", [line(1, body, None, time), line(2, short, None, time)])

    monitor(variables)

    found = {
        (one["feature_name"], one["constraint_check_type"]): one["description"]
        for one in violations(folder)
    }
    assert ("planet", "extra_column_check") in found
    assert ("balance", "missing_column_check") in found
    assert found["Missing columns", "missing_column_check"] == (
        "There are missing columns in current dataset. Number of columns in current dataset: 2, "
        "Number of columns in baseline constraints: 8. 10 of 50 rows have fewer than 8 columns"
    )


def test_traffic_of_another_time_is_not_analyzed(
    compared: tuple[Path, dict[str, str], Rows], binary: Fitted
) -> None:
    folder, variables, rows = compared
    lines = captured_calls(rows, binary.predictor, time=END)
    write_lines(folder / "capture/a.jsonl", lines)

    assert monitor(variables) == "Completed: There was no traffic to analyze."
    assert not (folder / "reports").exists()


def test_a_feature_can_be_left_out_of_the_comparison(
    compared: tuple[Path, dict[str, str], Rows], binary: Fitted
) -> None:
    folder, variables, rows = compared
    file = folder / "baseline/constraints.json"
    document = json.loads(file.read_text())
    for entry in document["features"]:
        if entry["name"] == "age":
            entry["monitoringConfigOverrides"] = {
                "distribution_constraints": {"perform_comparison": "Disabled"}
            }
    file.write_text(json.dumps(document))
    for row in rows:
        row[AGE] = "99"

    run(folder, variables, rows, binary)

    assert "age" not in {
        one["feature_name"]
        for one in violations(folder)
        if one["constraint_check_type"] == "baseline_drift_check"
    }


def test_metrics_are_left_where_model_monitor_looks_for_them(
    compared: tuple[Path, dict[str, str], Rows],
    binary: Fitted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, variables, rows = compared
    metrics = folder / "metrics/cloudwatch_metrics.jsonl"
    monkeypatch.setattr("mlops_jobs.monitoring.settings.METRICS_FILE", str(metrics))

    run(folder, {**variables, "publish_cloudwatch_metrics": "Enabled"}, rows, binary)

    found = {one["MetricName"]: one for one in map(json.loads, metrics.read_text().splitlines())}
    assert found["feature_baseline_drift_age"]["Value"] < 0.1
    assert found["feature_non_null_city"]["Timestamp"] == "2026-11-20T12:00:00Z"
    assert found["feature_data_age"]["StatisticValues"]["SampleCount"] > 100
    assert found["feature_data_age"]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "churn"},
        {"Name": "MonitoringSchedule", "Value": "drift"},
    ]


def test_real_measurements_drift_when_a_device_is_replaced(tmp_path: Path) -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="the train build has scikit-learn")
    table, _ = datasets.load_breast_cancer(return_X_y=True)
    rows = shuffled([[f"{cell:.6g}" for cell in row] for row in table])
    names = [f"measure {index}" for index in range(table.shape[1])]
    write_csv(tmp_path / "dataset", rows[:350], names)
    make_baseline(
        {"dataset_source": str(tmp_path / "dataset"), "output_path": str(tmp_path / "baseline")}
    )
    variables = environment(
        tmp_path,
        "DATA_QUALITY",
        baseline_constraints=str(tmp_path / "baseline/constraints.json"),
        baseline_statistics=str(tmp_path / "baseline/statistics.json"),
    )
    time = END.replace(hour=11)

    calls = [line(0, side("INPUT", as_csv(rows[350:])), None, time)]
    write_lines(tmp_path / "capture/a.jsonl", calls)
    monitor(variables)
    unshifted = violations(tmp_path)
    drifted = [[f"{float(row[0]) * 1.3:.6g}", *row[1:]] for row in rows[350:]]
    calls = [line(0, side("INPUT", as_csv(drifted)), None, time)]
    write_lines(tmp_path / "capture/a.jsonl", calls)
    monitor(variables)

    assert unshifted == []
    assert [one["feature_name"] for one in violations(tmp_path)] == ["measure 0"]


def constraints_of_aws(threshold: float) -> bytes:
    """Returns a file in the format of AWS's analyzer, with other thresholds."""
    config = {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": threshold,
        "domain_content_threshold": threshold,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
        },
    }
    features = [
        {"name": "age", "inferred_type": "Integral", "completeness": 1.0},
        {
            "name": "contract",
            "inferred_type": "String",
            "completeness": 1.0,
            "string_constraints": {"domains": ["monthly", "yearly"]},
        },
    ]
    document = {"version": 0.0, "features": features, "monitoring_config": config}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("threshold", "wrong", "noticed"),
    [
        # The minimum share that must match, as AWS's analyzer writes it.
        (1.0, 0, False),
        (1.0, 1, True),
        (1.0, 60, True),
        (0.9, 10, False),
        (0.9, 11, True),
        (0.5, 50, False),
        (0.5, 51, True),
        # The maximum share that may differ, as AWS's documentation defines it.
        (0.1, 10, False),
        (0.1, 11, True),
        (0.0, 1, True),
    ],
)
def test_thresholds_mean_what_the_analyzer_of_aws_means_by_them(
    threshold: float, wrong: int, noticed: bool
) -> None:
    constraints = read_constraints(constraints_of_aws(threshold))
    named = [
        {"age": "abc", "contract": "weekly"}
        if number < wrong
        else {"age": "41", "contract": "yearly"}
        for number in range(100)
    ]

    baseline = Baseline(constraints=constraints, statistics={})
    found = data_quality.compare(Summary.of(named, baseline.types), baseline)

    checks = {(one["feature_name"], one["constraint_check_type"]) for one in found.violations}
    both = {("age", "data_type_check"), ("contract", "categorical_values_check")}
    assert checks == (both if noticed else set())


def test_a_baseline_of_ones_own_has_thresholds_that_the_analyzer_of_aws_understands(
    compared: tuple[Path, dict[str, str], Rows],
) -> None:
    folder, _, _ = compared
    config = json.loads((folder / "baseline/constraints.json").read_text())["monitoring_config"]
    assert config["datatype_check_threshold"] == config["domain_content_threshold"] == 1.0


def test_the_greatest_drift_is_a_metric_of_its_own() -> None:
    rows = [{"age": str(20 + number % 50), "contract": "yearly"} for number in range(400)]
    before = data_quality.describe(Summary.of(rows))
    baseline = Baseline(
        constraints=read_constraints(json.dumps(before.constraints).encode()),
        statistics=data_quality.read_statistics(json.dumps(before.statistics).encode()),
    )
    shifted = [{**row, "age": str(int(row["age"]) + 100)} for row in rows]

    found = data_quality.compare(Summary.of(shifted, baseline.types), baseline)

    values = {metric.name: metric.value for metric in found.metrics}
    of_features = {
        name: value for name, value in values.items() if name.startswith("feature_baseline_drift_")
    }
    assert len(of_features) == 2
    assert values["greatest_feature_baseline_drift"] == max(
        value for value in of_features.values() if value is not None
    )
    assert data_quality.MAX_DRIFT_METRIC not in {metric.name for metric in before.metrics}
