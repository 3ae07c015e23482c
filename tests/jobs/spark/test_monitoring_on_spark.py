"""A monitor on Spark writes the reports of a single process, byte for byte."""

import csv
import io
import json
import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import Settings
from mlops_jobs.monitoring.traffic import source
from mlops_jobs.monitoring.traffic.source import CaptureFile, groups_of
from tests.jobs.monitoring.captured import END, line, side

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".tools/spark/bin/python"  # of `make .tools/spark.stamp`
SECONDS = 300
FILES, CALLS = 9, 60
GROUP_BYTES = 40_000  # instead of 16 MiB, so that files are several groups
PROGRAM = f"""
import sys
from mlops_jobs.monitoring import job
from mlops_jobs.monitoring.traffic import source
source.CHUNK_BYTES = {GROUP_BYTES}
job.main(None, sys.argv[1:])
"""
REPORTS = {"report.html", "statistics.json", "constraints.json"}


def body(dice: random.Random, shift: float) -> str:
    """Returns rows: a number, a category that is also the segment, and a text."""
    rows = [
        [
            f"{dice.gauss(40 + shift, 9):.3f}" if dice.random() < 0.97 else "",
            dice.choice(["Łódź", "oslo", "Oslo", *(f"town {at}" for at in range(40))]),
            dice.choice(["1", "2", "x"]) if shift else str(dice.randint(1, 9)),
        ]
        for _ in range(4)
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def write_traffic(folder: Path, shift: float = 0) -> Path:
    """Writes the files of two variants, with bodies of several formats and some faults."""
    dice = random.Random(7)  # noqa: S311  # reproducible, not secret
    for number in range(FILES):
        lines = []
        for at in range(CALLS):
            text = body(dice, shift)
            request = side("INPUT", text)
            if at % 7 == 1:
                named = [
                    dict(zip(("age", "city", "n"), row, strict=True))
                    for row in csv.reader(io.StringIO(text))
                ]
                # A name that is not in the baseline.
                named[0]["extra"] = "1"
                request = side(
                    "INPUT", json.dumps({"instances": named}), "JSON", "application/json"
                )
            elif at % 11 == 2:
                request = side("INPUT", text, "BASE64")
            elif at % 29 == 3:
                request = side("INPUT", "1,2,3,4,5\n")  # another number of cells
            elif at % 53 == 4:
                request = side("INPUT", '{"broken', "JSON", "application/json")
            predictions = "".join(f"{dice.choice('ab')},{dice.random():.4f}\n" for _ in range(4))
            lines.append(line(at, request, side("OUTPUT", predictions), END.replace(hour=11)))
        variant = "first" if number < FILES - 2 else "second"
        file = folder / variant / "2026/11/20/11" / f"{number}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def monitor(output: Path, traffic: Path, **variables: str) -> str:
    done = subprocess.run(
        [str(PYTHON), "-c", PROGRAM],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "jobs"),
            "analysis_type": "DATA_QUALITY",
            "dataset_source": str(traffic),
            "output_path": str(output),
            "start_time": "2026-11-20T11:00:00Z",
            "end_time": "2026-11-20T12:00:00Z",
            "segment_attribute": "city",
            "exclude_features_attribute": "n",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.spark
def test_reports_are_those_of_one_process(tmp_path: Path) -> None:
    usual = write_traffic(tmp_path / "usual")
    logs = [
        monitor(tmp_path / engine, usual, engine=engine, segment_attribute="_c1")
        for engine in ("python", "spark")
    ]
    assert logs[1] == logs[0]
    found = contents(tmp_path / "python")
    assert contents(tmp_path / "spark") == found
    assert found.keys() >= REPORTS
    statistics = json.loads(found["statistics.json"])
    assert set(statistics["variants"]) == {"first", "second"}
    assert len(statistics["segments"]) == 20


@pytest.mark.spark
def test_comparisons_with_a_baseline_are_those_of_one_process(tmp_path: Path) -> None:
    traffic = write_traffic(tmp_path / "shifted", shift=15)
    names = ["age", "city", "n"]
    limits = {"inferred_type": "Fractional", "completeness": 1.0}
    baseline = {"version": 0.0, "features": [{"name": name, **limits} for name in names]}
    constraints = tmp_path / "constraints.json"
    constraints.write_text(json.dumps(baseline))
    logs = [
        monitor(tmp_path / engine, traffic, engine=engine, baseline_constraints=str(constraints))
        for engine in ("python", "spark")
    ]
    assert logs[1] == logs[0]
    assert "CompletedWithViolations" in logs[0]
    assert contents(tmp_path / "spark") == contents(tmp_path / "python")


def test_files_are_read_in_groups_of_one_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "CHUNK_BYTES", 100)
    sizes = [("a", 60), ("a", 50), ("a", 10), ("a", 500), ("b", 1), ("b", 1)]
    files = [CaptureFile(place="/traffic", variant=of, size=size) for of, size in sizes]
    found = [[file.size for file in group] for group in groups_of(files)]
    assert found == [[60, 50], [10, 500], [1, 1]]
    assert list(groups_of([])) == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"engine": "ray"}, "engine: got 'ray'; allowed: python, spark"),
        ({"engine": "spark", "analysis_type": "MODEL_QUALITY"}, "engine: got spark for MODEL_Q"),
        ({"engine": "spark", "dataset_format": '{"csv": {}}'}, "engine: got spark for DATA_QUALI"),
    ],
)
def test_an_engine_that_cannot_read_the_traffic_is_rejected(
    variables: dict[str, str], message: str
) -> None:
    environment = {"dataset_source": "/traffic", "output_path": "/reports", **variables}
    with pytest.raises(InputError, match=message):
        Settings.from_environment(environment)
