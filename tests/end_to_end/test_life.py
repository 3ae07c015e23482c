"""The whole life of a model: watched, retrained, replaced, and defended against a bad version."""

import json
import re
from typing import Any

from tests.end_to_end.conftest import Loop

PROJECT = "rehearsal"


def part(life: Loop, name: str) -> Any:
    return life.summary["life"][name]


def test_every_chapter_succeeds(life: Loop) -> None:
    assert life.summary["status"] == "succeeded"
    chapters = [step["path"][0] for step in life.summary["steps"] if len(step["path"]) == 1]
    assert chapters == [
        "platform", "model-build", "model-deploy", "watch", "retrain", "canary", "bad version",
    ]  # fmt: skip


def test_the_first_model_predicts_held_out_flights(life: Loop) -> None:
    assert life.summary["held_out"]["rows"] > 100
    # The newest flights: guessing that none is late is right for 78 % of them, with an AUC of .5.
    assert life.summary["held_out"]["accuracy"] > 0.77
    first = next(event for event in part(life, "events") if event["kind"] == "training")
    (area,) = re.findall(r"\bauc (0\.\d+)", first["detail"])
    assert float(area) > 0.65


def test_the_monitors_read_the_traffic_of_their_hour(life: Loop) -> None:
    found = {(run["phase"], run["analysis"]): run for run in part(life, "monitors")}
    for phase in ("spring", "summer"):
        assert found[phase, "DATA_QUALITY"]["message"].startswith("CompletedWithViolations")
        drifted = {feature for feature, _, _ in found[phase, "DATA_QUALITY"]["violations"]}
        assert {"temperature", "dew_point"} <= drifted
        # Routes have no season.
        assert not {"origin", "distance"} & drifted


def test_drift_without_harm_starts_no_retraining(life: Loop) -> None:
    kinds = [event["kind"] for event in part(life, "events")]
    labels_arrive = kinds.index("data")
    assert "drift" in kinds[:labels_arrive]
    assert "retraining" not in kinds[:labels_arrive]


def test_an_alarm_starts_the_retraining(life: Loop) -> None:
    assert "ALARM" in {alarm["state"] for alarm in part(life, "alarms")}
    assert "started by" in part(life, "retraining")
    assert "by hand" not in part(life, "retraining")


def test_the_retrained_model_is_better_by_more_than_chance(life: Loop) -> None:
    (found,) = part(life, "comparisons")
    assert found["rows"] == 6000
    assert found["difference"]["low"] > 0
    assert found["challenger"]["value"] > found["champion"]["value"] + 0.01


def test_no_request_fails_while_the_better_model_replaces_the_other(life: Loop) -> None:
    good, bad = part(life, "loads")
    assert good["requests"] > 200
    assert good["failed"] == {}
    # Only the share of the canary fails, and the rollback ends it.
    assert 0 < sum(bad["failed"].values()) < bad["requests"] / 2


def test_the_bad_version_is_rolled_back_and_production_serves(life: Loop) -> None:
    steps = {"/".join(step["path"]): step for step in life.summary["steps"]}
    assert steps["bad version/production still serves"]["status"] == "succeeded"
    (endpoint,) = (one for one in life.summary["endpoints"] if one["name"] == f"{PROJECT}-prod")
    assert endpoint["status"] == "InService"
    assert endpoint["rollbacks"]
    clone = life.clone("model-build") / "src/tabular/model.py"
    assert "_with_buffers" not in clone.read_text()


def test_the_lineage_leads_to_the_commit_and_the_data(life: Loop) -> None:
    kinds = {kind for kind, _ in part(life, "lineage")}
    assert {"endpoint", "model package", "commit", "held-out rows", "image"} <= kinds


def test_the_report_shows_what_the_readme_promises(life: Loop) -> None:
    page = (life.folder / "build/rehearsal/report.html").read_text()
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    for heading in (
        "The loop",
        "Life of the model",
        "Seasons and models",
        "Drift of the worst features",
        "Monitors and alarms",
        "Requests to production during deployments",
        "Lineage",
        "Quality of the model",
        "Tuning",
        "Steps",
    ):
        assert heading in headings


def test_the_same_page_is_made_from_the_records_of_aws(life: Loop) -> None:
    made = life.rehearse("report", PROJECT, "--json")
    assert made.returncode == 0, made.stderr
    page = (life.folder / json.loads(made.stdout)["report"]).read_text()
    for text in (f"Life of {PROJECT}", "is rolled back", "Monitors and alarms", "Lineage"):
        assert text in page


def test_no_feature_drifts_in_traffic_as_in_the_training_data(life: Loop) -> None:
    """The windows of the story have drifted traffic, so the command begins new ones.

    Predictions and quality are compared with the newest rows, which the model was not trained on.
    """
    sent = life.rehearse("drift", PROJECT, "--kind", "none", "--json")
    assert sent.returncode == 0, sent.stderr
    document = json.loads(sent.stdout)
    assert document["failed"] == {}
    assert document["earlier_runs"]
    found = {run["analysis"]: run for run in document["runs"]}
    assert "DATA_QUALITY" in found
    drifted = {one["feature_name"] for one in found["DATA_QUALITY"]["violations"]}
    assert drifted <= {"prediction", "confidence"}
    assert all(run["status"] == "Completed" for run in found.values())
