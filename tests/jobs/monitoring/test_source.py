"""Environment of a run, hours of a bucket, CloudWatch, and the command."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring import job
from mlops_jobs.monitoring.job import time_of_metrics
from mlops_jobs.monitoring.settings import Settings, Window
from mlops_jobs.monitoring.traffic.capture import events, ground_truth
from seed_code.model_build.tests.conftest import Fitted
from tests.jobs.monitoring.aws_in_memory import Aws
from tests.jobs.monitoring.captured import END, captured_calls, environment, report, side
from tests.jobs.monitoring.captured import ground_truth as label_lines
from tests.jobs.monitoring.programs import load_model, monitor


def scheduled(folder: Path, **variables: str) -> dict[str, str]:
    """The environment of a processing job that EventBridge Scheduler started at 12:15."""
    found = environment(
        folder,
        "MODEL_QUALITY",
        dataset_source="s3://bucket/capture/churn",
        ground_truth_source="s3://bucket/labels",
        problem_type="BinaryClassification",
        end_time="2026-11-20T12:15:00Z",
        period_hours="2",
        publish_cloudwatch_metrics="Enabled",
        metrics_namespace="MLOps/DriftMonitor",
        **variables,
    )
    del found["start_time"]
    return found


def fill(aws: Aws, binary: Fitted, hour: int) -> None:
    rows = [row[:-1] for row in binary.raw[:80]]
    time = END.replace(hour=hour, minute=59)
    calls = captured_calls(rows, binary.predictor, time=time)
    folder = f"2026/11/20/{hour:02d}"
    aws.objects[f"capture/churn/AllTraffic/{folder}/a.jsonl"] = "\n".join(calls).encode()
    labels = label_lines([row[-1] for row in binary.raw[:80]])
    aws.objects["labels/2026/11/20/11/b.jsonl"] = "\n".join(labels).encode()


def test_a_scheduled_job_reads_the_hours_it_looks_at_and_no_others(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    fill(aws, binary, 11)
    aws.objects["capture/churn/AllTraffic/2026/11/20/12/later.jsonl"] = b"not read"
    aws.objects["capture/churn/AllTraffic/2026/11/20/09/before.jsonl"] = b"not read"
    aws.objects["capture/churn-2/AllTraffic/2026/11/20/11/other.jsonl"] = b"not read"

    ending = monitor(scheduled(tmp_path))

    assert ending.startswith("Completed: ")
    assert aws.read == [
        "labels/2026/11/20/11/b.jsonl",
        "capture/churn/AllTraffic/2026/11/20/11/a.jsonl",
    ]
    dated = json.loads((tmp_path / "reports/2026/11/20/12/statistics.json").read_text())
    assert dated["dataset"] == {"item_count": 80}


def test_one_of_several_variants_can_be_analyzed(
    tmp_path: Path, aws: Aws, binary: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(aws, binary, 11)
    other = "capture/churn/Candidate/2026/11/20/11/b.jsonl"
    aws.objects[other] = aws.objects["capture/churn/AllTraffic/2026/11/20/11/a.jsonl"]

    monitor(scheduled(tmp_path))
    together = report(tmp_path, "2026/11/20/12/statistics.json")["dataset"]["item_count"]
    variants = report(tmp_path, "2026/11/20/12/statistics.json")["variants"]
    apart = {name: one["dataset"]["item_count"] for name, one in variants.items()}
    said = capsys.readouterr().out
    aws.read.clear()
    monitor(scheduled(tmp_path, variant_name="Candidate"))

    assert "note" not in said
    assert apart == {"AllTraffic": 80, "Candidate": 80}
    assert together == 160
    assert aws.read == ["labels/2026/11/20/11/b.jsonl", other]
    assert report(tmp_path, "2026/11/20/12/statistics.json")["dataset"]["item_count"] == 80


def test_labels_that_are_late_are_waited_for(tmp_path: Path, aws: Aws, binary: Fitted) -> None:
    fill(aws, binary, 9)

    monitor(scheduled(tmp_path, ground_truth_delay_hours="2"))

    assert "capture/churn/AllTraffic/2026/11/20/09/a.jsonl" in aws.read
    assert (tmp_path / "reports/2026/11/20/10/statistics.json").exists()


def label(identity: str, value: str = "churned") -> str:
    truth = {"data": value, "encoding": "CSV"}
    return json.dumps(
        {"groundTruthData": truth, "eventMetadata": {"eventId": identity}, "eventVersion": "0"}
    )


def last_metrics(aws: Aws) -> dict[str, float]:
    """Returns the metrics of the last run."""
    return {one["MetricName"]: one["Value"] for one in aws.metrics[-1]["MetricData"]}


def test_labels_that_never_come_end_with_a_count_and_no_verdict(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    fill(aws, binary, 11)
    del aws.objects["labels/2026/11/20/11/b.jsonl"]

    ending = monitor(scheduled(tmp_path))

    assert ending == ("Completed: There were no labels to analyze. 20 of 20 calls have no label.")
    assert last_metrics(aws) == {
        "completed_runs": 1.0,
        "unlabeled_share": 1.0,
        "unmatched_labels": 0.0,
    }


def test_labels_of_unknown_calls_are_counted_and_not_analyzed(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    fill(aws, binary, 11)
    others = [label(f"nobody-{number}") for number in range(3)]
    aws.objects["labels/2026/11/20/10/a.jsonl"] = "\n".join(others).encode()

    ending = monitor(scheduled(tmp_path))

    assert "3 labels have the id of no call of the window" in ending
    assert last_metrics(aws)["unmatched_labels"] == 3
    assert report(tmp_path, "2026/11/20/12/statistics.json")["dataset"]["item_count"] == 80


def test_of_labels_that_come_twice_the_last_one_counts(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    fill(aws, binary, 11)
    wrong = {"stays": "churned", "churned": "stays"}
    first = label_lines([wrong[row[-1]] for row in binary.raw[:80]])
    aws.objects["labels/2026/11/20/10/a.jsonl"] = "\n".join(first).encode()

    ending = monitor(scheduled(tmp_path))

    assert "20 ids have more than one label, of which the last one counts" in ending
    assert last_metrics(aws)["auc"] > 0.9


def test_a_part_of_the_labels_is_analyzed_and_the_rest_is_counted(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    fill(aws, binary, 11)
    labels = aws.objects["labels/2026/11/20/11/b.jsonl"].decode().splitlines()
    aws.objects["labels/2026/11/20/11/b.jsonl"] = "\n".join(labels[:10]).encode()

    ending = monitor(scheduled(tmp_path))

    assert "10 of 20 calls have no label" in ending
    assert last_metrics(aws)["unlabeled_share"] == 0.5


def test_the_baseline_of_another_problem_is_rejected_by_name(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    fill(aws, binary, 11)
    other = tmp_path / "constraints.json"
    limit = {"threshold": 1, "comparison_operator": "GreaterThanThreshold"}
    other.write_text(json.dumps({"regression_constraints": {"rmse": limit}}), encoding="utf-8")

    with pytest.raises(InputError, match="baseline_constraints: got those of a model for"):
        monitor(scheduled(tmp_path, baseline_constraints=str(other)))


def test_traffic_of_a_fast_clock_is_left_to_the_run_of_its_time(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    fill(aws, binary, 11)
    calls = captured_calls(
        [row[:-1] for row in binary.raw[:8]], binary.predictor, time=END + timedelta(hours=3)
    )
    aws.objects["capture/churn/AllTraffic/2026/11/20/11/fast.jsonl"] = "\n".join(calls).encode()

    monitor(scheduled(tmp_path))

    assert report(tmp_path, "2026/11/20/12/statistics.json")["dataset"]["item_count"] == 80


def test_metrics_are_put_to_cloudwatch(tmp_path: Path, aws: Aws, binary: Fitted) -> None:
    fill(aws, binary, 11)

    monitor(scheduled(tmp_path))

    (request,) = aws.metrics
    assert request["Namespace"] == "MLOps/DriftMonitor"
    found = {one["MetricName"]: one for one in request["MetricData"]}
    assert found["auc"]["Value"] > 0.9
    assert found["auc"]["Timestamp"] == END
    assert {one["Name"]: one["Value"] for one in found["auc"]["Dimensions"]} == {
        "Endpoint": "churn",
        "MonitoringSchedule": "drift",
    }


def test_a_run_counts_itself_with_and_without_traffic(
    tmp_path: Path, aws: Aws, binary: Fitted
) -> None:
    monitor(scheduled(tmp_path))
    fill(aws, binary, 11)
    monitor(scheduled(tmp_path))

    for request in aws.metrics:
        (count,) = (one for one in request["MetricData"] if one["MetricName"] == "completed_runs")
        assert (count["Value"], count["Timestamp"]) == (1.0, END)
        assert {"Name": "MonitoringSchedule", "Value": "drift"} in count["Dimensions"]
    assert [len(request["MetricData"]) > 1 for request in aws.metrics] == [False, True]


@pytest.mark.parametrize(("threshold", "count"), [(0.999, 1.0), (0.001, 0.0)])
def test_the_number_of_violations_is_a_metric_of_runs_with_a_baseline_and_traffic(
    tmp_path: Path, aws: Aws, binary: Fitted, threshold: float, count: float
) -> None:
    limit = {"threshold": threshold, "comparison_operator": "LessThanThreshold"}
    baseline = tmp_path / "constraints.json"
    baseline.write_text(
        json.dumps({"binary_classification_constraints": {"recall": limit}}), encoding="utf-8"
    )
    compared = scheduled(tmp_path, baseline_constraints=str(baseline))
    monitor(compared)
    fill(aws, binary, 11)
    other = {"stays": "churned", "churned": "stays"} if count else {}
    labels = label_lines([other.get(row[-1], row[-1]) for row in binary.raw[:80]])
    aws.objects["labels/2026/11/20/11/b.jsonl"] = "\n".join(labels).encode()
    monitor(compared)
    monitor(scheduled(tmp_path))

    found = [
        [one["Value"] for one in request["MetricData"] if "violations" in one["MetricName"]]
        for request in aws.metrics
    ]
    assert found == [[], [count], []]


def test_a_run_that_fails_does_not_count_itself(tmp_path: Path, aws: Aws, binary: Fitted) -> None:
    fill(aws, binary, 11)
    aws.objects["labels/2026/11/20/11/b.jsonl"] = b"no label"

    with pytest.raises(InputError):
        monitor(scheduled(tmp_path))

    assert aws.metrics == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"analysis_type": "LUCK"}, "analysis_type: got 'LUCK'; allowed: DATA_QUALITY"),
        ({"output_path": ""}, "output_path: got nothing"),
        ({"end_time": "noon"}, "end_time: got 'noon'; allowed: a time in ISO 8601"),
        ({"period_hours": "many"}, "period_hours: got 'many'; allowed: a number"),
        ({"dataset_format": '{"avro": {}}'}, "dataset_format: got 'avro'; allowed"),
        (
            {"dataset_format": "csv"},
            "dataset_format: got 'csv'; allowed: a JSON object with one member",
        ),
        ({"dataset_format": '{"csv": {}, "json": {}}'}, "allowed: a JSON object with one member"),
        ({"dataset_source": "/nowhere"}, "/nowhere: no such file or folder"),
    ],
)
def test_an_environment_without_meaning_is_rejected(
    tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        monitor({**environment(tmp_path, "DATA_QUALITY"), **variables})


def test_model_monitors_own_spelling_of_times_is_read() -> None:
    found = Settings.from_environment(
        {
            "dataset_source": "in",
            "output_path": "out",
            "start_time": "2019-12-01T15: 20: 00Z",
            "end_time": "2019-12-01T16: 20: 00Z",
        }
    )

    assert found.window is not None
    assert found.window.start.minute == 20


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "allowed: a JSON object"),
        ("{}", "got no captureData"),
        (
            json.dumps({"captureData": {"endpointInput": side("INPUT", "1", "ZIP")}}),
            "got encoding 'ZIP'; allowed: CSV, JSON, BASE64",
        ),
    ],
)
def test_a_line_that_is_no_capture_is_rejected(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(events([("a.jsonl, line 1", line)]))


def test_a_label_without_event_is_rejected() -> None:
    with pytest.raises(InputError, match="got no groundTruthData or no eventMetadata"):
        list(ground_truth([("a", '{"groundTruthData": {"data": "1", "encoding": "CSV"}}')]))


@pytest.mark.parametrize(
    ("minute", "time"), [(0, "12:00"), (30, "12:30"), (90, "13:00"), (-90, "13:00")]
)
def test_metrics_of_an_hour_that_goes_on_are_of_now(minute: int, time: str) -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    window = Window(start=noon, end=noon + timedelta(hours=1))

    found = time_of_metrics(window, noon + timedelta(minutes=minute))

    assert f"{found:%H:%M}" == time


def test_the_exit_message_says_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "capture").mkdir()
    monkeypatch.setattr(job, "MESSAGE", tmp_path / "message")
    monkeypatch.setattr(os, "environ", environment(tmp_path, "DATA_QUALITY"))

    job.main(load_model, [])

    assert (tmp_path / "message").read_text() == "Completed: There was no traffic to analyze."
