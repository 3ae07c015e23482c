"""Measures what each further project adds to the synthesis of an organisation.

    python tests/bench/projects.py --numbers 1 10 100

CPU seconds of Python and of CDK's Node process together, of the first synthesis, which validates
all templates, and of a second one without changes. Results go to docs/benchmarks/projects.json and
projects.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/benchmarks"
KNOWN_FINDINGS = ROOT / "build/validation"
TARGET_SECONDS = 0.20
"""CPU seconds that a further project should add at most."""


def main() -> None:
    """Synthesises organisations of several sizes and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, nargs="+", default=[1, 10, 100])
    numbers = sorted(set(parser.parse_args().numbers))
    seconds, again = {}, {}
    for number in numbers:
        print(f"{number} projects ...", flush=True)  # noqa: T201 - progress of the command
        seconds[number], again[number] = measure(number)
    result = {
        "cores": os.cpu_count(),
        "target_cpu_seconds_of_a_further_project": TARGET_SECONDS,
        "projects": [
            {
                "projects": number,
                "cpu_seconds": round(seconds[number], 2),
                "cpu_seconds_without_changes": round(again[number], 2),
            }
            for number in numbers
        ],
        "further_project": [
            {
                "from": before,
                "to": after,
                "cpu_seconds": round((seconds[after] - seconds[before]) / (after - before), 3),
            }
            for before, after in itertools.pairwise(numbers)
        ],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "projects.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "projects.md").write_text(table(result))
    print((RESULTS / "projects.md").read_text())  # noqa: T201 - output of the command


def measure(number: int) -> tuple[float, float]:
    """Returns the CPU seconds of two syntheses of an account with projects, Node included."""
    shutil.rmtree(KNOWN_FINDINGS, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="projects-") as folder:
        names = ", ".join(f"{{name: project-{one}}}" for one in range(1, number + 1))
        config = Path(folder) / "settings.yaml"
        config.write_text(
            f'accounts: {{dev: {{id: "111111111111", region: us-east-1}}}}\nprojects: [{names}]\n'
        )
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        environment = {
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps({**context, "config": str(config)}),
            "CDK_OUTDIR": f"{folder}/cdk.out",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'constructs'}",
        }
        return _synthesis(environment), _synthesis(environment)


def _synthesis(environment: Mapping[str, str]) -> float:
    before = _cpu_of_children()
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return _cpu_of_children() - before


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(result: Mapping[str, object]) -> str:
    """Returns the results as a page."""
    sizes, further = result["projects"], result["further_project"]
    if not isinstance(sizes, list) or not isinstance(further, list):
        raise TypeError("projects and further_project: expected lists")
    rows = [
        f"| {one['projects']} | {one['cpu_seconds']} | {one['cpu_seconds_without_changes']} |"
        for one in sizes
    ]
    rows_further = [f"| {one['from']} to {one['to']} | {one['cpu_seconds']} |" for one in further]
    return "\n".join(
        [
            "# Synthesis of projects, measured",
            "",
            "An account with projects; CPU seconds of Python and Node together. The target is",
            f"{TARGET_SECONDS} for each further project.",
            "",
            "| projects | CPU seconds | again, without changes |",
            "| --- | --- | --- |",
            *rows,
            "",
            "| from one size to the next | CPU seconds of each further project |",
            "| --- | --- |",
            *rows_further,
            "",
        ]
    )


if __name__ == "__main__":
    main()
