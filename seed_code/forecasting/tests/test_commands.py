"""Commands of the image."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from forecasting import model
from tests.conftest import Fitted, write_table

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
    allowed = "preprocess, train, evaluate, baseline, serve, monitor, run, check"
    assert f"allowed: {allowed}" in done.stderr


OPTIONS = (
    "--series=shop",
    "--timestamp=time",
    "--target=sales",
    "--covariate=offer",
    "--frequency=hour",
    "--horizon=12",
    "--season=24",
    "--validation=20",
    "--test=10",
)


def test_a_table_is_checked_without_training(tmp_path: Path) -> None:
    done = run("check", str(write_table(tmp_path / "data")), *OPTIONS)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["series"], found["periods"]) == (["north", "south"], 1440)
    assert found["training_periods"] == 1440 - 30 * 12
    assert (found["first"], found["last"]) == ("2026-01-01T00:00", "2026-03-01T23:00")


def test_a_file_becomes_a_model_and_a_report(tmp_path: Path) -> None:
    data, output = write_table(tmp_path / "data") / "sales.csv", tmp_path / "run"
    for _ in range(2):  # a second run replaces the first one
        done = run("run", str(data), *OPTIONS, "--set=num_round=30", f"--output={output}")
        assert done.returncode == 0, done.stderr
    assert "(seasonal naive " in done.stdout
    assert "result: validation:mase=" in done.stdout
    report = json.loads((output / "evaluation.json").read_bytes())
    assert report["forecast"]["series"] == 2
    assert "sales" in (output / "report.html").read_text(encoding="utf-8")
    assert model.load(output / "model").schema.names == ("north", "south")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("--frequency=day", "got two rows of series 'north' in the day 2026-01-01"),
        ("--target=price", "got column 'price'; allowed: shop, time, offer, sales"),
        ("--lag=3", "got 3; allowed: at least the horizon, 12"),
        ("--metric=auc", "got 'auc'; allowed: mase"),
    ],
)
def test_a_run_that_cannot_succeed_ends_in_one_line(
    tmp_path: Path, change: str, message: str
) -> None:
    data = write_table(tmp_path / "data")
    for command in ("check", "run"):
        done = run(command, str(data), *OPTIONS, change)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        assert message in done.stderr


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    data = write_table(tmp_path / "data")
    done = run("run", str(data), *OPTIONS, f"--output={data}")
    assert "got a folder that is not of an earlier run" in done.stderr
    assert (data / "sales.csv").is_file()
