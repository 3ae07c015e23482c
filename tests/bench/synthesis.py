"""Measures what synthesis costs: all examples in one app, beside an app of one resource.

    python tests/bench/synthesis.py --runs 3

CPU seconds of Python and of CDK's Node process together, the two apps in turn. Results go to
docs/benchmarks/synthesis.json and synthesis.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/benchmarks"
FIXED_RATIO = 1.5
SECONDS_PER_RESOURCE = 0.025
ONE_RESOURCE = """
import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App(analytics_reporting=False)
sqs.Queue(cdk.Stack(app, "One"), "Queue")
app.synth()
"""
ALL_EXAMPLES = "import every_example; every_example.main()"


def main() -> None:
    """Synthesises both apps as often as asked and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often each app is synthesised")
    options = parser.parse_args()
    one: list[float] = []
    every: list[float] = []
    for number in range(1, options.runs + 1):
        print(f"run {number} of {options.runs} ...", flush=True)  # noqa: T201
        one.append(measure(ONE_RESOURCE)[0])
        seconds, resources = measure(ALL_EXAMPLES)
        every.append(seconds)
    base, whole = statistics.median(one), statistics.median(every)
    allowed = FIXED_RATIO * base + SECONDS_PER_RESOURCE * resources
    result = {
        "cores": os.cpu_count(),
        "runs": options.runs,
        "one_resource_cpu_seconds": round(base, 2),
        "all_examples_cpu_seconds": round(whole, 2),
        "resources": resources,
        "milliseconds_per_resource_beyond_base": round((whole - base) / resources * 1000, 1),
        "allowed_cpu_seconds": round(allowed, 2),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "synthesis.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "synthesis.md").write_text(table(result))
    print((RESULTS / "synthesis.md").read_text())  # noqa: T201


def measure(program: str) -> tuple[float, int]:
    """CPU seconds of a synthesis, its Node process included, and the resources that it made."""
    with tempfile.TemporaryDirectory(prefix="synthesis-") as folder:
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        environment = {
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_OUTDIR": folder,
            "CDK_DEFAULT_ACCOUNT": "111111111111",
            "CDK_DEFAULT_REGION": "us-east-1",
            "PYTHONPATH": f"{ROOT / 'docs/examples'}{os.pathsep}{ROOT / 'constructs'}",
        }
        before = _cpu_of_children()
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            check=True,
            stderr=subprocess.DEVNULL,
        )
        seconds = _cpu_of_children() - before
        templates = Path(folder).glob("*.template.json")
        resources = sum(len(json.loads(path.read_text())["Resources"]) for path in templates)
    return seconds, resources


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(result: dict[str, float | int | None]) -> str:
    """The results for people."""
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in result.items())
    return (
        "# Synthesis, measured\n\n"
        f"All examples of `docs/examples` in one app; allowed are {FIXED_RATIO} times the CPU of "
        f"an app of one\nresource plus {SECONDS_PER_RESOURCE * 1000:.0f} ms per resource.\n\n"
        f"| measured | |\n| --- | --- |\n{rows}\n"
    )


if __name__ == "__main__":
    main()
