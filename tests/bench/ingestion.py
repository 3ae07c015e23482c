"""Measures how fast rows are written directly into the offline store, upload excluded.

    python tests/bench/ingestion.py --rows 200000

A CSV file of 20 features is validated, partitioned by hour and written as Parquet files. Results go
to docs/benchmarks/ingestion.json and ingestion.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from mlops_jobs.ingestion.files import File
from mlops_jobs.ingestion.job import valid_rows
from mlops_jobs.ingestion.offline import OfflineWriter
from mlops_jobs.ingestion.progress import Progress
from mlops_jobs.ingestion.schema import GroupSchema, OfflineLocation

RESULTS = Path(__file__).parents[2] / "docs/benchmarks"
MIN_ROWS_PER_SECOND = 20_000
TYPES = {
    "id": "String",
    "at": "String",
    **{f"measure_{index}": "Fractional" for index in range(12)},
    **{f"count_{index}": "Integral" for index in range(3)},
    **{f"kind_{index}": "String" for index in range(3)},
}


class Discard:
    """An S3 client that takes files and keeps nothing."""

    def upload_file(self, *_: Any, **__: Any) -> None: ...


def write_table(path: Path, rows: int) -> None:
    """Writes a day of events, in the order of their times."""
    numbers = random.Random(1)  # noqa: S311
    with path.open("w") as stream:
        stream.write(",".join(TYPES) + "\n")
        for index in range(rows):
            measures = ",".join(f"{numbers.gauss(0, 1):.6f}" for _ in range(12))
            counts = ",".join(str(numbers.randrange(1000)) for _ in range(3))
            hour = index * 24 // rows
            stream.write(f"c-{index},2026-11-22T{hour:02d}:00:00Z,{measures},{counts},a,b,c\n")


def main() -> None:
    """Measures once and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the file")
    options = parser.parse_args()
    schema = GroupSchema(
        group="customers",
        types=TYPES,
        record_identifier="id",
        event_time="at",
        offline=OfflineLocation(bucket="bucket", prefix="prefix", table_format="Glue"),
    )
    progress = Progress()
    writer = OfflineWriter(Discard(), schema, progress, concurrency=4)
    file = File(bucket="bucket", key="events.csv", etag="1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        write_table(path, options.rows)
        began = time.perf_counter()
        writer.write(file, valid_rows(file, path, schema, progress))
        seconds = time.perf_counter() - began
    assert progress.written == options.rows
    result = {
        "cores": os.cpu_count(),
        "rows": options.rows,
        "features": len(TYPES),
        "rows_per_second": round(options.rows / seconds),
        "required_rows_per_second": MIN_ROWS_PER_SECOND,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "ingestion.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "ingestion.md").write_text(
        f"""# Direct ingestion into the offline store

`make bench`: {result["rows"]:,} rows of {result["features"]} features from a CSV file to Parquet
files, one process, upload excluded.

| | measured | required |
|---|---|---|
| rows in a second | {result["rows_per_second"]:,} | {MIN_ROWS_PER_SECOND:,} |
| peak memory | {result["peak_memory_mb"]} MB | |
"""
    )
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()
