"""The command of the train build."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.project import VARIABLES
from pipeline.run import main
from tests.fakes import PROJECT

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


def test_a_build_without_anything_new_trains_nothing_and_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package, file = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/3", "arn.txt"
    uri = "s3://churn-artifacts/data/table/"

    class SageMaker:
        """The registry; any other call fails the test."""

        def get_paginator(self, _: str) -> "SageMaker":
            return self

        def paginate(self, **_: str) -> list[dict[str, Any]]:
            summary = {"ModelPackageVersion": 3, "ModelPackageArn": package}
            return [{"ModelPackageSummaryList": [summary]}]

        def describe_model_package(self, **_: str) -> dict[str, Any]:
            metadata = {"commit": PROJECT.commit, "data": uri, "data_version": "v1"}
            return {"ModelApprovalStatus": "Approved", "CustomerMetadataProperties": metadata}

    for member, name in VARIABLES.items():
        monkeypatch.setenv(name, getattr(PROJECT, member))
    session = SimpleNamespace(client=lambda service: SageMaker())
    monkeypatch.setattr("boto3.Session", lambda **_: session)
    # The test does not depend on the config.yaml of the repository, which the team changes.
    configuration = SimpleNamespace(features=None)
    monkeypatch.setattr("pipeline.run.read_configuration", lambda _: configuration)
    data = SimpleNamespace(uri=uri, version="v1")
    monkeypatch.setattr("pipeline.data.prepare", lambda *_: data)
    monkeypatch.setattr(sys, "argv", ["run", f"--package-arn={tmp_path / file}"])

    main()

    assert (tmp_path / file).read_text() == package
    output = capsys.readouterr().out
    assert output.startswith(f"no new data: commit and data are those of {package} (Approved)")
    assert "registered arn" not in output
