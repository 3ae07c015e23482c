"""No two files say the same: what is alike belongs into one place."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
JUDGED = ("constructs/mlops_constructs", "stacks", "docs/examples")
SMALLEST_TWIN_LINES = "8"


def test_pylint_finds_no_twins() -> None:
    options = ["--disable=all", "--enable=duplicate-code", "--reports=n", "--score=n"]
    options += ["--ignore-imports=y", "--ignore-docstrings=y", "--ignore-signatures=y"]
    options += [f"--min-similarity-lines={SMALLEST_TWIN_LINES}"]

    run = subprocess.run(
        [sys.executable, "-m", "pylint", *options, *JUDGED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
