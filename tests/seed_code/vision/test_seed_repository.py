"""The repository that a project of images starts with, in a fresh copy."""

import sys
from pathlib import Path

import pytest

from stacks.settings.names import Seed
from tests.seed_code.repository import check_types, environment, run, write_model_build


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("project") / "model-build"
    write_model_build(Seed.VISION, copy)
    return copy


@pytest.mark.seeds
def test_its_tests_pass_on_what_the_image_holds(repository: Path) -> None:
    python = environment(repository, "requirements.txt", "tests/requirements.txt")
    assert " passed" in run(repository, python, "-m", "pytest", "-q")


def test_its_tests_of_the_pipeline_pass_on_what_the_train_build_installs(tmp_path: Path) -> None:
    write_model_build(Seed.VISION, tmp_path)
    python = environment(tmp_path, "pipeline/requirements.txt", "tests/requirements.txt")
    files = [f"tests/test_{name}.py" for name in ("definition", "data", "configuration")]
    output = run(tmp_path, python, "-m", "pytest", "-q", *files)
    assert " passed" in output
    assert "SKIPPED" not in output


def test_types_linter_and_security_scan_find_nothing(tmp_path: Path) -> None:
    write_model_build(Seed.VISION, tmp_path)
    run(tmp_path, sys.executable, "-m", "ruff", "check", ".")
    check_types(tmp_path)
    python = environment(tmp_path, "tests/requirements.txt")
    run(tmp_path, python, "-m", "bandit", "--quiet", "--recursive", "src", "pipeline")


def test_its_image_differs_from_that_of_tables_by_its_program_and_its_framework() -> None:
    seeds = Path(__file__).parents[3] / "seed_code"
    files = [(seeds / name / "Dockerfile").read_text() for name in ("model_build", "vision")]
    tables, images = (
        [line for line in text.splitlines() if not line.startswith("#")] for text in files
    )
    expected = ("KERAS_", "TF_", "OPENBLAS_", "OMP_", "import orjson", "ENTRYPOINT")
    differing = set(tables) ^ set(images)
    assert [line for line in differing if not any(word in line for word in expected)] == []
