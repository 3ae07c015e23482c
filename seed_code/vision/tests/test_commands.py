"""Commands of the image."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Fitted

SRC = Path(__file__).parents[1] / "src"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vision", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_baselines_of_monitoring_are_made_of_the_images(tmp_path: Path, fitted: Fitted) -> None:
    done = run(
        "baseline",
        f"--model={fitted.archive}",
        f"--rows={fitted.outputs / 'rows'}",
        f"--test={fitted.outputs / 'test'}",
        f"--output={tmp_path}",
    )
    assert done.returncode == 0, done.stderr
    statistics = json.loads((tmp_path / "model-quality/statistics.json").read_bytes())
    assert statistics["multiclass_classification_metrics"]["accuracy"]["value"] > 0.9


def test_files_that_are_no_images_end_a_job_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "in/cat").mkdir(parents=True)
    (tmp_path / "in/cat/1.png").write_bytes(b"not an image")
    done = run(
        "preprocess",
        "--height=8",
        "--width=8",
        "--channels=1",
        f"--input={tmp_path / 'in'}",
        f"--output={tmp_path / 'out'}",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: cat/1.png: cannot be read as an image")


def test_other_commands_are_rejected() -> None:
    done = run("ingest")
    assert done.returncode == 1
    assert "allowed: preprocess, train, evaluate, baseline, serve, monitor" in done.stderr
