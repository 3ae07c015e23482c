"""Build specifications are read as CodeBuild reads them, and wrong ones say what is wrong."""

from __future__ import annotations

import pytest

from rehearsal.services.codebuild.engine.buildspec import BuildspecError, parse

COMPLETE = """
version: 0.2
env:
  shell: bash
  variables: {STAGE: staging, DEBUG: true}
  parameter-store: {TOKEN: /app/token}
  secrets-manager: {PASSWORD: "app:password"}
  exported-variables: [VERSION]
phases:
  install:
    runtime-versions: {python: 3.11, nodejs: 22}
    commands: [pip install uv]
  build:
    on-failure: ABORT
    commands:
      - |
        echo one
        echo two
    finally: [echo over]
artifacts:
  files: ['**/*']
  base-directory: dist
  discard-paths: no
  name: app
  secondary-artifacts:
    reports: {files: [report.xml], discard-paths: yes}
cache:
  paths: ['/root/.cache/uv/**/*']
"""


def _problem(text: str) -> str:
    with pytest.raises(BuildspecError) as error:
        parse(text)
    return str(error.value)


def test_a_complete_specification_is_read() -> None:
    spec = parse(COMPLETE)
    assert spec.shell == "bash"
    assert spec.variables == {"STAGE": "staging", "DEBUG": "true"}
    assert spec.parameter_store == {"TOKEN": "/app/token"}
    assert spec.secrets_manager == {"PASSWORD": "app:password"}
    assert spec.exported_variables == ("VERSION",)
    assert spec.phases["install"].runtime_versions == {"python": "3.11", "nodejs": "22"}
    assert spec.phases["build"].commands == ("echo one\necho two\n",)
    assert spec.phases["build"].finally_commands == ("echo over",)
    assert spec.phases["build"].on_failure == "ABORT"
    assert spec.artifacts is not None
    assert (spec.artifacts.base_directory, spec.artifacts.name) == ("dist", "app")
    assert spec.secondary_artifacts["reports"].discard_paths
    assert spec.cache_paths == ("/root/.cache/uv/**/*",)


def test_one_command_may_stand_without_a_list() -> None:
    assert parse("version: 0.2\nphases: {build: {commands: make}}").phases["build"].commands == (
        "make",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 0.1\nphases: {build: {commands: [make]}}", "version must be 0.2, got 0.1"),
        ("phases: {build: {commands: [make]}}", "version must be 0.2, got nothing"),
        ("version: 0.2", "phases must name at least one of"),
        ("version: 0.2\nphases: {deploy: {commands: [x]}}", "unknown key 'deploy'"),
        ("version: 0.2\nstages: {}\nphases: {build: {}}", "unknown key 'stages'"),
        ("version: 0.2\nphases: {build: {commands: [{a: b}]}}", "to be of string type"),
        ("version: 0.2\nphases: {build: {run-as: ada}}", "does not support run-as"),
        ("version: 0.2\nphases: {build: {on-failure: RETRY}}", "ABORT or CONTINUE"),
        (
            "version: 0.2\nphases: {build: {runtime-versions: {python: 3.11}}}",
            "belongs to the install",
        ),
        ("version: 0.2\nbatch: {fast-fail: true}\nphases: {build: {}}", "'batch'"),
        ("version: 0.2\nreports: {tests: {files: [x]}}\nphases: {build: {}}", "'reports'"),
        ("version: 0.2\nenv: {shell: powershell.exe}\nphases: {build: {}}", "sh or bash"),
        ("version: 0.2\nphases: {build: {}}\nartifacts: {files: []}", "at least one file"),
        ("version: 0.2\nphases: [", "not valid YAML"),
        ("just text", "must be a mapping"),
    ],
)
def test_what_is_wrong_is_named(text: str, expected: str) -> None:
    assert expected in _problem(text)


def test_all_problems_are_named_at_once() -> None:
    text = _problem("version: 0.1\nbatch: {x: y}\nphases: {build: {run-as: ada}}")
    assert "version" in text
    assert "batch" in text
    assert "run-as" in text
