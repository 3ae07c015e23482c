"""Commands of the image."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Fitted, write_archive

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
    allowed = "preprocess, train, evaluate, baseline, serve, monitor, run, check"
    assert f"allowed: {allowed}" in done.stderr


SIZE = ("--height=8", "--width=8", "--channels=1")


def test_images_are_checked_without_training(tmp_path: Path) -> None:
    folder = write_archive(tmp_path)
    done = run("check", str(folder / "bars.zip"), *SIZE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "problem_type": "multiclass",
        "metric": "accuracy",
        "images": 180,
        "labels": {"flat": 60, "none": 60, "upright": 60},
    }


def test_images_become_a_model_and_a_report(tmp_path: Path) -> None:
    pytest.importorskip("keras", reason="only the image has Keras")
    data, output = write_archive(tmp_path) / "bars.zip", tmp_path / "run"
    done = run("run", str(data), *SIZE, "--set=epochs=3", f"--output={output}")
    assert done.returncode == 0, done.stderr
    assert (output / "model/model.keras").is_file()
    assert (output / "report.html").is_file()
    assert json.loads((output / "evaluation.json").read_bytes())["dataset"]["item_count"] == 36
