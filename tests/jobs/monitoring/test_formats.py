"""Formats of traffic, half captures, spellings of labels and files that AWS's containers wrote."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring import job
from mlops_jobs.monitoring.model import Model
from mlops_jobs.monitoring.traffic.capture import Body
from mlops_jobs.monitoring.traffic.predictions import (
    Attributes,
    prediction_table,
    read_predictions,
)
from tests.jobs.monitoring.captured import (
    END,
    environment,
    line,
    report,
    side,
    violations,
    write_lines,
)

TIME = END - timedelta(minutes=5)
ENTRY = {"completeness": 1.0, "num_constraints": {"is_non_negative": True}}


def no_model(_: Path) -> Model:
    raise AssertionError("the analysis does not need a model")


def run(variables: dict[str, str]) -> str:
    return job.monitor(variables, no_model)


def send(folder: Path, calls: list[tuple[Any, Any]], labels: list[str] | None = None) -> None:
    """Writes captured calls, each a request and a response, with the labels of their rows."""
    lines = []
    for number, (request, response) in enumerate(calls):
        document = json.loads(line(number, request or side("INPUT", ""), response, TIME))
        if request is None:
            del document["captureData"]["endpointInput"]
        if labels is not None:
            document["groundTruthData"] = {"data": labels[number], "encoding": "CSV"}
        lines.append(json.dumps(document))
    write_lines(folder / "capture/a.jsonl", lines)


def quality(folder: Path, **variables: str) -> dict[str, str]:
    return environment(folder, "MODEL_QUALITY", problem_type="BinaryClassification", **variables)


def baseline(folder: Path, document: object, name: str = "constraints.json") -> str:
    file = folder / name
    file.write_text(json.dumps(document), encoding="utf-8")
    return str(file)


REQUEST, RESPONSE = side("INPUT", "1,2"), side("OUTPUT", "yes,0.9")


@pytest.mark.parametrize("analysis", ["MODEL_QUALITY", "MODEL_BIAS", "DATA_QUALITY"])
@pytest.mark.parametrize("half", ["INPUT", "OUTPUT"])
def test_half_captures_end_no_run_and_are_reported(
    tmp_path: Path, analysis: str, half: str
) -> None:
    request = REQUEST if half == "INPUT" else None
    response = RESPONSE if half == "OUTPUT" else None
    send(tmp_path, [(request, response)] * 40, ["yes"] * 40)
    config = {
        "label": "y",
        "label_values_or_threshold": ["yes"],
        "facet": [{"name_or_index": "a", "value_or_threshold": ["1"]}],
        "headers": ["a", "b"],
    }
    limits: dict[str, Any] = {
        "MODEL_QUALITY": {"version": 0.0, "binary_classification_constraints": {}},
        "MODEL_BIAS": {"version": "1.0"},
        "DATA_QUALITY": {
            "features": [{"name": name, "inferred_type": "Integral", **ENTRY} for name in "ab"]
        },
    }

    ending = run(
        environment(
            tmp_path,
            analysis,
            problem_type="BinaryClassification",
            baseline_constraints=baseline(tmp_path, limits[analysis]),
            analysis_config=baseline(tmp_path, config, "config.json"),
        )
    )

    checks = {one["constraint_check_type"] for one in violations(tmp_path)}
    complete = (analysis, half) in {("DATA_QUALITY", "INPUT"), ("MODEL_QUALITY", "OUTPUT")}
    assert ("unreadable_data_check" in checks) is not complete
    assert complete or "40 of 40 calls were captured without the part" in ending


def test_a_window_of_one_class_without_baseline_has_a_report(tmp_path: Path) -> None:
    send(tmp_path, [(REQUEST, side("OUTPUT", "0,0.1"))] * 5, ["0"] * 5)

    run(quality(tmp_path))

    metrics = report(tmp_path, "statistics.json")["binary_classification_metrics"]
    assert metrics["accuracy"]["value"] == 1
    assert metrics["recall"]["value"] == metrics["auc"]["value"] == "NaN"


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
def test_traffic_that_cannot_be_read_is_a_violation_above_a_share(
    tmp_path: Path, share: float
) -> None:
    broken = [side("INPUT", "{broken", "JSON", "application/json"), side("INPUT", '"a', "BASE64")]
    calls = [
        (broken[number % 2] if number < share * 200 else REQUEST, None) for number in range(200)
    ]
    send(tmp_path, calls)
    limits = {"features": [{"name": name, "inferred_type": "Integral", **ENTRY} for name in "ab"]}

    ending = run(
        environment(tmp_path, "DATA_QUALITY", baseline_constraints=baseline(tmp_path, limits))
    )

    checks = [one["constraint_check_type"] for one in violations(tmp_path)]
    assert ("unreadable_data_check" in checks) is (share > 0.05)
    assert f"{int(share * 200)} of 200 calls could not be read" in ending
    assert report(tmp_path, "statistics.json")["unread"] == {"unreadable_count": share * 200}


def test_a_foreign_format_of_responses_is_a_violation_and_no_failure(tmp_path: Path) -> None:
    send(tmp_path, [(REQUEST, side("OUTPUT", "{}", "JSON", "application/json"))] * 40, ["1"] * 40)
    limits: dict[str, Any] = {"binary_classification_constraints": {}}

    run(quality(tmp_path, baseline_constraints=baseline(tmp_path, limits)))

    (found,) = violations(tmp_path)
    assert found["constraint_check_type"] == "unreadable_data_check"
    assert found["description"].startswith("Unreadable share: 1.0 exceeds threshold: 0.05")


@pytest.mark.parametrize(
    ("spellings", "names"),
    [
        (["1", "1.0", "1e0", " 1 "], ("0", "1")),
        (["true", "True", "TRUE"], ("False", "True")),
        (["1", "1.00"], ("0.0", "1.0")),
    ],
)
def test_spellings_of_a_label_are_one_label(
    tmp_path: Path, spellings: list[str], names: tuple[str, str]
) -> None:
    statistics = {
        "binary_classification_metrics": {
            "confusion_matrix": {one: dict.fromkeys(names, 5) for one in names}
        }
    }
    calls = [(REQUEST, side("OUTPUT", f"{names[1]},0.9"))] * 40
    send(tmp_path, calls, [spellings[at % len(spellings)] for at in range(40)])

    run(quality(tmp_path, baseline_statistics=baseline(tmp_path, statistics)))

    metrics = report(tmp_path, "statistics.json")["binary_classification_metrics"]
    assert metrics["confusion_matrix"][names[1]][names[1]] == 40


def test_an_odd_label_of_one_caller_stops_no_hour(tmp_path: Path) -> None:
    send(tmp_path, [(REQUEST, side("OUTPUT", "1,0.9"))] * 40, ["perhaps", *["1"] * 39])
    statistics = {
        "binary_classification_metrics": {"confusion_matrix": {"0": {"0": 1}, "1": {"1": 1}}}
    }

    ending = run(quality(tmp_path, baseline_statistics=baseline(tmp_path, statistics)))

    assert "1 ground truth labels are unknown to the model" in ending
    assert report(tmp_path, "statistics.json")["dataset"] == {"item_count": 39}


def test_the_label_that_callers_got_is_measured(tmp_path: Path) -> None:
    """The container of this endpoint has the threshold 0.2, which the job does not know."""
    send(tmp_path, [(REQUEST, side("OUTPUT", "1,0.3"))] * 40, ["1"] * 40)

    run(quality(tmp_path))

    metrics = report(tmp_path, "statistics.json")["binary_classification_metrics"]
    assert metrics["recall"]["value"] == 1


NESTED = {"instances": [{"features": [1, 2]}, {"features": [3, 4]}]}
PREDICTED = {"result": {"labels": ["yes", "no"], "scores": [[0.1, 0.9], [0.8, 0.2]]}}


def test_nested_json_is_read_by_jmespath(tmp_path: Path) -> None:
    request = side("INPUT", json.dumps(NESTED), "JSON", "application/json")
    response = side("OUTPUT", json.dumps(PREDICTED), "JSON", "application/json")
    send(tmp_path, [(request, response)] * 3)
    limits = {"features": [{"name": name, "inferred_type": "Integral", **ENTRY} for name in "ab"]}

    run(
        environment(
            tmp_path,
            "DATA_QUALITY",
            features_attribute="instances[*].features",
            inference_attribute="result.labels",
            probability_attribute="result.scores",
            baseline_constraints=baseline(tmp_path, limits),
        )
    )

    found = report(tmp_path, "statistics.json")
    assert violations(tmp_path) == []
    assert [one["numerical_statistics"]["sum"] for one in found["features"]] == [12.0, 18.0]
    label, confidence = found["predictions"]["features"]
    assert label["string_statistics"]["distinct_count"] == 2
    assert confidence["numerical_statistics"]["mean"] == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("content", "kind", "attributes", "expected"),
    [
        ("0.7", "csv", ("", "0"), [("", (0.7,))]),
        ("x,yes,0.7", "csv", ("1", "_c2"), [("yes", (0.7,))]),
        ('{"score": 0.7}', "json", ("", "score"), [("", (0.7,))]),
        ('{"predicted": 1, "p": 0.7}', "json", ("predicted", "p"), [("1", (0.7,))]),
        ('[{"l": "a"}, {"l": "b"}]', "json", ("[*].l", ""), [("a", ()), ("b", ())]),
        ('{"l": "a", "p": [0.1, 0.9]}', "json", ("l", "p"), [("a", (0.1, 0.9))]),
        ('{"predictions": [{"label": "a"}]}', "json", ("0", ""), [("a", ())]),
    ],
)
def test_parts_of_a_prediction_have_a_position_or_a_path(
    content: str, kind: str, attributes: tuple[str, str], expected: list[tuple[str, Any]]
) -> None:
    chosen = Attributes(inference=attributes[0], probability=attributes[1])

    found = read_predictions(Body(content=content.encode(), kind=kind), chosen)

    assert [(one.label, one.scores) for one in found] == expected


@pytest.mark.parametrize(
    ("content", "kind", "attributes", "message"),
    [
        ("a,b", "csv", ("7", ""), "a prediction cannot be read"),
        ('{"a": 1}', "json", ("b", ""), "a prediction cannot be read"),
    ],
)
def test_a_prediction_without_its_parts_is_rejected(
    content: str, kind: str, attributes: tuple[str, str], message: str
) -> None:
    chosen = Attributes(inference=attributes[0], probability=attributes[1])
    with pytest.raises(InputError, match=message):
        read_predictions(Body(content=content.encode(), kind=kind), chosen)


@pytest.mark.parametrize(
    "bodies",
    [
        ["yes,0.9", "no,0.2\nyes,0.6\n"],
        ["a,0.1,0.7,0.2", "b,0.5,0.3,0.2"],
        ["12.5\n", "7"],
        ['"yes, sir",0.9'],
        ["yes,0.9", "no,0.1,0.9"],
        ["yes,high"],
    ],
)
def test_fast_and_exact_reading_of_predictions_are_equal(bodies: list[str]) -> None:
    exact = [Body(content=body.encode(), kind="csv") for body in bodies]

    fast, unreadable = prediction_table(bodies, [])
    slow, expected = prediction_table([], exact)

    assert unreadable == expected
    assert fast["prediction"].to_list() == slow["prediction"].to_list()
    assert [one and float(one) for one in fast["confidence"]] == [
        one and float(one) for one in slow["confidence"]
    ]


@pytest.mark.parametrize(
    "name", ["features_attribute", "inference_attribute", "probability_attribute"]
)
def test_an_attribute_that_is_no_path_is_rejected_before_anything_is_read(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError, match=rf"{name}: got 'a\[\['; allowed: a position in CSV"):
        run(quality(tmp_path, **{name: "a[["}))


def of_aws(target: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns constraints and statistics as AWS's analyzer writes them, of 100 rows."""

    def numbers(name: str) -> dict[str, Any]:
        return {
            "name": name,
            "inferred_type": "Integral",
            "numerical_statistics": {
                "common": {"num_present": 100, "num_missing": 0},
                "mean": 1.0,
                "distribution": {
                    "kll": {
                        "sketch": {
                            "parameters": {"c": 0.64, "k": 2048.0},
                            "data": [[float(one % 2) for one in range(100)]],
                        }
                    }
                },
            },
        }

    names = [*(["Churn"] if target else []), "a", "b"]
    limits = {
        "version": 0.0,
        "features": [{"name": name, "inferred_type": "Integral", **ENTRY} for name in names],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
            },
        },
    }
    return limits, {"version": 0.0, "features": [numbers(name) for name in names]}


@pytest.mark.parametrize("predicted", ["binary", "probability"])
def test_a_baseline_of_aws_with_its_target_is_compared_with_predictions(
    tmp_path: Path, predicted: str
) -> None:
    limits, statistics = of_aws(target=True)
    calls = [
        (
            side("INPUT", f"{number % 2},{number % 2}"),
            side("OUTPUT", str(number % 2) if predicted == "binary" else "0.25"),
        )
        for number in range(60)
    ]
    send(tmp_path, calls)

    run(
        environment(
            tmp_path,
            "DATA_QUALITY",
            baseline_constraints=baseline(tmp_path, limits),
            baseline_statistics=baseline(tmp_path, statistics, "statistics.json"),
        )
    )

    found = violations(tmp_path)
    if predicted == "binary":
        assert found == []
    else:
        assert {one["feature_name"] for one in found} == {"Churn"}
        assert found[0]["description"] == (
            "Data type match requirement is not met. Expected data type: Integral, Expected match: "
            "100.0%. Observed: Only 0.0% of data is Integral."
        )


def test_texts_of_violations_are_those_that_programs_of_model_monitor_parse(
    tmp_path: Path,
) -> None:
    limits, statistics = of_aws(target=False)
    calls = [
        (side("INPUT", f"{number},oops" if number % 2 else "1,1"), None) for number in range(80)
    ]
    send(tmp_path, calls)

    run(
        environment(
            tmp_path,
            "DATA_QUALITY",
            baseline_constraints=baseline(tmp_path, limits),
            baseline_statistics=baseline(tmp_path, statistics, "statistics.json"),
        )
    )

    texts = {one["constraint_check_type"]: one["description"] for one in violations(tmp_path)}
    assert "Expected match: 100.0%. Observed: Only 50.0% of data is" in texts["data_type_check"]
    assert "distance: " in texts["baseline_drift_check"]
    assert " exceeds threshold: 0.1" in texts["baseline_drift_check"]


def test_excluded_columns_are_not_analyzed(tmp_path: Path) -> None:
    limits, statistics = of_aws(target=False)
    send(tmp_path, [(side("INPUT", f"{number % 2},oops"), None) for number in range(40)])

    run(
        environment(
            tmp_path,
            "DATA_QUALITY",
            exclude_features_attribute="b",
            baseline_constraints=baseline(tmp_path, limits),
            baseline_statistics=baseline(tmp_path, statistics, "statistics.json"),
        )
    )

    assert violations(tmp_path) == []
    assert [one["name"] for one in report(tmp_path, "statistics.json")["features"]] == ["a"]


def test_responses_alone_are_analyzed_if_the_job_names_them(tmp_path: Path) -> None:
    """The requests of this endpoint are images."""
    limits = {"features": [{"name": "score", "inferred_type": "Fractional", **ENTRY}]}
    image = side("INPUT", "\x00\x01", "BASE64", "image/png")
    send(tmp_path, [(image, side("OUTPUT", f"0.{number}")) for number in range(40)])

    run(
        {
            **environment(tmp_path, "DATA_QUALITY"),
            "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}',
            "baseline_constraints": baseline(tmp_path, limits),
        }
    )

    (feature,) = report(tmp_path, "statistics.json")["features"]
    assert violations(tmp_path) == []
    assert feature["numerical_statistics"]["common"]["num_present"] == 40


def test_a_baseline_may_be_json_lines(tmp_path: Path) -> None:
    write_lines(tmp_path / "data/a.jsonl", [json.dumps({"a": one, "b": "x"}) for one in range(30)])

    job.make_baseline(
        {
            "dataset_source": str(tmp_path / "data"),
            "dataset_format": '{"json": {"lines": true}}',
            "output_path": str(tmp_path / "reports"),
        },
        no_model,
    )

    features = report(tmp_path, "constraints.json")["features"]
    assert [(one["name"], one["inferred_type"]) for one in features] == [
        ("a", "Integral"),
        ("b", "String"),
    ]
