"""The deploy repository is complete: its tests pass in a copy without the platform around it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

SEED = Path(__file__).parents[3] / "seed_code" / "model_deploy"


def test_its_own_tests_pass_in_a_fresh_copy(tmp_path: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=SEED,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in tracked:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SEED / name, tmp_path / name)
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}

    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout[-4000:]


def test_its_locks_carry_hashes_and_no_registry() -> None:
    for lock in SEED.glob("requirements*.txt"):
        text = lock.read_text()
        packages = re.findall(r"^[a-z0-9._-]+==", text, re.MULTILINE)
        assert packages and text.count("--hash=sha256:") >= len(packages), lock
        assert "://" not in text and "--index-url" not in text, lock


def test_its_builds_run_what_the_repository_has() -> None:
    for name in ("synth", "smoke_test", "test"):
        spec = yaml.safe_load((SEED / "buildspecs" / f"{name}.yml").read_text())
        commands = [
            command for phase in spec["phases"].values() for command in phase.get("commands", [])
        ]
        files = re.findall(r"[\w-]+\.(?:py|txt)", " ".join(commands))
        assert files and all((SEED / file).exists() for file in files), name
        assert "/root/.cache/uv/**/*" in spec["cache"]["paths"]


def test_its_build_runs_linters_and_a_security_scan() -> None:
    spec = yaml.safe_load((SEED / "buildspecs/test.yml").read_text())
    lock = (SEED / "requirements-test.txt").read_text()
    commands = " ".join(spec["phases"]["build"]["commands"])

    for tool in ("pytest", "ruff", "bandit"):
        assert f"-m {tool}" in commands
        assert re.search(rf"^{tool}==", lock, re.MULTILINE)


def test_synth_gives_the_templates_at_the_top_of_its_artifact() -> None:
    spec = yaml.safe_load((SEED / "buildspecs" / "synth.yml").read_text())

    assert spec["artifacts"] == {
        "base-directory": "cdk.out",
        "files": ["*.template.json", "model.json"],
    }
