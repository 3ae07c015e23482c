"""The repository that a project starts with, in a fresh copy."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings.names import Seed
from tests.seed_code.repository import environment, run, write_model_build

ROOT = Path(__file__).parents[3]
SEED = ROOT / "seed_code/model_build"
LOCKS = ("requirements.txt", "pipeline/requirements.txt", "tests/requirements.txt")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("project") / "model-build"
    write_model_build(Seed.TABULAR, copy)
    return copy


def test_its_tests_pass_on_what_the_image_holds(repository: Path) -> None:
    python = environment(repository, "requirements.txt", "tests/requirements.txt")
    assert " passed" in run(repository, python, "-m", "pytest", "-q")


def test_linters_and_the_security_scan_find_nothing(repository: Path, tmp_path: Path) -> None:
    buildspec = yaml.safe_load((repository / "buildspecs/test.yml").read_text())
    linters = [line for line in buildspec["phases"]["build"]["commands"] if "pytest" not in line]
    assert [re.findall(r"-m (\w+)", line) for line in linters] == [["ruff"], ["bandit"]]
    python = environment(repository, "tests/requirements.txt")
    # The repository has the environments of the other tests, which the linters would read too.
    code = tmp_path / "code"
    write_model_build(Seed.TABULAR, code)
    for line in linters:
        run(code, python, *line.split()[1:])


def test_its_tests_of_the_pipeline_pass_on_what_the_train_build_installs(repository: Path) -> None:
    python = environment(repository, *LOCKS)
    files = [f"tests/test_{name}.py" for name in ("definition", "data", "flights", "commands")]
    output = run(repository, python, "-m", "pytest", "-q", *files)
    assert " passed" in output
    assert "SKIPPED" not in output


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_carry_hashes_and_no_addresses(lock: str) -> None:
    text = (SEED / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    requirements = re.findall(r"^[a-z].*", text, re.MULTILINE)
    assert len(requirements) > 10
    assert all("==" in line and line.endswith("\\") for line in requirements)
    assert text.count("--hash=sha256:") >= len(requirements)


def test_the_environments_agree_on_versions() -> None:
    """A model that the train build accepts must be the one that was tested."""
    pins: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", (SEED / lock).read_text(), re.M):
            pins.setdefault(name, set()).add(version)
    # numpy and scipy have newer versions for newer Pythons.
    assert {name for name, versions in pins.items() if len(versions) > 1} <= {"numpy", "scipy"}


@pytest.mark.parametrize("name", ["test", "train"])
def test_buildspecs_are_complete(name: str) -> None:
    buildspec: dict[str, Any] = yaml.safe_load((SEED / f"buildspecs/{name}.yml").read_text())
    assert buildspec["version"] == 0.2
    assert buildspec["phases"]["install"]["runtime-versions"] == {"python": 3.11}
    commands = [command for phase in buildspec["phases"].values() for command in phase["commands"]]
    assert all(isinstance(command, str) for command in commands)
    assert "/root/.cache/uv/**/*" in buildspec["cache"]["paths"]


def test_the_train_build_exports_the_package() -> None:
    buildspec = yaml.safe_load((SEED / "buildspecs/train.yml").read_text())
    assert buildspec["env"]["exported-variables"] == ["MODEL_PACKAGE_ARN"]


def test_the_image_is_built_with_the_agreed_instructions() -> None:
    text = re.sub(r"\\\n", " ", (SEED / "Dockerfile").read_text())
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    allowed = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "LABEL", "EXPOSE", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in lines} <= allowed
    assert lines[0] == ["FROM", "public.ecr.aws/docker/library/python:3.11-slim"]
    label = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true"
    assert ["LABEL", label] in lines
    order = [name for name, value in lines if name == "RUN" or value.startswith("src/")]
    assert order == ["RUN", "COPY", "RUN"], "the environment is a layer before the code"


def test_builds_and_image_install_the_wheel_of_the_jobs() -> None:
    for name in ("Dockerfile", "buildspecs/test.yml", "buildspecs/train.yml"):
        command = re.search(r"uv pip install .*\n?.*mlops_jobs-\*\.whl", (SEED / name).read_text())
        assert command, name
        assert "--no-deps --no-index" in " ".join(command[0].split()), name
    assert "!wheels" in (SEED / ".dockerignore").read_text().splitlines()


def test_programs_that_no_data_scientist_edits_are_in_the_wheel(repository: Path) -> None:
    assert [path.name for path in (repository / "wheels").iterdir()] == [
        "mlops_jobs-0.1.0-py3-none-any.whl"
    ]
    modules = [path for name in ("src", "pipeline") for path in (repository / name).rglob("*.py")]
    assert len([path for path in modules if path.name != "__init__.py"]) <= 25


def test_it_knows_nothing_of_a_rehearsal() -> None:
    words = re.compile(r"rehears|ministack|localhost|AWS_ENDPOINT_URL", re.IGNORECASE)
    for file in SEED.rglob("*"):
        if file.suffix in (".py", ".yml", ".yaml", ".in", ".toml") and "tests" not in file.parts:
            assert not words.search(file.read_text()), file
