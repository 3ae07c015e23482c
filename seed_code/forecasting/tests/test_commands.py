"""Commands of the image."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Fitted

SRC = Path(__file__).parents[1] / "src"


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "forecasting", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_evaluation_prints_the_baseline_beside_each_metric(
    tmp_path: Path, fitted: Fitted
) -> None:
    done = run(
        "evaluate",
        f"--model={fitted.archive}",
        f"--test={fitted.outputs / 'test'}",
        f"--output={tmp_path}",
        f"--champion={fitted.archive}",
        "--champion-version=arn:1",
    )
    assert done.returncode == 0, done.stderr
    assert "(seasonal naive " in done.stdout
    report = json.loads((tmp_path / "evaluation.json").read_bytes())
    # The deployed model is the same one, so it is compared and there is no loss.
    assert report["champion"]["compared"] is True
    assert report["champion"]["certain_loss"] == 0


def test_the_baselines_of_monitoring_are_made_of_the_series(tmp_path: Path, fitted: Fitted) -> None:
    done = run(
        "baseline",
        f"--model={fitted.archive}",
        f"--rows={fitted.outputs / 'rows'}",
        f"--test={fitted.outputs / 'test'}",
        f"--output={tmp_path}",
    )
    assert done.returncode == 0, done.stderr
    statistics = json.loads((tmp_path / "model-quality/statistics.json").read_bytes())
    assert statistics["regression_metrics"]["mae"]["value"] > 0
    names = json.loads((tmp_path / "data-quality/statistics.json").read_bytes())["features"]
    assert {"shop", "time", "offer"} <= {one["name"] for one in names}


def test_a_table_that_does_not_fit_ends_a_job_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/table.csv").write_text("time,sales\n2026-01-01,1\n2026-01-01,2\n")
    done = run(
        "preprocess",
        "--timestamp=time",
        "--target=sales",
        "--frequency=day",
        "--horizon=1",
        "--season=1",
        *(f"--quantile={one}" for one in (0.1, 0.5, 0.9)),
        "--validation=1",
        "--test=1",
        f"--input={tmp_path / 'in'}",
        f"--output={tmp_path / 'out'}",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: data: got two rows of series '' in the day 2026-01-01;")


def test_other_commands_are_rejected() -> None:
    done = run("ingest")
    assert done.returncode == 1
    assert "allowed: preprocess, train, evaluate, baseline, serve, monitor" in done.stderr
