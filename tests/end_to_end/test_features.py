"""A project with features: from the schema in its repository to the rows of its training."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.conftest import Checkout

PROJECT = "delays"
SETTINGS = """
accounts:
  rehearsal: {id: "111111111111", region: us-east-1}
defaults: {removal: destroy}
projects:
  - {name: delays, feature_store: true, stages: [{name: staging}]}
"""
SCHEMA = """\
record_identifier: airport
event_time: at
online: true
features:
  airport: string
  at: string
  recent_delays: integral
"""
RECORDS = """\
airport,at,recent_delays
JFK,2013-01-01T00:00:00Z,10
JFK,2013-02-01T00:00:00Z,20
EWR,2013-01-15T00:00:00Z,5
EWR,2013-02-01T00:00:00Z,many
LGA,2013-01-01T00:00:00Z,1
"""
COLUMN = "recent_delays"


def configure(file: Path, **sections: Any) -> None:
    """Changes sections of a `config.yaml`."""
    settings = yaml.safe_load(file.read_text())
    for name, values in sections.items():
        settings[name] = (settings.get(name) or {}) | values
    # An empty section is one whose lines are comments; null in its place is rejected.
    file.write_text(yaml.safe_dump({name: one for name, one in settings.items() if one}))


def first_push(checkout: Checkout) -> str:
    """Deploys the project; returns its bucket, which the records need before a training."""
    (checkout.folder / "config/features.yaml").write_text(SETTINGS)
    configure(checkout.folder / "seed_code/model_build/config.yaml", data={"target": "unknown"})
    result = checkout.rehearse("run", "--short", "--keep-up", "--config", "config/features.yaml")
    assert "unknown" in result.stdout + result.stderr
    for stack in checkout.aws("cloudformation", "describe-stacks")["Stacks"]:
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        if outputs.get("ModelPackageGroupName") == PROJECT:
            return str(outputs["ArtifactBucketName"])
    raise AssertionError(result.stdout[-4000:])


def push_with_features(checkout: Checkout, bucket: str, tmp_path: Path) -> None:
    records = tmp_path / "airports.csv"
    records.write_text(RECORDS)
    key = ("--bucket", bucket, "--key", "data/airports/airports.csv", "--body", str(records))
    checkout.aws("s3api", "put-object", *key)
    clone = checkout.clone("model-build", PROJECT)
    (clone / "features").mkdir()
    (clone / "features/airports.yaml").write_text(SCHEMA)
    configure(
        clone / "config.yaml",
        data={"target": "late"},
        tuning={"jobs": 1, "parallel": 1},
        features={
            "group": "airports",
            "source": f"s3://{bucket}/data/airports/",
            "entity": "origin",
            "time": "scheduled",
            "columns": [COLUMN],
            "max_rejected": 0.5,
            "online": {"timeout_ms": 10_000},
        },
    )
    pushed = checkout.rehearse("push", PROJECT, "--message", "Add features")
    assert pushed.returncode == 0, pushed.stdout[-8000:] + pushed.stderr[-4000:]


def objects(checkout: Checkout, bucket: str, prefix: str) -> list[str]:
    listed = checkout.aws("s3api", "list-objects-v2", "--bucket", bucket, "--prefix", prefix)
    return [one["Key"] for one in (listed or {}).get("Contents", [])]


def content(checkout: Checkout, bucket: str, key: str, file: Path) -> str:
    checkout.aws("s3api", "get-object", "--bucket", bucket, "--key", key, str(file))
    return file.read_text(encoding="utf-8")


def deploy(checkout: Checkout) -> None:
    """Deploys the model to staging, whose containers reach the online store."""
    staging = checkout.clone("model-deploy", PROJECT) / "config/staging.yaml"
    staging.write_text("kind: serverless\nmemory_mb: 2048\n")
    pushed = checkout.rehearse("push", PROJECT, "--deploy", "--message", "Reach the store")
    assert pushed.returncode == 0, pushed.stdout[-4000:] + pushed.stderr[-4000:]
    approved = checkout.rehearse("approve", PROJECT)
    assert approved.returncode == 0, approved.stdout + approved.stderr
    pipeline = ("--pipeline-name", f"{PROJECT}-model-deploy")
    deadline = time.monotonic() + 900
    while True:
        listed = checkout.aws("codepipeline", "list-pipeline-executions", *pipeline)
        newest = listed["pipelineExecutionSummaries"][0]
        assert newest["status"] != "Failed", newest
        if newest["status"] == "Succeeded" and in_service(checkout):
            return
        assert time.monotonic() < deadline, listed
        time.sleep(2)


def in_service(checkout: Checkout) -> bool:
    endpoints = checkout.aws("sagemaker", "list-endpoints")["Endpoints"]
    return {one["EndpointName"]: one["EndpointStatus"] for one in endpoints} == {
        f"{PROJECT}-staging": "InService"
    }


def predict(checkout: Checkout, row: dict[str, str], file: Path) -> Any:
    """Returns the prediction of the endpoint for a row."""
    body = file.with_suffix(".json")
    body.write_text(json.dumps({"instances": [row]}))
    checkout.aws(
        "sagemaker-runtime",
        "invoke-endpoint",
        *("--endpoint-name", f"{PROJECT}-staging", "--content-type", "application/json"),
        *("--body", f"fileb://{body}", str(file)),
    )
    return json.loads(file.read_text())["predictions"]


@pytest.fixture(scope="module")
def trained(
    separate_checkout: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Checkout, str]:
    """A checkout whose project was trained with features, and the bucket of the project."""
    bucket = first_push(separate_checkout)
    push_with_features(separate_checkout, bucket, tmp_path_factory.mktemp("records"))
    return separate_checkout, bucket


@pytest.mark.seeds
def test_the_endpoint_looks_up_the_features_of_an_entity(
    trained: tuple[Checkout, str], tmp_path: Path
) -> None:
    checkout, bucket = trained
    deploy(checkout)
    (held_out,) = [key for key in objects(checkout, bucket, "runs/") if key.endswith("holdout.csv")]
    lines = content(checkout, bucket, held_out, tmp_path / "holdout").splitlines()
    complete = next(row for row in csv.DictReader(lines) if row["origin"] == "JFK")
    del complete["late"]
    incomplete = {name: value for name, value in complete.items() if name != COLUMN}
    record = [
        {"FeatureName": "airport", "ValueAsString": "JFK"},
        {"FeatureName": "at", "ValueAsString": "2013-04-01T00:00:00Z"},
        {"FeatureName": COLUMN, "ValueAsString": "7"},
    ]

    # The pipeline wrote the newest record of the file.
    ingested = predict(checkout, incomplete, tmp_path / "ingested")
    assert ingested == predict(checkout, complete | {COLUMN: "20"}, tmp_path / "complete")
    checkout.aws(
        "sagemaker-featurestore-runtime",
        "put-record",
        *("--feature-group-name", f"{PROJECT}_airports", "--target-stores", "OnlineStore"),
        *("--record", json.dumps(record)),
    )

    newer = predict(checkout, incomplete, tmp_path / "newer")
    assert newer == predict(checkout, complete | {COLUMN: "7"}, tmp_path / "complete")


@pytest.mark.seeds
def test_a_push_with_a_schema_trains_on_features_as_they_were(
    trained: tuple[Checkout, str], tmp_path: Path
) -> None:
    checkout, bucket = trained

    described = checkout.aws(
        "sagemaker", "describe-feature-group", "--feature-group-name", "delays_airports"
    )
    assert described["FeatureGroupStatus"] == "Created"

    (rejected,) = objects(checkout, bucket, "features/airports/rejected/")
    (line,) = content(checkout, bucket, rejected, tmp_path / "rejected").splitlines()
    assert json.loads(line)["reason"] == f"{COLUMN!r} is not a 64-bit whole number"

    (table,) = [key for key in objects(checkout, bucket, "runs/") if key.endswith("/table.csv")]
    found: dict[tuple[str, bool], set[str]] = {}
    for row in csv.DictReader(content(checkout, bucket, table, tmp_path / "table").splitlines()):
        late_in_quarter = row["scheduled"] >= "2013-02-02"
        if row["origin"] == "EWR" and row["scheduled"] >= "2013-01-14":
            continue  # its record begins on the 15th
        found.setdefault((row["origin"], late_in_quarter), set()).add(row[COLUMN])
    assert found[("JFK", True)] == {"20"}
    assert {"10"} <= found[("JFK", False)] <= {"10", "20"}
    assert found[("LGA", True)] == found[("LGA", False)] == {"1"}
    assert found[("EWR", False)] == {""}
