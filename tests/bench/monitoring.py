"""Measures the monitor: speed and memory beside Evidently, false alarms and power.

    python tests/bench/monitoring.py --rows 1000000 --reports 400 --evidently .tools/evidently

Captured JSON lines become reports in one process; Evidently gets the same rows as loaded pandas
tables, in turn with the monitor. Without --evidently, only the monitor is measured. Results go to
docs/benchmarks/monitoring.json and monitoring.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jobs.monitoring import model_bias, model_quality
from mlops_jobs.monitoring.labeled_groups import LabeledGroups
from mlops_jobs.problem_type import ProblemType

# The environment has another package named `tests`.
simulation: Any = import_module("drift_simulation")
ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/benchmarks"
BASELINE_ROWS = 20_000
WINDOWS = (10, 30, 100, 300, 1000, 10_000, 100_000)
BASELINES = (500, 5000)
ENGINE = """
import json, resource, sys, time
start = time.perf_counter()
from mlops_jobs.monitoring import job
job.monitor(json.loads(sys.argv[1]), None)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": time.perf_counter() - start,
    "cpu_seconds": used.ru_utime + used.ru_stime,
    "peak_mib": used.ru_maxrss / 1024,
}))
"""


def main() -> None:
    """Measures as often as asked and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--runs", type=int, default=3, help="how often each program runs")
    parser.add_argument("--reports", type=int, default=200, help="simulated reports of each size")
    parser.add_argument("--evidently", type=Path, help="environment with Evidently")
    options = parser.parse_args()
    result = {
        "cores": os.cpu_count(),
        "speed": [speed(rows, options.runs, options.evidently) for rows in options.rows],
        "labels": [labels(rows, options.runs) for rows in options.rows],
        "false_alarms": list(false_alarms(options.reports)),
        "power": power(max(20, options.reports // 10)),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "monitoring.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "monitoring.md").write_text(table(result))
    print((RESULTS / "monitoring.md").read_text())  # noqa: T201


def speed(rows: int, runs: int, evidently: Path | None) -> dict[str, Any]:
    """Returns medians of the monitor and of Evidently over the same rows, in turn."""
    with tempfile.TemporaryDirectory(prefix="monitoring-") as name:
        folder = Path(name)
        write_traffic(folder, rows)
        environment = {
            "analysis_type": "DATA_QUALITY",
            "dataset_source": str(folder / "baseline.csv"),
            "output_path": str(folder / "baseline"),
        }
        code = "import json, sys; from mlops_jobs.monitoring import job; "
        code += "job.make_baseline(json.loads(sys.argv[1]), None)"
        _run([sys.executable, "-c", code, json.dumps(environment)])
        environment |= {
            "dataset_source": str(folder / "capture.jsonl"),
            "output_path": str(folder / "reports"),
            "baseline_constraints": str(folder / "baseline/constraints.json"),
            "baseline_statistics": str(folder / "baseline/statistics.json"),
        }
        ours: list[dict[str, float]] = []
        theirs: list[dict[str, float]] = []
        for _ in range(runs):
            ours.append(_measured([sys.executable, "-c", ENGINE, json.dumps(environment)]))
            if evidently is not None:
                program = [
                    str(evidently / "bin/python"),
                    str(ROOT / "tests/bench/evidently_drift.py"),
                ]
                files = [str(folder / "baseline.csv"), str(folder / "current.csv")]
                theirs.append(_measured([*program, *files]))
    found = {name: round(statistics.median(one[name] for one in ours), 2) for name in ours[0]}
    both: dict[str, float | None] = dict.fromkeys(
        ("evidently_seconds", "evidently_cpu_seconds", "ratio", "cpu_ratio")
    )
    if theirs:
        pairs = list(zip(ours, theirs, strict=True))
        for name, ratio in (("seconds", "ratio"), ("cpu_seconds", "cpu_ratio")):
            both[f"evidently_{name}"] = round(statistics.median(one[name] for one in theirs), 2)
            both[ratio] = round(statistics.median(b[name] / a[name] for a, b in pairs), 1)
    return {"rows": rows, **found, **both}


def labels(rows: int, runs: int) -> dict[str, Any]:
    """Returns medians of model quality, whose labels come in another order than the calls."""
    with tempfile.TemporaryDirectory(prefix="labels-") as name:
        folder = Path(name)
        write_traffic(folder, rows)
        dice = np.random.default_rng(2)
        with (folder / "labels.jsonl").open("w") as file:
            for number in dice.permutation(rows).tolist():
                label = ("yes", "no")[number % 2]
                file.write(
                    f'{{"groundTruthData":{{"data":"{label}","encoding":"CSV"}},'
                    f'"eventMetadata":{{"eventId":"e{number}"}},"eventVersion":"0"}}\n'
                )
        environment = {
            "analysis_type": "MODEL_QUALITY",
            "problem_type": "BinaryClassification",
            "dataset_source": str(folder / "capture.jsonl"),
            "ground_truth_source": str(folder / "labels.jsonl"),
            "output_path": str(folder / "reports"),
        }
        program = [sys.executable, "-c", ENGINE, json.dumps(environment)]
        found = [_measured(program) for _ in range(runs)]
    return {
        "rows": rows,
        **{name: round(statistics.median(one[name] for one in found), 2) for name in found[0]},
    }


def write_traffic(folder: Path, rows: int) -> None:
    """Writes rows of 20 columns as captured JSON lines and as CSV, and a baseline."""
    dice = np.random.default_rng(1)
    heading = ",".join(f"column_{at}" for at in range(20)) + "\n"
    with (folder / "baseline.csv").open("w") as file:
        file.write(heading)
        file.writelines(f"{row}\n" for row in _rows(dice, BASELINE_ROWS))
    with (
        (folder / "capture.jsonl").open("w") as capture,
        (folder / "current.csv").open("w") as file,
    ):
        file.write(heading)
        for number, row in enumerate(_rows(dice, rows)):
            file.write(f"{row}\n")
            capture.write(
                '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT",'
                f'"data":"{row}","encoding":"CSV"}},"endpointOutput":{{"observedContentType":'
                f'"text/csv","mode":"OUTPUT","data":"yes,0.{number % 100:02d}\\n",'
                f'"encoding":"CSV"}}}},"eventMetadata":{{"eventId":"e{number}",'
                '"inferenceTime":"2026-11-20T11:30:00Z"},"eventVersion":"0"}\n'
            )


def _rows(dice: np.random.Generator, rows: int) -> Iterator[str]:
    categories = [[f"v{one}" for one in range(count)] for count in (3, 4, 2, 5, 20, 2)]
    for first in range(0, rows, BASELINE_ROWS):
        count = min(BASELINE_ROWS, rows - first)
        numbers = [column.tolist() for column in dice.normal(size=(14, count)).round(4)]
        chosen = [[one[at] for at in dice.integers(0, len(one), count)] for one in categories]
        for row in zip(*numbers, *chosen, strict=True):
            yield ",".join(map(str, row))


def _run(command: list[str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "jobs")}
    found = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return found.stdout


def _measured(command: list[str]) -> dict[str, float]:
    measured: dict[str, float] = json.loads(_run(command).splitlines()[-1])
    return measured


def false_alarms(reports: int) -> Iterator[dict[str, Any]]:
    """Yields the share of reports without drift that have a violation, by numbers of rows."""
    for before in BASELINES:
        for rows in WINDOWS:
            # The sizes that take long are simulated less often.
            count = max(4, min(reports, 400_000 // rows))
            yield {
                "baseline": before,
                "rows": rows,
                "reports": count,
                **{
                    name: round(_alarms(check, before, rows, count), 4)
                    for name, check in CHECKS.items()
                },
            }


def _alarms(check: Callable[[np.random.Generator, int, int], int], *sizes: int) -> float:
    before, rows, count = sizes
    hits = sum(check(np.random.default_rng(seed), before, rows) for seed in range(count))
    return hits / count


def _data_quality(dice: np.random.Generator, before: int, rows: int) -> int:
    baseline = simulation.baseline_of_columns(dice, before)
    return bool(simulation.violations_of_columns(dice, baseline, rows))


def _model_quality(dice: np.random.Generator, before: int, rows: int) -> int:
    found = model_quality.compare(
        simulation.classified(dice, min(rows, 10_000)),
        ProblemType.BINARY,
        ["0", "1"],
        simulation.quality_baseline(dice, before),
    )
    return bool(found.violations)


def _bias(dice: np.random.Generator, before: int, rows: int) -> int:
    traffic = simulation.classified(dice, min(rows, 10_000))
    baseline = simulation.bias_baseline(dice, before)
    return bool(model_bias.compare(LabeledGroups.of(simulation.BIAS, traffic), baseline).violations)


CHECKS = {"data_quality": _data_quality, "model_quality": _model_quality, "bias": _bias}
SHIFTS: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "mean + 0.2 deviations": lambda values, _: values + 0.2,
    "mean + 0.5 deviations": lambda values, _: values + 0.5,
    "spread x 1.5": lambda values, _: values * 1.5,
    "10 % at + 8 deviations": lambda values, dice: values + 8 * (dice.random(len(values)) < 0.1),
    "20 % stuck at 0": lambda values, dice: values * (dice.random(len(values)) >= 0.2),
}


def power(reports: int) -> dict[str, dict[str, float]]:
    """Returns the share of reports in which a shift of one feature is seen, by number of rows."""
    found: dict[str, dict[str, float]] = {}
    for name, shift in SHIFTS.items():
        dice = np.random.default_rng(4)
        baseline = simulation.baseline_of_columns(dice, 5000)
        found[name] = {
            str(rows): sum(
                bool(simulation.violations_of_columns(dice, baseline, rows, shift))
                for _ in range(reports)
            )
            / reports
            for rows in (100, 300, 1000, 5000)
        }
    return found


def table(result: dict[str, Any]) -> str:
    """Returns the results as Markdown."""
    speeds = "\n".join(
        f"| {one['rows']:,} | {one['seconds']} | {one['cpu_seconds']} | {one['peak_mib']:.0f} | "
        f"{one['evidently_seconds'] or ''} | {one['evidently_cpu_seconds'] or ''} | "
        f"{one['ratio'] or ''} | {one['cpu_ratio'] or ''} |"
        for one in result["speed"]
    )
    joined = "\n".join(
        f"| {one['rows']:,} | {one['seconds']} | {one['cpu_seconds']} | {one['peak_mib']:.0f} |"
        for one in result["labels"]
    )
    alarms = "\n".join(
        f"| {one['baseline']:,} | {one['rows']:,} | {one['reports']} | {one['data_quality']:.2%} | "
        f"{one['model_quality']:.2%} | {one['bias']:.2%} |"
        for one in result["false_alarms"]
    )
    powers = "\n".join(
        f"| {name} | " + " | ".join(f"{share:.2f}" for share in shares.values()) + " |"
        for name, shares in result["power"].items()
    )
    return f"""# Monitoring, measured

`make bench` on {result["cores"]} cores. The monitor reads captured JSON lines with 20 columns and
writes its reports; seconds are those of the process, imports included. Evidently's drift preset
gets the same rows as loaded pandas tables and writes no file; its seconds are those of the report.
Both run in turn; ratios are medians of the pairs. Those of CPU time hold on a busy machine, too.

| rows | seconds | CPU seconds | peak MiB | Evidently, seconds | CPU seconds | ratio | of CPU |
| --- | --- | --- | --- | --- | --- | --- | --- |
{speeds}

Model quality of the same calls, with a label for each that comes in another order:

| rows | seconds | CPU seconds | peak MiB |
| --- | --- | --- | --- |
{joined}

Share of reports without drift that have a violation; data quality has 20 features, model quality
and bias have at most 10,000 rows:

| baseline | rows | reports | data quality | model quality | bias |
| --- | --- | --- | --- | --- | --- |
{alarms}

Share of reports in which a shift of one of 20 features is seen, by rows (baseline of 5,000 rows):

| shift | 100 | 300 | 1,000 | 5,000 |
| --- | --- | --- | --- | --- |
{powers}
"""


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")  # noqa: T201
