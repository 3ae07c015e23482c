"""The report of a run: complete, self-contained, and with the failure of the run."""

import dataclasses
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import pytest

from rehearsal.story import life_figures, loop_diagram, plots, report
from rehearsal.story.package_reports import Reports
from rehearsal.story.summary import (
    AlarmSummary,
    EndpointSummary,
    FailureSummary,
    StepSummary,
    Summary,
    TimeSummary,
    TrackingSummary,
    TrialSummary,
)
from tests.rehearsal.story.lives import life

EMPTY = Reports()
ROC = Reports(
    {
        "binary_classification_metrics": {
            "auc": {"value": 0.9931, "standard_deviation": "NaN"},
            "receiver_operating_characteristic_curve": {
                "false_positive_rates": [0.0, 0.05, 0.2, 1.0],
                "true_positive_rates": [0.0, 0.9, 0.99, 1.0],
            },
        }
    }
)


def step(
    path: Sequence[str], seconds: float, after: float, status: str = "succeeded"
) -> StepSummary:
    return StepSummary(list(path), status, after, seconds, "")


def steps() -> list[StepSummary]:
    train = ("model-build", "Train", "Train")
    return [
        step(["platform"], 22.1, 0),
        step(["platform", "synthesise"], 9.2, 0),
        step(["platform", "start AWS"], 3.1, 0),
        step(["platform", "bootstrap"], 2.6, 3.1),
        step(["platform", "deploy stacks"], 5.0, 9.5),
        step(["platform", "create project"], 6.0, 14.5),
        step(["platform", "clone"], 1.2, 20.6),
        step(["model-build"], 33.0, 22.1),
        step(["model-build", "push"], 1.2, 22.1),
        step(["model-build", "Source"], 0.4, 23.4),
        step(["model-build", "Source", "Source"], 0.4, 23.4),
        step(["model-build", "Build"], 7.9, 23.8),
        step(["model-build", "Build", "Test"], 7.9, 23.8),
        step(["model-build", "Build", "Image"], 4.4, 23.8),
        step(["model-build", "Train"], 23.0, 32.0),
        step(train, 23.0, 32.0),
        step([*train, "Preprocess"], 3.1, 35.0),
        step([*train, "Tune"], 9.4, 38.2),
        step([*train, "Tune", "trial 1"], 4.0, 38.2),
        step([*train, "Evaluate"], 2.7, 48.0),
        step([*train, "CheckQuality"], 0.0, 51.0),
        step([*train, "Register"], 0.2, 51.0),
        step(["model-deploy"], 29.0, 55.3),
        step(["model-deploy", "approve model"], 0.3, 55.3),
        step(["model-deploy", "Source"], 0.4, 55.6),
        step(["model-deploy", "Synth"], 9.9, 56.0),
        step(["model-deploy", "Staging"], 8.1, 66.0),
        step(["model-deploy", "Production"], 7.7, 74.3),
        step(["model-deploy", "predict"], 0.6, 83.0),
    ]


def summary(problem_type: str) -> Summary:
    metric = {"binary": "auc", "multiclass": "accuracy", "regression": "rmse"}[problem_type]
    quality = {"r2": 0.83, "rmse": 2.2} if problem_type == "regression" else {"accuracy": 0.9649}
    return Summary(
        project="demo",
        started="2026-11-22T14:00:00+00:00",
        status="succeeded",
        account="111111111111",
        region="us-east-1",
        commit="0123456789abcdef",
        steps=steps(),
        problem_type=problem_type,
        target="diagnosis",
        metrics={metric: 0.9931, "logloss": 0.0812},
        trials=[
            TrialSummary(
                n, f"job-{n}", "succeeded", metric, value, {"eta": "0.1", "depth": "4"}, 4.0
            )
            for n, value in enumerate([0.97, 0.99, 0.985, 0.992], 1)
        ],
        maximize=problem_type != "regression",
        endpoint_name="demo-prod",
        held_out={"rows": 114, "csv_requests": 2, "json_requests": 3, **quality},
        time=TimeSummary(84.2, 61.3, 21.0, 30.0, 46.2, 15.1, 32.7),
        peak_memory_bytes=2_100_000_000,
    )


def page(problem_type: str) -> str:
    if problem_type == "binary":
        return report.render(
            summary("binary"),
            ROC,
            ["0"] * 40 + ["1"] * 60 + ["1"],
            ["0.0"] * 40 + ["1.0"] * 61,
        )
    if problem_type == "multiclass":
        labels = ["setosa", "versicolor", "virginica"]
        return report.render(summary("multiclass"), EMPTY, labels * 10, labels * 9 + labels[::-1])
    actual = [str(value / 3) for value in range(60)]
    return report.render(
        summary("regression"), EMPTY, actual, [f"{float(v) + 0.4}" for v in actual]
    )


@pytest.mark.parametrize("problem_type", ["binary", "multiclass", "regression"])
def test_a_report_is_self_contained(problem_type: str) -> None:
    html = page(problem_type)
    loaded = re.findall(r"(?:src|href)=[\"']?([^\"'> ]+)|url\(([^)]+)\)|@import", html)
    outside = [link for pair in loaded for link in pair if link and not link.startswith("#")]
    assert outside == []
    assert "<script" not in html
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize("problem_type", ["binary", "multiclass", "regression"])
def test_every_figure_is_well_formed_and_has_the_colours_of_the_page(problem_type: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", page(problem_type), flags=re.DOTALL)
    assert len(pictures) == {"binary": 4, "multiclass": 3, "regression": 3}[problem_type]
    for text in pictures:
        ElementTree.fromstring(text)  # noqa: S314 - drawn by us
        assert "#0101" not in text
    assert all("var(--accent)" in text for text in pictures[1:])


def test_rollouts_show_alarms_their_changes_and_rollbacks() -> None:
    alarm = AlarmSummary(
        "errors <5xx>",
        "ALARM",
        "Threshold Crossed: 1 datapoint",
        [("2026-11-22T14:01:00+00:00", "Alarm updated from OK to ALARM")],
    )
    endpoint = EndpointSummary(
        "demo-prod",
        "InService",
        "demo-2",
        "One or more alarms have been triggered",
        [alarm],
        [("2026-11-22T14:02:00+00:00", "The endpoint was not updated")],
    )
    calm = EndpointSummary("demo-staging", "InService", "demo-1")
    html = report.render(
        dataclasses.replace(summary("binary"), endpoints=[endpoint, calm]),
        ROC,
        ["0"],
        ["0"],
    )
    rollouts = html.split("<h2>Rollouts</h2>")[1].split("</section>")[0]
    assert "errors &lt;5xx&gt;" in rollouts
    for text in ("ALARM", "Alarm updated from OK to ALARM", "The endpoint was not updated"):
        assert text in rollouts
    assert "One or more alarms have been triggered" in rollouts
    assert "demo-1" in rollouts


def test_a_run_without_endpoints_has_no_rollouts() -> None:
    assert "Rollouts" not in page("binary")


def test_ids_of_different_plots_differ() -> None:
    ids = re.findall(r'\bid="([^"]+)"', page("binary"))
    assert len(ids) == len(set(ids))


def test_the_key_figures_are_at_the_top() -> None:
    tiles = re.findall(r'<div class="tile"><b>(.*?)</b><span>(.*?)</span>', page("binary"))
    assert ("61 s", "push to first prediction") in tiles
    assert ("0.9649", "accuracy on held-out rows") in tiles
    assert ("114", "rows predicted") in tiles
    assert ("33 %", "overhead over compute time") in tiles
    assert ("2.0 GB", "peak memory") in tiles


def test_the_best_trial_depends_on_the_direction_of_the_metric() -> None:
    def best(html: str) -> list[str]:
        return re.findall(r'class="succeeded best">\s*<td>(\d+)', html)

    assert best(page("binary")) == ["4"]
    assert best(page("regression")) == ["1"]


def test_a_failed_run_shows_step_cause_and_log() -> None:
    failed = Summary(
        project="demo",
        started="2026-11-22T14:00:00+00:00",
        status="failed",
        failure=FailureSummary(
            ["model-build", "Build", "Test"],
            "Pipeline demo-model-build failed.",
            "COMMAND_EXECUTION_ERROR: <pytest>",
            "Look at the log.",
            ["E   assert 1 == 2"],
        ),
        steps=[step(["platform"], 3, 0), step(["platform", "x"], 3, 0, "failed")],
    )
    html = report.render(failed, Reports())
    assert "Failed at model-build / Build / Test" in html
    assert "COMMAND_EXECUTION_ERROR: &lt;pytest&gt;" in html
    assert "E   assert 1 == 2" in html
    assert "Quality of the model" not in html
    assert "Tuning" not in html


def test_a_run_that_failed_at_once_has_a_report_too() -> None:
    empty = Summary(project="demo", started="now", status="failed")
    assert "<h2>Steps</h2>" in report.render(empty, Reports())


def test_the_diagram_shows_training_steps_behind_the_stage_that_runs_them() -> None:
    lanes = loop_diagram.lanes(steps())
    assert [lane.title for lane in lanes] == ["platform", "model-build", "model-deploy"]
    assert [box.name for box in lanes[1].boxes] == [
        "push", "Source", "Build", "Train",
        "Preprocess", "Tune", "Evaluate", "CheckQuality", "Register",
    ]  # fmt: skip
    assert [box.inner for box in lanes[1].boxes] == [False] * 4 + [True] * 5


def test_texts_in_the_diagram_are_escaped() -> None:
    svg = loop_diagram.draw([step(["a"], 1, 0), step(["a", "<b> & c"], 1, 0)])
    assert "&lt;b&gt; &amp; c" in svg
    ElementTree.fromstring(svg)  # noqa: S314 - drawn by us


def test_too_many_labels_give_no_confusion_matrix() -> None:
    labels = [str(number) for number in range(30)]
    assert plots.confusion({(label, label): 1 for label in labels}) is None
    assert plots.confusion({}) is None


def test_a_tuning_without_a_single_result_gives_no_plot() -> None:
    assert plots.tuning([None, None], "auc", maximize=True) is None


def test_the_same_data_gives_the_same_page() -> None:
    assert page("binary") == page("binary")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "n/a"), (3, "3"), (2.0, "2"), (0.123456, "0.1235"), ("0.30", "0.3"), ("abc", "abc")],
)
def test_numbers_have_four_significant_digits(value: float | str | None, text: str) -> None:
    assert report.number(value) == text


def test_the_life_of_the_model_is_shown_with_its_numbers() -> None:
    html = report.render(dataclasses.replace(summary("binary"), life=life()), ROC, ["0"], ["0"])
    for heading in (
        "Life of the model",
        "Seasons and models",
        "Drift of the worst features",
        "Monitors and alarms",
        "Requests to production during deployments",
        "Lineage",
    ):
        assert f"<h2>{heading}</h2>" in html
    assert "0.701 → 0.748" in html
    assert "random sample of 6,000 of" in html
    assert "all\n        15,000 held-out rows" in html
    assert "800 requests of 3 s" in html
    assert "ModelError 500</figcaption>" in html
    assert "of arn:aws" in html
    assert "<b> of" not in html


def test_tiles_show_the_gain_and_the_failed_requests() -> None:
    html = report.render(dataclasses.replace(summary("binary"), life=life()), ROC, ["0"], ["0"])
    tiles = re.findall(r'<div class="tile"><b>(.*?)</b><span>(.*?)</span>', html)
    assert ("+0.047", "AUC after retraining (+0.036 to +0.058)") in tiles
    assert ("0 of 900", "failed requests, canary of the challenger") in tiles
    assert ("70 of 800", "failed requests, canary of the bad version") in tiles


def test_failed_requests_are_shown_by_the_fleet_that_received_them() -> None:
    html = report.render(dataclasses.replace(summary("binary"), life=life()), ROC, ["0"], ["0"])
    shown = [
        [
            re.sub(r"<br>.*|<.*?>", "", cell, flags=re.S)
            for cell in re.findall(r"<td>(.*?)</td>", row, re.S)
        ]
        for row in re.findall(r"<tr.*?</tr>", html, re.S)
    ]
    assert ["the fleet before", "660", "0"] in shown
    assert ["the new fleet", "140", "70"] in shown


def test_a_report_of_an_account_has_no_times_of_a_run() -> None:
    recorded = dataclasses.replace(summary("binary"), life=life(), status="recorded", steps=[])
    html = report.render(recorded, ROC)
    assert "<h2>Steps</h2>" not in html
    assert "peak memory" not in html
    assert "read from the APIs of account 111111111111" in html


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.6, "60 s"), (7199, "7199 s"), (7200, "2 h"), (864_000, "10 d")]
)
def test_times_of_events_are_short(seconds: float, text: str) -> None:
    assert life_figures.duration(seconds) == text


EVALUATION = {
    "objective": "auc",
    "dataset": {"item_count": 600},
    "binary_classification_metrics": {
        "auc": {"value": 0.71},
        "f1": {"value": 0.37},
        "confusion_matrix": {"yes": {"yes": 70, "no": 88}, "no": {"yes": 30, "no": 412}},
    },
    "intervals": {
        "of": "bootstrap samples of 600 rows from all 600 held-out rows",
        "metrics": {"auc": {"low": 0.66, "high": 0.76}},
    },
    "baseline": {"without_features": {"auc": {"value": 0.5}}},
    "gate": {
        "metric": "auc",
        "group": "binary_classification_metrics",
        "maximize": True,
        "threshold": 0.65,
        "baseline": None,
        "margin": 0.01,
    },
    "champion": {
        "compared": True,
        "verdict": "better than version 1 by 0.05",
        "metrics": {"auc": {"value": 0.68}, "f1": {"value": 0.31}},
    },
    "classes": [{"label": "late <b>", "rows": 442, "precision": 0.78, "recall": 0.97, "f1": 0.87}],
    "thresholds": {
        "precision_recall_curve": {"precisions": [0.3, 1.0], "recalls": [1.0, 0.0]},
        "choices": [{"choice": "0.5", "threshold": 0.5, "precision": 0.7, "recall": 0.2}],
    },
    "calibration": {
        "of": "probability of yes",
        "bins": [{"predicted": 0.1, "observed": 0.2, "low": 0.1, "high": 0.3, "rows": 60}],
    },
    "importance": {
        "method": "mean absolute SHAP values",
        "of": "all 600 held-out rows",
        "features": {"carrier": 0.28, "destination": 0.26},
    },
}
TABLE = {
    "rows": {"train": 1800, "validation": 600, "test": 600, "without": 12},
    "repeated_rows": 7,
    "warnings": ["5 of 3000 rows are <equal>"],
    "target": {"warnings": ["has 2 spellings"], "labels": {"no": 2300, "yes": 700}},
    "columns": [
        {"name": "carrier", "kind": "categorical", "missing": 0, "distinct": 16, "notes": []},
        {
            "name": "temperature", "kind": "numeric", "missing": 30, "distinct": "more than 1000",
            "range": [-8.5, 101.25], "notes": [], "warnings": ["has 3 odd cells"],
        },
        {"name": "scheduled", "kind": "none", "reason": "it is configured in data.drop"},
    ],
}  # fmt: skip
EVALUATED = Reports(EVALUATION, TABLE)
APP = "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-ABC"


def rows_of_measures(html: str) -> list[list[str]]:
    """Returns the cells of the table of metrics, without its heading."""
    table = html.split("<h3>Evaluation of")[1].split("</table>")[0]
    rows = re.findall(r"<tr(?: class=\"best\")?><td>.*?</tr>", table, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]*>", " ", cell).split("  ")[0].strip() for cell in row] for row in cells]


def test_each_metric_has_beside_it_what_it_must_beat() -> None:
    measured = dataclasses.replace(summary("binary"), metrics={"f1": 0.37, "auc": 0.71})
    html = report.render(measured, EVALUATED, ["0"], ["0"])
    auc, f1 = rows_of_measures(html)
    assert auc[0] == "auc"
    assert auc[2:] == ["0.5", "0.68", "at least 0.65; margin against the champion 0.01"]
    assert f1[2:] == ["–", "0.31", ""]  # noqa: RUF001
    assert "0.66 – 0.76" in html  # noqa: RUF001
    for text in (
        "Values of all 600 held-out rows.",
        "from all 600 held-out rows",
        "Gate: auc of all 600 held-out rows: at least 0.65, margin against the champion 0.01.",
        "Champion: better than version 1 by 0.05",
    ):
        assert text in html


def test_labels_show_their_thresholds_where_the_model_has_some() -> None:
    figures = {"rows": 9, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    labels = [{"label": "common", **figures}, {"label": "rare", **figures}]
    plain = report.render(summary("multiclass"), Reports({"classes": labels}))
    assert "threshold</th>" not in plain

    chosen = [{**one, "threshold": at} for one, at in zip(labels, (0.5, 0.0123), strict=True)]
    shown = report.render(summary("multiclass"), Reports({"classes": chosen}))
    assert "threshold</th>" in shown
    assert "0.0123" in shown


def test_a_gate_without_a_threshold_names_the_baseline_that_must_be_beaten() -> None:
    gate = {**EVALUATION["gate"], "threshold": None, "baseline": "seasonal_naive"}  # type: ignore[dict-item]
    naive = {"without_features": {}, "seasonal_naive": {"auc": {"value": 0.61}}}
    reports = Reports({**EVALUATION, "gate": gate, "baseline": naive})
    html = report.render(summary("binary"), reports)
    assert "no threshold; better than seasonal naive; margin against the champion 0.01" in html
    assert '<th class="right wraps">seasonal naive</th>' in html
    assert rows_of_measures(html)[0][2] == "0.61"


def test_an_evaluation_of_an_earlier_pipeline_has_no_gate() -> None:
    reports = Reports({name: one for name, one in EVALUATION.items() if name != "gate"})
    html = report.render(summary("binary"), reports)
    assert "Gate:" not in html
    assert rows_of_measures(html)[0][:1] == ["auc"]


def test_the_figures_of_the_evaluation_name_their_rows() -> None:
    html = report.render(summary("binary"), EVALUATED, ["0"], ["0"])
    for title in (
        "ROC curve, all 600 held-out rows",
        "Calibration, probability of yes, all 600 held-out rows",
        "Precision and recall, all 600 held-out rows",
        "Importance, all 600 held-out rows",
        "Labels, all 600 held-out rows",
        "Thresholds, all 600 held-out rows",
        "Objective by trial, all validation rows",
    ):
        assert f"<h3>{title}</h3>" in html or title.startswith("ROC")
    assert "late &lt;b&gt;" in html


@pytest.mark.parametrize("problem_type", ["binary", "multiclass", "regression"])
def test_every_figure_says_of_which_rows_or_requests_it_is(problem_type: str) -> None:
    whole = dataclasses.replace(summary(problem_type), life=life())
    actual = ["1", "0"] * 2500
    for predicted in ([], actual):
        html = report.render(whole, EVALUATED, predicted, predicted)
        figures = re.findall(r"<figure>.*?</figure>", html, re.DOTALL)
        assert len(figures) > 8
        for figure in figures:
            texts = re.sub(r"<svg.*?</svg>", "", figure, flags=re.DOTALL)
            assert re.search(r"\ball\b|random sample|evenly spaced", texts), texts


def test_a_plot_of_many_rows_shows_a_random_sample_and_says_so() -> None:
    values = [str(value) for value in range(5000)]
    html = report.render(summary("regression"), EMPTY, values, values)
    assert "a random sample of 2,000 of 5,000 held-out rows" in html
    html = report.render(summary("regression"), EMPTY, values[:9], values[:9])
    assert "Predictions of the production endpoint, all 9 held-out rows" in html


def test_without_predictions_of_an_endpoint_the_confusion_is_that_of_the_evaluation() -> None:
    html = report.render(summary("binary"), EVALUATED)
    assert "<h3>Predictions of the model, all 600 held-out rows</h3>" in html
    assert ">412<" in html


def test_the_page_shows_the_data_report() -> None:
    html = report.render(summary("binary"), EVALUATED)
    part = html.split("<h2>Data of the model</h2>")[1].split("</section>")[0]
    assert "Rows of the table, all 3,012" in part
    assert "5 of 3000 rows are &lt;equal&gt;" in part
    assert "The target has 2 spellings" in part
    # Columns with warnings are first.
    assert re.findall(r"<tr class=\"\w+\"><td>(\w+)<br>", part) == [
        "temperature", "carrier", "scheduled",
    ]  # fmt: skip
    for text in ("30 (1.0%)", "-8.5 to 101.25", "has 3 odd cells", "it is configured in data.drop"):
        assert text in part


def test_a_model_without_a_data_report_has_no_such_part() -> None:
    assert "Data of the model" not in report.render(summary("binary"), Reports(EVALUATION))


def test_mlflow_is_linked_and_the_page_says_when_the_link_works() -> None:
    tracking = TrackingSummary(APP, "exec-1", "https://127.0.0.1:1/_mlflow/app-ABC/open?a=1", "x")
    html = report.render(dataclasses.replace(summary("binary"), tracking=tracking), EVALUATED)
    assert '<a href="https://127.0.0.1:1/_mlflow/app-ABC/open?a=1">Open MLflow</a>' in html
    assert "exec-1, in the experiment demo" in html
    assert "While it is down" in html
    assert "<code>rehearse report demo</code>" in html


def test_mlflow_of_a_real_account_is_opened_by_a_command() -> None:
    tracking = TrackingSummary(APP, "exec-1", "", "eu-west-1")
    recorded = dataclasses.replace(summary("binary"), tracking=tracking, status="recorded")
    html = report.render(recorded, EVALUATED)
    assert f"create-presigned-mlflow-app-url --region eu-west-1 --arn {APP}" in html
    assert "<a " not in html


def test_a_run_whose_local_aws_has_ended_says_how_to_keep_mlflow() -> None:
    tracking = TrackingSummary(APP, "exec-1", "", "eu-west-1")
    html = report.render(dataclasses.replace(summary("binary"), tracking=tracking), EVALUATED)
    assert "<code>make rehearse ARGS=--keep-up</code> keeps both" in html
    assert "<a " not in html
    assert "presigned" not in html


def test_a_model_that_was_not_tracked_has_no_link() -> None:
    assert "MLflow" not in report.render(summary("binary"), EVALUATED)
