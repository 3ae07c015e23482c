"""Measures `make rehearse` on a fresh clone: first with nothing installed, then warm.

    make bench                       # one cold run and three warm ones, about ten minutes
    make bench ARGS="--warm 5"

The results go to docs/benchmarks/loop.json and loop.md, so that changes can be compared. Run it on
an idle machine: it takes what it can get of all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/benchmarks"
_HEADINGS = (
    "run",
    "whole (s)",
    "push to endpoint (s)",
    "jobs and builds (s)",
    "beyond (%)",
    "peak memory (GB)",
)
_TARGETS = ("target", "480 first, 300 warm", "60", "", "40", "3")
_OURS = {"UV_CACHE_DIR", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "ARGS"}


@dataclass(frozen=True)
class Measurement:
    """One run of the loop; seconds are wall clock, installation included in `total`."""

    run: str
    total: float
    push_to_endpoint: float
    compute: float
    beyond_percent: float
    peak_memory_gigabytes: float


def main() -> None:
    """Runs the loop as often as asked and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warm", type=int, default=3, help="warm runs after the first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        runs = [measure(clone, "first, nothing installed")]
        runs += [measure(clone, f"warm {number}") for number in range(1, options.warm + 1)]
    if runs[1:]:
        runs.append(median(runs[1:]))
    RESULTS.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "runs": [asdict(run) for run in runs]}
    (RESULTS / "loop.json").write_text(json.dumps(document, indent=2) + "\n")
    (RESULTS / "loop.md").write_text(table(runs))
    print((RESULTS / "loop.md").read_text())  # noqa: T201


def measure(clone: Path, name: str) -> Measurement:
    """Runs `make rehearse` in a clone; ends with its log when it fails."""
    print(f"{name} ...", flush=True)  # noqa: T201
    # Neither the caches of this checkout nor the arguments of the make that runs this are those of
    # a bare machine.
    environment = {key: value for key, value in os.environ.items() if key not in _OURS}
    began = time.monotonic()
    with (clone.parent / "make.log").open("w") as log:
        ended = subprocess.run(
            ["make", "rehearse"], cwd=clone, env=environment, check=False, stdout=log, stderr=log
        )
    if ended.returncode:
        sys.exit(f"{name} failed:\n{(clone.parent / 'make.log').read_text()[-4000:]}")
    total = time.monotonic() - began
    summary: dict[str, Any] = json.loads((clone / "build/rehearsal/summary.json").read_text())
    spent = summary["time"]
    return Measurement(
        run=name,
        total=round(total, 1),
        push_to_endpoint=spent["push_to_endpoint_seconds"],
        compute=spent["compute_seconds"],
        beyond_percent=spent["beyond_percent"],
        peak_memory_gigabytes=round(summary["peak_memory_bytes"] / 1e9, 2),
    )


def median(runs: list[Measurement]) -> Measurement:
    """The median of each number."""

    def middle(member: str) -> float:
        values: list[float] = [getattr(run, member) for run in runs]
        return round(statistics.median(values), 2)

    return Measurement(
        run="warm, median",
        total=middle("total"),
        push_to_endpoint=middle("push_to_endpoint"),
        compute=middle("compute"),
        beyond_percent=middle("beyond_percent"),
        peak_memory_gigabytes=middle("peak_memory_gigabytes"),
    )


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def table(runs: list[Measurement]) -> str:
    """The results for people."""
    rows = [_HEADINGS, tuple("---" for _ in _HEADINGS)]
    rows += [tuple(str(value) for value in asdict(run).values()) for run in runs]
    rows.append(_TARGETS)
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return (
        f"# The loop, measured\n\n`make bench` on {os.cpu_count()} cores. Push to endpoint: "
        f"until the first response of production's endpoint.\n\n{lines}\n"
    )


if __name__ == "__main__":
    main()
