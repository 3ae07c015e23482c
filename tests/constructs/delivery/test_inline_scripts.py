"""Scripts that builds run from their buildspec."""

import subprocess
from pathlib import Path

import pytest

import mlops_constructs
from mlops_constructs.delivery.actions._inline_scripts import written_scripts

RUNTIME = Path(mlops_constructs.__file__).parent / "delivery/runtime"
MAX_BUILDSPEC_LENGTH = 25_600
REST = 2_000  # other commands and settings of a buildspec
TOGETHER = [("check_templates.py", "check_monitors.py", "name_copies.py"), ("copy_model.py",)]


@pytest.mark.parametrize("names", TOGETHER)
def test_the_command_writes_the_scripts(names: tuple[str, ...], tmp_path: Path) -> None:
    command = written_scripts(*names).replace('"/tmp"', f'"{tmp_path}"')

    subprocess.run(["bash", "-c", command], check=True, env={"PATH": "/usr/bin:/bin"})

    assert {one.name for one in tmp_path.iterdir()} == set(names)
    assert all((tmp_path / one).read_text() == (RUNTIME / one).read_text() for one in names)


@pytest.mark.parametrize("names", TOGETHER)
def test_codebuild_accepts_a_buildspec_with_the_scripts(names: tuple[str, ...]) -> None:
    assert len(written_scripts(*names)) + REST < MAX_BUILDSPEC_LENGTH
