"""Ingestion on Spark writes and sets aside the same rows as a single process."""

import json
import os
import random
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from tests.jobs.feature_store_in_memory import PREFIX
from tests.jobs.spark.store_in_files import StoreInFiles

pytestmark = pytest.mark.spark

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".tools/spark/bin/python"  # of `make .tools/spark.stamp`
PROCESSES = Path(__file__).with_name("processes")
SECONDS = 300
FILES = 5
TIMES = ("write_time", "api_invocation_time")  # of the run
HEADING = "customer_id,at,orders,balance,city\n"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished job, and what it has written."""

    status: int
    output: str
    store: StoreInFiles

    @property
    def message(self) -> str:
        """The last line of the log."""
        return self.output.strip().splitlines()[-1]


def fill(store: StoreInFiles, *, broken: bool) -> None:
    """Writes files of CSV and JSON lines, some of whose rows are no records."""
    dice = random.Random(3)  # noqa: S311  # reproducible, not secret
    for number in range(FILES):
        lines = []
        for row in range(200):
            orders = "three" if row % 50 == number else str(dice.randint(1, 99))
            at = f"2026-11-2{number}T{row % 24:02d}:00:00Z"
            lines.append(f"c-{number}-{row},{at},{orders},{dice.random():.3f},Łódź\n")
        store.fill(f"day={number}/part.csv", HEADING + "".join(lines))
    last = {"customer_id": "c-json", "at": "2026-11-22T18:00:00Z", "orders": 5}
    store.fill("last.jsonl", json.dumps(last) + "\n")
    if broken:
        store.fill("day=1/broken.csv", HEADING + 'c-1,"no end')
        store.fill("day=3/other.csv", HEADING + "c-1\n" * 30)


def run(folder: Path, engine: str, stores: str, *, broken: bool = False, rejected: bool) -> Run:
    store = StoreInFiles(folder)
    fill(store, broken=broken)
    paths = [PROCESSES, ROOT, ROOT / "jobs"]
    program = "import sys; from mlops_jobs.ingestion.job import main; main(sys.argv[1:])"
    done = subprocess.run(
        [
            *(str(PYTHON), "-c", program, "--feature-group=customers"),
            *(f"--source=s3://bucket/{PREFIX}", "--ledger=s3://bucket/ledger"),
            *(f"--engine={engine}", f"--store={stores}", "--concurrency=4"),
            *(["--rejected=s3://bucket/rejected"] if rejected else []),
        ],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "STORE": str(folder),
            "AWS_REGION": "eu-central-1",
        },
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    output = done.stdout if not done.returncode else done.stdout + done.stderr
    assert "Traceback" not in output, output
    return Run(status=done.returncode, output=output, store=store)


def objects_of(store: StoreInFiles) -> Mapping[str, object]:
    """Returns the objects; those of Parquet without the times of the run."""
    return {
        key: pl.read_parquet(content).drop(TIMES).to_dicts()
        if key.endswith(".parquet")
        else content
        for key, content in store.objects.items()
    }


@pytest.mark.parametrize("stores", ["all", "direct"])
def test_records_and_rows_set_aside_are_those_of_one_process(tmp_path: Path, stores: str) -> None:
    one = run(tmp_path / "python", "python", stores, rejected=True)
    spark = run(tmp_path / "spark", "spark", stores, rejected=True)
    assert (one.status, spark.status) == (0, 0), spark.output
    assert spark.output == one.output
    assert one.message == "Completed: 981 records of 6 files were written. 20 rows were set aside."
    found = objects_of(spark.store)
    assert found == objects_of(one.store)
    kinds = [key.partition("/")[0] for key in found]
    assert (kinds.count("ledger"), kinds.count("rejected")) == (FILES + 1, FILES)
    assert spark.store.written_records() == one.store.written_records()
    assert len(spark.store.processes()) > len(one.store.processes()) == 1


def test_failures_are_those_of_one_process(tmp_path: Path) -> None:
    one = run(tmp_path / "python", "python", "direct", broken=True, rejected=False)
    spark = run(tmp_path / "spark", "spark", "direct", broken=True, rejected=False)
    assert (one.status, spark.status) == (1, 1)
    assert spark.message == one.message
    assert one.message.startswith("error: 51 records were not written, 1 were: features/cust")
    shown = [line for line in one.output.splitlines() if line.startswith("not written: ")]
    assert [line for line in spark.output.splitlines() if line in shown] == shown
    assert objects_of(spark.store) == objects_of(one.store)
