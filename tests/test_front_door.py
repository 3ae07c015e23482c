"""Files that a visitor, a contributor or GitHub reads: licence, changelog, workflows, hooks."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PIN = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
COMMENT = re.compile(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def _release() -> Any:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci/release.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = _release()


def _loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def _steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in _loaded(workflow)["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("project", release.projects(), ids=lambda path: path.name)
def test_every_wheel_contains_the_licence_and_a_readme(project: Path, tmp_path: Path) -> None:
    command = ["uv", "build", "--quiet", "--offline", "--wheel", "--no-build-isolation"]
    subprocess.run(
        [*command, "--python", sys.executable, "--out-dir", str(tmp_path), str(project)],
        check=True,
    )

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (licence,) = (name for name in names if name.endswith(".dist-info/licenses/LICENSE"))
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
        text = archive.read(metadata).decode()
    assert "License-Expression: Apache-2.0" in text
    headings = re.findall(r"^# (.+)$", text, re.M)
    assert headings[0].strip("`") in (project_name(project), "mlops-constructs")


def project_name(project: Path) -> str:
    name: str = tomllib.loads((project / "pyproject.toml").read_text())["project"]["name"]
    return name


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()

    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_changelog_has_the_sections_of_keep_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    releases = re.findall(r"^## \[(.+?)\](.*)$", text, re.M)
    assert releases[0] == ("Unreleased", "")
    assert all(re.fullmatch(r" - \d{4}-\d{2}-\d{2}", date) for _, date in releases[1:])
    assert set(re.findall(r"^### (.+)$", text, re.M)) <= kinds


def _repository(folder: Path, version: str, changelog: str) -> Path:
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\nversion = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    return folder


def test_a_release_needs_its_version_and_its_changelog(tmp_path: Path) -> None:
    root = _repository(tmp_path, "1.2.3", "## [Unreleased]\n\n## [1.2.3] - 2026-11-30\n")

    assert release.problems("v1.2.3", root) == []
    (version, section) = release.problems("v1.2.4", root)
    assert "got the tag v1.2.4 and the version 1.2.3" in version
    assert "no section for v1.2.4" in section


def test_every_project_of_a_release_has_the_version_of_the_tag(tmp_path: Path) -> None:
    root = _repository(tmp_path, "1.2.3", "## [1.2.3] - 2026-11-30\n")
    (root / "tool").mkdir()
    (root / "tool/pyproject.toml").write_text('[project]\nname = "tool"\nversion = "1.2.2"\n')

    (problem,) = release.problems("v1.2.3", root)

    assert problem.startswith("tool: got the tag v1.2.3 and the version 1.2.2")


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github/dependabot.yml"]),
        ("vendor.github-issue-config", [ROOT / ".github/ISSUE_TEMPLATE/config.yml"]),
        (
            "vendor.github-issue-forms",
            [ROOT / f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "feature")],
        ),
    ],
)
def test_files_of_github_follow_their_schema(schema: str, files: list[Path]) -> None:
    program = Path(sys.executable).with_name("check-jsonschema")

    checked = subprocess.run(
        [str(program), "--builtin-schema", schema, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert files
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_reads_the_repository_and_no_more(workflow: Path) -> None:
    loaded = _loaded(workflow)

    assert loaded["permissions"] == {"contents": "read"}
    assert "concurrency" in loaded
    checkouts = [one for one in _steps(workflow) if "actions/checkout@" in one.get("uses", "")]
    assert checkouts
    assert all(one["with"] == {"persist-credentials": False} for one in checkouts)


def test_only_jobs_that_publish_have_further_permissions() -> None:
    wider = {
        (workflow.stem, name): (job["permissions"], job["environment"])
        for workflow in WORKFLOWS
        for name, job in _loaded(workflow)["jobs"].items()
        if "permissions" in job
    }

    assert wider.pop(("release", "publish")) == (
        {"contents": "read", "id-token": "write"},
        "pypi",
    )
    permissions, environment = wider.pop(("docs", "deploy"))
    assert permissions == {"id-token": "write", "pages": "write"}
    assert environment["name"] == "github-pages"
    assert not wider


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_with_their_version_beside(workflow: Path) -> None:
    uses = [step["uses"] for step in _steps(workflow) if "uses" in step]
    lines = [line for line in workflow.read_text().splitlines() if "uses:" in line]

    assert [one for one in uses if not PIN.match(one)] == []
    assert [line for line in lines if not COMMENT.search(line)] == []
    assert len(lines) == len(uses)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_scripts_and_make_targets_of_this_repository(workflow: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    for step in _steps(workflow):
        match step.get("run", "").split():
            case []:
                assert "uses" in step
            case ["make", target]:
                assert target in targets
            case [script]:
                assert script.startswith(".ci/")
                assert (ROOT / script).stat().st_mode & 0o111, script
            case command:
                pytest.fail(f"{workflow.name}: {command} is no script and no make target")


def test_hooks_have_the_versions_of_the_development_tools() -> None:
    configuration = _loaded(ROOT / ".pre-commit-config.yaml")
    (ruff,) = (one for one in configuration["repos"] if one["repo"].endswith("/ruff-pre-commit"))
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert f"ruff=={ruff['rev'].removeprefix('v')}" in groups["dev"]


def test_hooks_are_valid() -> None:
    program = Path(sys.executable).with_name("pre-commit")

    subprocess.run([str(program), "validate-config"], cwd=ROOT, check=True)


def test_local_hooks_run_files_that_exist() -> None:
    configuration = _loaded(ROOT / ".pre-commit-config.yaml")
    (local,) = (one for one in configuration["repos"] if one["repo"] == "local")
    named = [
        word
        for hook in local["hooks"]
        for word in hook["entry"].split()
        if word.startswith("tests/")
    ]

    assert named
    assert [word for word in named if not (ROOT / word).exists()] == []


def test_dependabot_watches_every_ecosystem_in_groups() -> None:
    updates = _loaded(ROOT / ".github/dependabot.yml")["updates"]

    assert {one["package-ecosystem"] for one in updates} == {"pip", "npm", "github-actions"}
    (python,) = (one for one in updates if one["package-ecosystem"] == "pip")
    watched = {(ROOT / folder.strip("/")).resolve() for folder in python["directories"]}
    assert watched == set(release.projects())
    assert all(one["groups"] for one in updates)
    assert json.loads((ROOT / "package.json").read_text())["dependencies"]
