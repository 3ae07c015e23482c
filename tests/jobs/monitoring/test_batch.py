"""Data capture of batch transform jobs, in every format and for every analysis."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_jobs.batch.records import read_records
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import DatasetFormat
from seed_code.model_build.tests.conftest import Fitted, write_csv
from tests.jobs.monitoring.aws_in_memory import Aws
from tests.jobs.monitoring.batches import HOUR, NAMES, as_objects, batch, capture
from tests.jobs.monitoring.captured import as_csv, environment, report, violations
from tests.jobs.monitoring.programs import make_baseline, monitor

AGE = 0


@pytest.fixture
def baseline(tmp_path: Path, binary: Fitted) -> dict[str, str]:
    """A baseline of the data quality of all rows."""
    write_csv(tmp_path / "dataset", binary.raw, [*NAMES, "answer"])
    make_baseline(
        {
            "analysis_type": "DATA_QUALITY",
            "dataset_source": str(tmp_path / "dataset"),
            "output_path": str(tmp_path / "baseline"),
            "ground_truth_attribute": "answer",
        }
    )
    return {
        "baseline_constraints": str(tmp_path / "baseline/constraints.json"),
        "baseline_statistics": str(tmp_path / "baseline/statistics.json"),
    }


def _older(age: str) -> str:
    return str(float(age) + 25) if age[:1].isdigit() else age


FORMATS: dict[str, tuple[object, Any]] = {
    "csv": ({"csv": {"header": False}}, as_csv),
    "csv with heading": ({"csv": {"header": True}}, lambda rows: as_csv([NAMES, *rows])),
    "json lines": (
        {"json": {"line": True}},
        lambda rows: "\n".join(json.dumps(row) for row in as_objects(rows)),
    ),
    "json lists": ({"json": {"line": True}}, lambda rows: "\n".join(map(json.dumps, rows))),
    "json": ({"json": {"line": False}}, lambda rows: json.dumps(as_objects(rows))),
}


@pytest.mark.parametrize("name", FORMATS)
def test_drift_of_a_batch_is_noticed_in_every_format(
    name: str, tmp_path: Path, aws: Aws, binary: Fitted, baseline: dict[str, str]
) -> None:
    dataset_format, written = FORMATS[name]
    rows = [row[:-1] for row in binary.raw]
    variables = batch(
        tmp_path,
        "DATA_QUALITY",
        dataset_format,
        publish_cloudwatch_metrics="Enabled",
        metrics_namespace="aws/sagemaker/ModelMonitoring/data-metrics",
        **baseline,
    )
    capture(aws, written(rows))

    assert monitor(variables).endswith("with no violations.")

    older = [
        [str(float(row[AGE]) + 25) if row[AGE][:1].isdigit() else row[AGE], *row[1:]]
        for row in rows
    ]
    capture(aws, written(older))
    ending = monitor(variables)

    assert ending.startswith("CompletedWithViolations: ")
    reported = json.loads(
        (tmp_path / "reports/2026/11/20/12/constraint_violations.json").read_text()
    )
    assert {one["feature_name"] for one in reported["violations"]} == {"age"}
    found = {one["MetricName"]: one for one in aws.metrics[-1]["MetricData"]}
    assert found["feature_baseline_drift_age"]["Value"] > 0.1
    assert found["feature_baseline_drift_age"]["Dimensions"] == [
        {"Name": "MonitoringSchedule", "Value": "drift"}
    ]


def test_parquet_is_read_where_the_image_has_what_it_takes() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"age": [1, 2], "city": ["a", None]}), file)
    form = DatasetFormat(kind="parquet")

    found = list(read_records(file.getvalue(), "a.parquet", form))

    assert found == [{"age": 1, "city": "a"}, {"age": 2, "city": None}]
    with pytest.raises(InputError, match=r"a\.csv: cannot be read as Parquet"):
        list(read_records(b"1,2", "a.csv", form))


def test_an_image_without_pyarrow_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(InputError, match=r"cannot read Parquet; add pyarrow to requirements\.in"):
        list(read_records(b"", "a.parquet", DatasetFormat(kind="parquet")))


@pytest.mark.parametrize(
    ("dataset_format", "content", "message"),
    [
        ({"csv": {}}, b'"open', "in/a.csv: cannot be read as CSV"),
        ({"json": {"line": True}}, b"1,2", "in/a.csv: cannot be read as JSON lines"),
        ({"json": {"line": False}}, b"[1]", "record 1: got 1; allowed: an object or a list"),
    ],
)
def test_files_in_another_format_are_rejected(
    dataset_format: object, content: bytes, message: str, tmp_path: Path, aws: Aws
) -> None:
    capture(aws, content)

    with pytest.raises(InputError, match=message):
        monitor(batch(tmp_path, "DATA_QUALITY", dataset_format))


def test_only_the_hours_of_a_run_are_read_and_each_file_once(tmp_path: Path, aws: Aws) -> None:
    capture(aws, "1,2\n3,4\n")
    manifest = aws.objects[f"capture/input/{HOUR}/nightly.json"]
    aws.objects[f"capture/input/{HOUR}/again.json"] = manifest
    aws.objects["capture/input/2026/11/20/12/later.json"] = b"not read"

    monitor(batch(tmp_path, "DATA_QUALITY", {"csv": {"header": False}}))

    found = json.loads((tmp_path / "reports/2026/11/20/12/statistics.json").read_text())
    assert found["dataset"] == {"item_count": 2}
    aws.objects[f"capture/input/{HOUR}/nightly.json"] = b"1,2\n"
    with pytest.raises(InputError, match=r"nightly\.json: is not a manifest"):
        monitor(batch(tmp_path, "DATA_QUALITY", {"csv": {"header": False}}))


def test_model_monitor_has_copied_the_files_already(
    tmp_path: Path, binary: Fitted, baseline: dict[str, str]
) -> None:
    folder = tmp_path / "capture/input" / HOUR
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(as_csv([row[:-1] for row in binary.raw]), encoding="utf-8")
    variables = environment(tmp_path, "DATA_QUALITY", **baseline)

    ending = monitor({**variables, "dataset_format": '{"csv": {"header": "false"}}'})

    assert ending.endswith("with no violations.")
    assert violations(tmp_path) == []
    assert report(tmp_path, "statistics.json")["dataset"] == {"item_count": len(binary.raw)}
