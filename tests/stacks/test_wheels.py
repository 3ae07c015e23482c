import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks.wheels import ROOT, build_jobs_wheel, build_library_wheel


def test_the_wheel_holds_the_library_and_nothing_else(tmp_path: Path) -> None:
    wheel = build_library_wheel(tmp_path)

    assert wheel.name == "mlops_constructs-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {
        "mlops_constructs",
        "mlops_constructs-0.1.0.dist-info",
    }
    assert "mlops_constructs/py.typed" in names
    assert "mlops_constructs/projects/runtime/publish_template.py" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_of_jobs_holds_its_programs_and_nothing_else(tmp_path: Path) -> None:
    wheel = build_jobs_wheel(tmp_path)

    assert wheel.name == "mlops_jobs-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {"mlops_jobs", "mlops_jobs-0.1.0.dist-info"}
    assert "mlops_jobs/py.typed" in names
    assert "mlops_jobs/monitoring/job.py" in names
    assert "mlops_jobs-0.1.0.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.parametrize("build", [build_library_wheel, build_jobs_wheel])
def test_two_builds_are_byte_identical(tmp_path: Path, build: Callable[[Path], Path]) -> None:
    first = build(tmp_path / "first")
    second = build(tmp_path / "second")

    assert first.read_bytes() == second.read_bytes()


def test_the_library_works_from_its_wheel(tmp_path: Path) -> None:
    wheel = build_library_wheel(tmp_path)
    program = "import mlops_constructs.hosting as h; print(h.__file__)"

    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(wheel), "PATH": str(Path(sys.executable).parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.startswith(str(wheel))


@pytest.mark.parametrize("build", ["build_library_wheel", "build_jobs_wheel"])
def test_building_says_nothing_on_standard_output(tmp_path: Path, build: str) -> None:
    program = f"from stacks.wheels import *; {build}(Path({str(tmp_path)!r}))"

    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert said.stdout == ""
