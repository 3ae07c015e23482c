"""A project with features: from the schema in its repository to the rows of its training."""

import csv
import json
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


@pytest.mark.seeds
def test_a_push_with_a_schema_trains_on_features_as_they_were(
    separate_checkout: Checkout, tmp_path: Path
) -> None:
    checkout = separate_checkout
    bucket = first_push(checkout)
    push_with_features(checkout, bucket, tmp_path)

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
