"""Builds run their commands in a container and end as CodeBuild's would."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.execution.build_log import BuildLog
from rehearsal.execution.build_plan import BuildPlan, Uploaded
from rehearsal.execution.build_run import BuildRun
from tests.rehearsal.fakes import ROLE, SCOPE, FakePlatform


class Observer:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.phases: dict[str, str] = {}
        self.failures: dict[str, tuple[str, str]] = {}
        self.variables: dict[str, str] = {}
        self.artifacts: dict[str | None, Uploaded] = {}
        self.status = ""

    def phase_started(self, phase: str) -> None:
        self.phases[phase] = "IN_PROGRESS"

    def phase_ended(self, phase: str, status: str, code: str, message: str) -> None:
        self.phases[phase] = status
        if code:
            self.failures[phase] = (code, message)

    def source_resolved(self, version: str) -> None: ...

    def exported(self, variables: Mapping[str, str]) -> None:
        self.variables = dict(variables)

    def uploaded(self, identifier: str | None, artifact: Uploaded) -> None:
        self.artifacts[identifier] = artifact

    def ended(self, status: str) -> None:
        self.status = status


Prepare = Callable[..., tuple[BuildRun, Observer]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The log of the builds of a test."""
    found: list[str] = []
    monkeypatch.setattr(BuildLog, "_send", lambda _, line: found.append(line))
    return found


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    platform = FakePlatform(tmp_path)
    platform.ca_bundle.write_text("certificates")
    return platform


@pytest.fixture
def prepare(platform: FakePlatform, tmp_path: Path, lines: list[str]) -> Prepare:
    def make(buildspec: str, **settings: Any) -> tuple[BuildRun, Observer]:
        build_uuid = str(uuid.uuid4())
        plan: dict[str, Any] = {
            "scope": SCOPE,
            "project": "demo",
            "build_id": f"demo:{build_uuid}",
            "build_uuid": build_uuid,
            "arn": SCOPE.arn("codebuild", f"build/demo:{build_uuid}"),
            "number": 7,
            "initiator": "ada",
            "service_role": ROLE,
            "source": {"type": "NO_SOURCE", "buildspec": buildspec},
            "source_version": None,
            "secondary_sources": [],
            "secondary_versions": {},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "secondary_artifacts": [],
            "environment": {"image": "aws/codebuild/amazonlinux-x86_64-standard:5.0"},
            "cache": {"type": "NO_CACHE"},
            "encryption_key": None,
            "log_group": None,
            "log_stream": None,
            "timeout_minutes": 5,
            "vpc": None,
            "volume": tmp_path / "volume",
            "caches": tmp_path / "volume/caches/demo",
        }
        observer = Observer()
        return BuildRun(BuildPlan(**plan | settings), platform, observer), observer

    return make


def _output(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("[Container]")]


def test_commands_share_one_shell_with_its_variables_and_folder(
    prepare: Prepare, lines: list[str]
) -> None:
    run, observer = prepare(
        """
version: 0.2
env:
  variables: {A: given}
  exported-variables: [C]
phases:
  install: {commands: [B=plain, export C=exported, cd /tmp]}
  pre_build: {commands: ['echo "$A $B $C $(pwd)"']}
  build: {commands: [exit 0, 'echo "$C $(pwd)"', "printf 'no end of line'"]}
  post_build: {commands: ['echo "$CODEBUILD_BUILD_NUMBER $HOME $AWS_REGION $CODEBUILD_INITIATOR"']}
"""
    )
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    assert _output(lines) == [
        "given plain exported /tmp",
        "exported /tmp",
        "no end of line",
        "7 /root us-east-1 ada",
    ]
    assert observer.variables == {"C": "exported"}
    assert set(observer.phases.values()) == {"SUCCEEDED"}


def test_a_failing_build_still_runs_post_build_and_finally(
    prepare: Prepare, lines: list[str]
) -> None:
    run, observer = prepare(
        """
version: 0.2
phases:
  build: {commands: ["echo 'ValueError: no data' >&2; exit 3", echo never], finally: [echo finally]}
  post_build: {commands: ['echo "succeeding=$CODEBUILD_BUILD_SUCCEEDING"']}
"""
    )
    run.run()
    assert observer.status == "FAILED"
    assert observer.phases["BUILD"] == "FAILED"
    assert observer.phases["POST_BUILD"] == "SUCCEEDED"
    code, message = observer.failures["BUILD"]
    assert code == "COMMAND_EXECUTION_ERROR"
    assert "exit status 3" in message
    assert "ValueError: no data" in message
    assert _output(lines)[-2:] == ["finally", "succeeding=0"]


def test_a_failing_pre_build_ends_the_build(prepare: Prepare) -> None:
    run, observer = prepare(
        "version: 0.2\nphases: {pre_build: {commands: ['false']}, build: {commands: [echo x]}}"
    )
    run.run()
    assert observer.status == "FAILED"
    assert "BUILD" not in observer.phases


def test_on_failure_continue_goes_on_and_stays_red(prepare: Prepare) -> None:
    run, observer = prepare(
        "version: 0.2\nphases: {pre_build: {on-failure: CONTINUE, commands: ['false']}, "
        "build: {commands: [echo x]}}"
    )
    run.run()
    assert observer.phases["BUILD"] == "SUCCEEDED"
    assert observer.status == "FAILED"


def test_a_build_that_takes_too_long_times_out(prepare: Prepare) -> None:
    run, observer = prepare(
        "version: 0.2\nphases: {build: {commands: [sleep 100]}}", timeout_minutes=0.05
    )
    run.run()
    assert observer.status == "TIMED_OUT"
    assert observer.failures["BUILD"][0] == "BUILD_TIMED_OUT"


def test_a_stopped_build_ends_at_once(prepare: Prepare, lines: list[str]) -> None:
    run, observer = prepare("version: 0.2\nphases: {build: {commands: [echo started; sleep 100]}}")
    thread = threading.Thread(target=run.run)
    thread.start()
    while "started" not in lines:
        time.sleep(0.05)
    run.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert observer.status == "STOPPED"


def test_a_build_sees_nothing_of_this_machines_person(prepare: Prepare, lines: list[str]) -> None:
    run, observer = prepare(
        """
version: 0.2
phases:
  build:
    commands:
      - touch /usr/bin/mine 2>/dev/null && echo 'the system is writable' || echo read-only
      - ls -A /root | grep -c . || true
      - command -v docker || echo no docker
      - id -u
"""
    )
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    output = _output(lines)
    assert output[0] == "read-only"
    assert "no docker" in output
    assert output[-1] == "0"


def test_a_wrong_specification_fails_before_anything_runs(prepare: Prepare) -> None:
    run, observer = prepare("version: 0.1\nphases: {build: {commands: [echo x]}}")
    run.run()
    assert observer.failures["DOWNLOAD_SOURCE"][0] == "YAML_FILE_ERROR"
    assert "INSTALL" not in observer.phases


def test_a_missing_specification_file_is_named(prepare: Prepare) -> None:
    run, observer = prepare("", source={"type": "NO_SOURCE", "buildspec": "ci/spec.yml"})
    run.run()
    code, message = observer.failures["DOWNLOAD_SOURCE"]
    assert code == "YAML_FILE_ERROR"
    assert "ci/spec.yml: no such file or directory" in message


def test_an_unknown_python_says_how_to_get_it(prepare: Prepare) -> None:
    run, observer = prepare("version: 0.2\nphases: {install: {runtime-versions: {python: '3.99'}}}")
    run.run()
    code, message = observer.failures["INSTALL"]
    assert code == "YAML_FILE_ERROR"
    assert "uv python install 3.99" in message


def test_a_role_that_codebuild_may_not_assume_is_access_denied(
    prepare: Prepare, platform: FakePlatform
) -> None:
    platform.denied.add(("sts:AssumeRole", ROLE))
    run, observer = prepare("version: 0.2\nphases: {build: {commands: [echo x]}}")
    run.run()
    assert observer.failures["PROVISIONING"][0] == "ACCESS_DENIED"
    assert observer.status == "FAILED"
    principal, source_arn = platform.assumed[0]
    assert principal == "codebuild.amazonaws.com"
    assert source_arn
    assert source_arn.startswith("arn:aws:codebuild:us-east-1:111111111111:project/")


def test_artifacts_are_uploaded(prepare: Prepare, platform: FakePlatform) -> None:
    run, observer = prepare(
        "version: 0.2\nphases: {build: {commands: [echo 1 > one, echo 2 > two]}}\n"
        "artifacts:\n  files: [one]\n  secondary-artifacts: {More: {files: [two]}}",
        artifacts={"type": "CODEPIPELINE", "location": "arn:aws:s3:::store/one"},
        secondary_artifacts=[
            {
                "type": "CODEPIPELINE",
                "location": "arn:aws:s3:::store/two",
                "artifactIdentifier": "More",
            }
        ],
    )
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    assert set(platform.objects) == {"s3://store/one", "s3://store/two"}
    assert set(observer.artifacts) == {None, "More"}


def test_an_expected_artifact_that_is_not_described_fails(prepare: Prepare) -> None:
    run, observer = prepare(
        "version: 0.2\nphases: {build: {commands: [echo 1]}}",
        artifacts={"type": "CODEPIPELINE", "location": "arn:aws:s3:::store/one"},
    )
    run.run()
    assert observer.failures["UPLOAD_ARTIFACTS"][0] == "CLIENT_ERROR"
    assert observer.status == "FAILED"


def test_a_local_cache_comes_back_in_the_next_build(prepare: Prepare, lines: list[str]) -> None:
    spec = """
version: 0.2
phases:
  build:
    commands: [cat /root/kept/file || true, mkdir -p /root/kept, echo kept > /root/kept/file]
cache: {paths: ['/root/kept/**/*']}
"""
    for _ in range(2):
        run, observer = prepare(spec, cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]})
        run.run()
        assert observer.status == "SUCCEEDED", observer.failures
    assert _output(lines)[-1] == "kept"


def test_environments_are_hard_links_to_the_uv_cache_of_this_machine(
    prepare: Prepare, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "elsewhere" / "uv"
    cache.mkdir(parents=True)
    (cache / "wheel").write_text("files of a wheel")
    (tmp_path / "elsewhere" / "private").write_text("not for builds")
    monkeypatch.setenv("UV_CACHE_DIR", str(cache))
    run, observer = prepare(
        """
version: 0.2
phases:
  build:
    commands:
      - mkdir $HOME/.cache/venvs
      - ln -L $HOME/.cache/uv/wheel $HOME/.cache/venvs/one
      - ln -L $HOME/.cache/uv/wheel two
      - stat -c %h two
      - cat "$(readlink -f $HOME/.cache/uv)/../private"
      - echo new > $HOME/.cache/uv/new
"""
    )
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    assert _output(lines) == ["3"]
    assert (cache / "new").read_text() == "new\n"


def test_nothing_of_a_build_stays(prepare: Prepare, tmp_path: Path) -> None:
    run, _ = prepare("version: 0.2\nphases: {build: {commands: [echo x > file]}}")
    run.run()
    assert list((tmp_path / "volume/builds").iterdir()) == []
