"""The commands of the tutorial, run in a fresh copy of the checkout."""

import os
import re
import subprocess
from pathlib import Path

from tests.end_to_end.conftest import ROOT, TIMEOUT_SECONDS, Checkout

TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
INSTALLED = ("make setup",)  # the copy of the checkout links to its environment


def commands() -> str:
    """Returns the commands of the tutorial in order, without the installation."""
    blocks = re.findall(r"```sh\n(.*?)```", TUTORIAL, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    assert set(INSTALLED) <= set(lines)
    return "\n".join(line for line in lines if line not in INSTALLED)


def test_a_newcomer_gets_predictions_by_the_commands_of_the_tutorial(
    separate_checkout: Checkout, tmp_path: Path
) -> None:
    script = tmp_path / "tutorial.sh"
    script.write_text(f"set -euo pipefail\n{commands()}\n")

    run = subprocess.run(
        ["bash", str(script)],
        cwd=separate_checkout.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-4000:]
    table = run.stdout[run.stdout.rindex("approved stage Staging") :]
    assert len(re.findall(r"\b(?:yes|no)\b", table)) >= 5, table
