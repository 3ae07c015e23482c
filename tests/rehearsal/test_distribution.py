"""The wheel of the rehearsal: a typed package with a console script."""

import configparser
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import rehearsal

FOLDER = Path(rehearsal.__file__).parent
RESOURCES = ("py.typed", "requirements.txt")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = ["uv", "build", "--quiet", "--offline", "--wheel", "--no-build-isolation"]
    subprocess.run(
        [*command, "--python", sys.executable, "--out-dir", str(folder), str(FOLDER)], check=True
    )
    (built,) = folder.glob("rehearsal-*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_it_holds_every_module_and_template_of_the_package(wheel: zipfile.ZipFile) -> None:
    expected = {
        str(Path("rehearsal", path.relative_to(FOLDER)))
        for path in FOLDER.rglob("*")
        if path.suffix in (".py", ".jinja", ".cjs") or path.name in RESOURCES
    }

    found = {name for name in wheel.namelist() if name.startswith("rehearsal/")}

    assert found == expected


def test_it_installs_the_command(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    scripts = configparser.ConfigParser()
    scripts.read_string(wheel.read(name).decode())

    assert dict(scripts["console_scripts"]) == {
        "rehearse": "rehearsal.cli.main:main",
        "rehearse-docker": "rehearsal.cli.docker:main",
    }


def test_its_command_works_beside_another_repository(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    """Only the wheel is on the path, not this repository."""
    wheel.extractall(tmp_path / "site")
    program = (
        "from rehearsal.cli.main import main; import rehearsal; print(rehearsal.__file__); main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, "env"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert str(tmp_path / "site/rehearsal/__init__.py") in done.stdout
    assert "not running" in done.stdout + done.stderr
