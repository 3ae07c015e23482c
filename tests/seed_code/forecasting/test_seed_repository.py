"""The repository that a project of forecasts starts with, in a fresh copy."""

import re
import sys
from pathlib import Path

import pytest

from stacks.settings.names import Seed
from tests.seed_code.repository import check_types, environment, run, write_model_build

LOCKS = ("requirements.txt", "pipeline/requirements.txt", "tests/requirements.txt")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("project") / "model-build"
    write_model_build(Seed.FORECASTING, copy)
    return copy


def test_its_tests_pass_on_what_the_image_holds(repository: Path) -> None:
    python = environment(repository, "requirements.txt", "tests/requirements.txt")
    assert " passed" in run(repository, python, "-m", "pytest", "-q")


def test_its_tests_of_the_pipeline_pass_on_what_the_train_build_installs(repository: Path) -> None:
    python = environment(repository, *LOCKS)
    files = [f"tests/test_{name}.py" for name in ("definition", "data", "commands")]
    output = run(repository, python, "-m", "pytest", "-q", *files)
    assert " passed" in output
    assert "SKIPPED" not in output


def test_types_linter_and_security_scan_find_nothing(tmp_path: Path) -> None:
    # The repository has the environments of the other tests, which the tools would read too.
    write_model_build(Seed.FORECASTING, tmp_path)
    run(tmp_path, sys.executable, "-m", "ruff", "check", ".")
    check_types(tmp_path)
    python = environment(tmp_path, "tests/requirements.txt")
    run(tmp_path, python, "-m", "bandit", "--quiet", "--recursive", "src", "pipeline")


def test_its_image_differs_from_that_of_tables_by_its_program(repository: Path) -> None:
    tables = Path(__file__).parents[3] / "seed_code/model_build/Dockerfile"
    expected = tables.read_text().replace('"tabular"', '"forecasting"')
    assert (repository / "Dockerfile").read_text() == expected


def test_it_knows_nothing_of_a_rehearsal(repository: Path) -> None:
    words = re.compile(r"rehears|ministack|localhost|AWS_ENDPOINT_URL", re.IGNORECASE)
    for folder in ("src", "pipeline", "buildspecs"):
        for file in (repository / folder).rglob("*.*"):
            if file.suffix in (".py", ".yml"):
                assert not words.search(file.read_text()), file
