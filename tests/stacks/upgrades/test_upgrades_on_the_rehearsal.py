"""Projects that are behind their seed, with code at CodeCommit and at a provider.

The commands run with the programs and credentials of a platform engineer: git and the AWS CLI.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.projects import CodeHost, Seed, SeedVersion
from rehearsal.client.local_aws import LocalAws
from stacks.upgrades.commands import UpgradeError
from stacks.upgrades.upgrade import examine_projects, upgrade_projects
from stacks.wheels import ROOT
from tests.constructs.projects.deployed_project import (
    ACCOUNT,
    REGION,
    RETAIN,
    Deployed,
    bootstrapped_aws,
    project_in,
)
from tests.constructs.projects.git_provider import PARAMETER, GitProvider

GUIDE = ROOT / "docs/project-repositories.md"
PLACES = [(ACCOUNT, REGION)]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with bootstrapped_aws(tmp_path_factory.mktemp("upgrades") / "aws") as started:
        yield started


@pytest.fixture(scope="module")
def provider(aws: LocalAws) -> GitProvider:
    return GitProvider(aws, self_hosted=True)


@pytest.fixture(scope="module")
def projects(
    aws: LocalAws, provider: GitProvider, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Deployed]:
    """A project in CodeCommit and one at the provider."""
    folder = tmp_path_factory.mktemp("projects")
    for kind in ("model-build", "model-deploy"):
        provider.create("acme", f"github-{kind}")
    found = {name: project_in(aws, folder / name, name) for name in ("amazon", "github")}
    host = CodeHost.published_connection(PARAMETER, owner="acme")
    for name, project in found.items():
        options: dict[str, Any] = {"code_host": host} if name == "github" else {}
        created = project.deploy(RETAIN, **options)
        assert created["StackStatus"] == "CREATE_COMPLETE", created["Failures"]
    return found


@pytest.fixture(autouse=True)
def engineer(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a platform engineer with credentials of the account."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_PROVIDER_TOKEN", "of-ada")


def newest(project: Deployed, version: str) -> dict[str, Seed]:
    """The seeds of the platform, of which that of model-build has changed."""
    (project.folder / "build" / f"new-{version}.py").write_text("1\n")
    return {
        f"test/{kind}": Seed(
            folder=project.folder / kind,
            version=SeedVersion(
                name=f"test/{kind}", version=version if kind == "build" else "1.0.0"
            ),
        )
        for kind in ("build", "deploy")
    }


def test_new_projects_are_current(projects: Mapping[str, Deployed]) -> None:
    for project in projects.values():
        seeds = {
            f"test/{kind}": Seed(
                folder=project.folder / kind,
                version=SeedVersion(name=f"test/{kind}", version="1.0.0"),
            )
            for kind in ("build", "deploy")
        }
        reports = [one for one in examine_projects(PLACES, seeds) if one.project == project.name]

        assert [(one.state, one.detail) for one in reports if "build" in one.repository] == [
            ("current", "")
        ]


def test_a_newer_seed_becomes_a_pull_request_in_codecommit(
    projects: Mapping[str, Deployed],
) -> None:
    project = projects["amazon"]
    codecommit = project.client("codecommit")
    before = codecommit.get_branch(repositoryName="amazon-model-build", branchName="main")
    seeds = newest(project, "2.0.0")

    for _ in range(2):  # the second run finds the pull request of the first one
        reports = upgrade_projects(PLACES, seeds, only="amazon")

        build, deploy = reports
        assert (build.state, build.recorded, build.newest) == ("proposed", "1.0.0", "2.0.0")
        assert build.detail == "pull request 1", build
        assert deploy.state == "current"
    (identifier,) = codecommit.list_pull_requests(repositoryName="amazon-model-build")[
        "pullRequestIds"
    ]
    found = codecommit.get_pull_request(pullRequestId=identifier)["pullRequest"]
    assert "`new-2.0.0.py`" in found["description"]
    source = found["pullRequestTargets"][0]["sourceReference"]
    file = codecommit.get_file(
        repositoryName="amazon-model-build", filePath="new-2.0.0.py", commitSpecifier=source
    )
    assert file["fileContent"] == b"1\n"
    after = codecommit.get_branch(repositoryName="amazon-model-build", branchName="main")
    assert after["branch"] == before["branch"]


def test_a_newer_seed_becomes_a_pull_request_at_the_provider(
    projects: Mapping[str, Deployed], provider: GitProvider, tmp_path: Path
) -> None:
    clone = provider.clone("acme/github-model-build", tmp_path / "clone")
    (clone / "mine.py").write_text("1\n")
    tip = provider.push(clone, "Add my code")
    seeds = newest(projects["github"], "3.0.0")

    (build, _) = upgrade_projects(PLACES, seeds, only="github")

    assert build.state == "proposed", build
    (request,) = provider.pull_requests("acme/github-model-build")
    assert request["title"] == "Merge version 3.0.0 of the seed test/build"
    assert request["base"]["ref"] == "main"
    upgraded = provider.clone("acme/github-model-build", tmp_path / "upgraded")
    provider.git(upgraded, "checkout", "--quiet", request["head"]["ref"])
    assert (upgraded / "new-3.0.0.py").exists()
    assert (upgraded / "mine.py").exists()
    assert provider.git(upgraded, "rev-parse", "origin/main").strip() == tip


def test_a_repository_without_a_record_stops_no_other_project(
    projects: Mapping[str, Deployed],
) -> None:
    codecommit = projects["amazon"].client("codecommit")
    tip = codecommit.get_branch(repositoryName="amazon-model-deploy", branchName="main")
    codecommit.create_commit(
        repositoryName="amazon-model-deploy",
        branchName="main",
        parentCommitId=tip["branch"]["commitId"],
        deleteFiles=[{"filePath": ".seed.json"}],
    )

    reports = examine_projects(PLACES, newest(projects["amazon"], "4.0.0"))

    states = {one.repository: one.state for one in reports}
    assert states["amazon-model-deploy"] == "failed"
    assert states["amazon-model-build"] == "behind"
    assert states["acme/github-model-build"] == "behind"


def test_the_commands_of_the_guide_run(projects: Mapping[str, Deployed], tmp_path: Path) -> None:
    settings = tmp_path / "company.yaml"
    settings.write_text(
        f'accounts: {{dev: {{id: "{ACCOUNT}", region: {REGION}}}}}\nproject_templates: {{}}\n'
    )
    commands = re.findall(r"^python -m (stacks .*)$", GUIDE.read_text(), re.M)
    assert len(commands) == 2

    for command in commands:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                *command.replace("config/company.yaml", str(settings)).split(),
                "--json",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        # The seeds of this test are not those of this repository, which the reports say.
        assert (done.returncode, done.stderr) == (1, "")
        reports = {one["repository"]: one for one in json.loads(done.stdout)}
        assert (
            "this repository has tabular/model_build"
            in (reports["acme/github-model-build"]["detail"])
        )


def test_another_account_needs_its_own_credentials(projects: Mapping[str, Deployed]) -> None:
    (report,) = examine_projects([("222222222222", REGION)], {})

    assert "run the command again with credentials of 222222222222" in report.detail


def test_a_project_that_does_not_exist_is_named(projects: Mapping[str, Deployed]) -> None:
    with pytest.raises(UpgradeError, match="got the project nobody"):
        upgrade_projects(PLACES, {}, only="nobody")
