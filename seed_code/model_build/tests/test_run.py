"""The command of the train build."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.run", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "src", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_mistake_in_the_configuration_ends_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("data: {target: a}\ncolour: blue\n")
    done = run(f"--config={tmp_path / 'config.yaml'}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: config.yaml:1: tuning: got nothing; set it\n")


def test_missing_variables_end_it_at_once() -> None:
    done = run(AWS_REGION="eu-west-1")
    assert done.returncode == 1
    assert done.stderr.startswith("error: environment: got no SAGEMAKER_PROJECT_NAME, ")


def test_a_parameter_needs_a_name_and_a_value() -> None:
    done = run("--parameter", "InputData")
    assert done.returncode == 2
    assert "got 'InputData'; allowed: NAME=VALUE" in done.stderr
