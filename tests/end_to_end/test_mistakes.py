"""What a person does wrong: one clear message, and nothing that worked before breaks."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.conftest import Checkout, Loop

PROJECT = "rehearsal"


@pytest.fixture(scope="module")
def good_commit(loop: Loop) -> str:
    """What the story pushed."""
    return _git(loop.clone("model-build"), "rev-parse", "HEAD").strip()


@pytest.fixture
def build_clone(loop: Loop, good_commit: str) -> Path:
    """The build repository's clone; its files are those that the story pushed."""
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
    answered = loop.rehearse("invoke", PROJECT, "--rows", "3")
    assert answered.returncode == 0, answered.stdout + answered.stderr


def _said(told: subprocess.CompletedProcess[str]) -> str:
    said = told.stdout + told.stderr
    assert told.returncode != 0, said
    assert "Traceback" not in said
    return said


def test_training_code_that_raises_turns_the_pipeline_red_at_its_step(
    loop: Loop, build_clone: Path
) -> None:
    before = _packages(loop)
    train = build_clone / "src/tabular/train.py"
    # Only the job meets the mistake, so that the tests of the Build stage pass.
    train.write_text(
        train.read_text().replace(
            "    with exit_with_message(OPT_ML",
            '    raise RuntimeError("the data scientist made a mistake")\n'
            "    with exit_with_message(OPT_ML",
        )
    )
    tests = build_clone / "tests/test_train.py"
    tests.unlink()
    said = _said(loop.rehearse("push", PROJECT, "--message", "Break training"))
    assert "Train" in said
    assert "Tune" in said
    logs = loop.rehearse("logs", PROJECT, "--pipeline", "build")
    assert "the data scientist made a mistake" in logs.stdout + logs.stderr
    assert _packages(loop) == before
    _still_serves(loop)


def test_a_push_whose_tests_fail_never_trains(loop: Loop, build_clone: Path) -> None:
    (build_clone / "tests/test_of_mine.py").write_text("def test_mine():\n    assert 1 == 2\n")
    said = _said(loop.rehearse("push", PROJECT, "--message", "Break a test"))
    assert "Build / Test" in said
    assert "Tune" not in said
    _still_serves(loop)


def test_a_model_below_its_threshold_is_not_registered(loop: Loop, build_clone: Path) -> None:
    before = _packages(loop)
    config = build_clone / "config.yaml"
    config.write_text(config.read_text().replace("threshold: 0.9 ", "threshold: 0.9999 "))
    said = _said(loop.rehearse("push", PROJECT, "--message", "Ask for too much"))
    assert "QualityBelowThreshold" in said
    assert _packages(loop) == before


def test_data_without_the_target_column_is_refused_before_training(
    loop: Loop, build_clone: Path
) -> None:
    config = build_clone / "config.yaml"
    settings = yaml.safe_load(config.read_text())
    settings["data"]["target"] = "outcome"
    config.write_text(yaml.safe_dump(settings))
    said = _said(loop.rehearse("push", PROJECT, "--message", "Name a column that is not there"))
    assert "outcome" in said
    assert "Preprocess" not in said


def test_an_unknown_model_package_cannot_be_approved(loop: Loop) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{PROJECT}/99"
    said = _said(loop.rehearse("approve", PROJECT, "--package", arn))
    assert arn in said.replace("\n", "")


def test_a_template_with_an_unknown_type_is_refused_before_anything_is_made(loop: Loop) -> None:
    template = loop.folder / "unknown.json"
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Robot": {"Type": "AWS::RoboMaker::Robot", "Properties": {"Architecture": "ARM64"}},
    }
    template.write_text(json.dumps({"Resources": resources}))
    before = loop.aws("sns", "list-topics")
    key = ("111111111111", "any")
    said = loop.refused(
        *key,
        "cloudformation",
        "create-stack",
        "--stack-name",
        "robots",
        "--template-body",
        f"file://{template}",
    )
    assert "AWS::RoboMaker::Robot" in said
    assert loop.aws("sns", "list-topics") == before


def test_a_wrong_setting_names_its_file_its_key_and_what_is_allowed(checkout: Checkout) -> None:
    wrong = checkout.folder / "config/wrong.yaml"
    wrong.write_text((checkout.folder / "config/rehearsal.yaml").read_text() + "\ncolour: blue\n")
    said = _said(checkout.rehearse("run", "--config", "config/wrong.yaml", "--project", "wrong"))
    assert "wrong.yaml" in said
    assert "colour" in said
