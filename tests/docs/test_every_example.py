"""Synthesis of all examples as one app, for a reader without an account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.docs.synthesis import ROOT


def test_every_example_is_synthesised_without_credentials(tmp_path: Path) -> None:
    """The account is a token then, which a template cannot have where AWS requires a string."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    folders = [str(ROOT / "constructs"), str(ROOT / "docs/examples")]

    run = subprocess.run(
        [sys.executable, "docs/examples/every_example.py"],
        cwd=ROOT,
        env={
            # The CLI always has a Region, and looks up the account from AWS.
            "CDK_DEFAULT_REGION": "us-east-1",
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_OUTDIR": str(tmp_path),
            "HOME": os.environ.get("HOME", ""),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(folders),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr[-3000:]
    assert len(list(tmp_path.glob("*.template.json"))) > 40
