"""The environment of a build: its variables and tools, its cache, and its isolation."""

from __future__ import annotations

from pathlib import Path

from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.codebuild.build_observer import Prepare, commands_output


def test_a_build_sees_nothing_of_this_machines_person(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    run, observer = prepare_build(
        """
version: 0.2
phases:
  build:
    commands:
      - touch /usr/bin/mine 2>/dev/null && echo 'the system is writable' || echo read-only
      - ls -A /root | grep -c . || true
      - docker images 2>/dev/null || echo no docker
      - id -u
"""
    )
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    output = commands_output(build_lines)
    assert output[0] == "read-only"
    assert "no docker" in output
    assert output[-1] == "0"


def test_an_unknown_python_says_how_to_get_it(prepare_build: Prepare) -> None:
    run, observer = prepare_build(
        "version: 0.2\nphases: {install: {runtime-versions: {python: '3.99'}}}"
    )
    run.run()
    code, message = observer.failures["INSTALL"]
    assert code == "YAML_FILE_ERROR"
    assert "uv python install 3.99" in message


def test_artifacts_are_uploaded(prepare_build: Prepare, build_platform: FakePlatform) -> None:
    run, observer = prepare_build(
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
    assert set(build_platform.objects) == {"s3://store/one", "s3://store/two"}
    assert set(observer.artifacts) == {None, "More"}


def test_an_expected_artifact_that_is_not_described_fails(prepare_build: Prepare) -> None:
    run, observer = prepare_build(
        "version: 0.2\nphases: {build: {commands: [echo 1]}}",
        artifacts={"type": "CODEPIPELINE", "location": "arn:aws:s3:::store/one"},
    )
    run.run()
    assert observer.failures["UPLOAD_ARTIFACTS"][0] == "CLIENT_ERROR"
    assert observer.status == "FAILED"


def test_a_local_cache_comes_back_in_the_next_build(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    spec = """
version: 0.2
phases:
  build:
    commands: [cat /root/kept/file || true, mkdir -p /root/kept, echo kept > /root/kept/file]
cache: {paths: ['/root/kept/**/*']}
"""
    for _ in range(2):
        run, observer = prepare_build(
            spec, cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
        )
        run.run()
        assert observer.status == "SUCCEEDED", observer.failures
    assert commands_output(build_lines)[-1] == "kept"


def test_nothing_of_a_build_stays(prepare_build: Prepare, tmp_path: Path) -> None:
    run, _ = prepare_build("version: 0.2\nphases: {build: {commands: [echo x > file]}}")
    run.run()
    assert list((tmp_path / "volume/builds").iterdir()) == []
