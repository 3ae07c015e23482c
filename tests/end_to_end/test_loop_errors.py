"""Errors of users: one clear message, and the deployed endpoint still serves."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.conftest import Checkout, Loop

PROJECT = "rehearsal"


@pytest.fixture(scope="module")
def good_commit(loop: Loop) -> str:
    """The commit of the loop."""
    return _git(loop.clone("model-build"), "rev-parse", "HEAD").strip()


@pytest.fixture
def build_clone(loop: Loop, good_commit: str) -> Path:
    """The clone of the build repository with the files of the loop."""
    clone = loop.clone("model-build")
    _git(clone, "read-tree", "-u", "--reset", good_commit)
    return clone


def _git(clone: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=clone, capture_output=True, text=True, check=True
    ).stdout


def _packages(loop: Loop) -> list[str]:
    listed = loop.aws("sagemaker", "list-model-packages", "--model-package-group-name", PROJECT)
    return [package["ModelPackageArn"] for package in listed["ModelPackageSummaryList"]]


def _still_serves(loop: Loop) -> None:
    result = loop.rehearse("invoke", PROJECT, "--rows", "3")
    assert result.returncode == 0, result.stdout + result.stderr


def _error_output(result: subprocess.CompletedProcess[str]) -> str:
    output = result.stdout + result.stderr
    assert result.returncode != 0, output
    assert "Traceback" not in output
    return output


def test_training_code_that_raises_fails_the_pipeline_at_its_step(
    loop: Loop, build_clone: Path
) -> None:
    before = _packages(loop)
    model = build_clone / "src/tabular/model.py"
    before_fit = "    from tabular import boosting\n"
    assert before_fit in model.read_text()
    # Only a container of SageMaker has the folder, so that the tests of the Build stage pass.
    model.write_text(
        model.read_text().replace(
            before_fit,
            '    if training.folder == Path("/opt/ml/model"):\n'
            '        raise RuntimeError("an error in the training code")\n' + before_fit,
        )
    )
    output = _error_output(loop.rehearse("push", PROJECT, "--message", "Break training"))
    assert "Train" in output
    assert "Tune" in output
    logs = loop.rehearse("logs", PROJECT, "--pipeline", "build")
    assert "an error in the training code" in logs.stdout + logs.stderr
    assert _packages(loop) == before
    _still_serves(loop)


def test_a_push_whose_tests_fail_never_trains(loop: Loop, build_clone: Path) -> None:
    (build_clone / "tests/test_of_mine.py").write_text("def test_mine():\n    assert 1 == 2\n")
    output = _error_output(loop.rehearse("push", PROJECT, "--message", "Break a test"))
    assert "Build / Test" in output
    assert "Tune" not in output
    _still_serves(loop)


def test_a_model_below_its_threshold_is_not_registered(loop: Loop, build_clone: Path) -> None:
    before = _packages(loop)
    config = build_clone / "config.yaml"
    # `rehearse run --data` has set metric and threshold.
    text, count = re.subn(r"(?m)^  threshold: .*$", "  threshold: 0.9999", config.read_text())
    assert count == 1
    config.write_text(text)
    output = _error_output(loop.rehearse("push", PROJECT, "--message", "Ask for too much"))
    assert "QualityBelowThreshold" in output
    assert _packages(loop) == before


def test_data_without_the_target_column_is_rejected_before_training(
    loop: Loop, build_clone: Path
) -> None:
    config = build_clone / "config.yaml"
    settings = yaml.safe_load(config.read_text())
    settings["data"]["target"] = "outcome"
    # An empty section is one whose lines are comments; null in its place is rejected.
    config.write_text(yaml.safe_dump({name: one for name, one in settings.items() if one}))
    output = _error_output(loop.rehearse("push", PROJECT, "--message", "Name a missing column"))
    assert "outcome" in output
    assert "Preprocess" not in output


def test_an_unknown_model_package_cannot_be_approved(loop: Loop) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{PROJECT}/99"
    output = _error_output(loop.rehearse("approve", PROJECT, "--package", arn))
    assert arn in output.replace("\n", "")


def test_a_template_with_an_unknown_type_is_rejected_before_creation(loop: Loop) -> None:
    template = loop.folder / "unknown.json"
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Robot": {"Type": "AWS::RoboMaker::Robot", "Properties": {"Architecture": "ARM64"}},
    }
    template.write_text(json.dumps({"Resources": resources}))
    before = loop.aws("sns", "list-topics")
    root = loop.environment
    key = (root["AWS_ACCESS_KEY_ID"], root["AWS_SECRET_ACCESS_KEY"])
    output = loop.rejected(
        *key,
        "cloudformation",
        "create-stack",
        "--stack-name",
        "robots",
        "--template-body",
        f"file://{template}",
    )
    assert "AWS::RoboMaker::Robot" in output
    assert loop.aws("sns", "list-topics") == before


def test_an_invalid_setting_is_reported_with_its_file_and_key(checkout: Checkout) -> None:
    wrong = checkout.folder / "config/wrong.yaml"
    wrong.write_text((checkout.folder / "config/rehearsal.yaml").read_text() + "\ncolour: blue\n")
    output = _error_output(
        checkout.rehearse("run", "--config", "config/wrong.yaml", "--project", "wrong")
    )
    assert "wrong.yaml" in output
    assert "colour" in output
