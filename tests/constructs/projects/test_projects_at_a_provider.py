"""Projects whose code is at a third-party git provider, behind a connection."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.projects import CodeHost
from rehearsal.client.local_aws import LocalAws
from tests.constructs.projects.deployed_project import (
    RETAIN,
    Deployed,
    bootstrapped_aws,
    project_in,
)
from tests.constructs.projects.git_provider import PARAMETER, GitProvider

HOST = CodeHost.published_connection(PARAMETER, owner="acme")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with bootstrapped_aws(tmp_path_factory.mktemp("projects") / "aws") as started:
        yield started


@pytest.fixture(scope="module")
def provider(aws: LocalAws) -> GitProvider:
    return GitProvider(aws)


def executions(project: Deployed, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.client("codepipeline").list_pipeline_executions(
        pipelineName=f"{project.name}-{kind}"
    )["pipelineExecutionSummaries"]
    return found


def test_a_push_to_a_project_at_a_provider_runs_its_pipeline(
    aws: LocalAws, provider: GitProvider, tmp_path: Path
) -> None:
    for kind in ("model-build", "model-deploy"):
        provider.create("acme", f"churn-{kind}")
    project = project_in(aws, tmp_path, "churn")

    created = project.deploy(RETAIN, code_host=HOST)

    assert created["StackStatus"] == "CREATE_COMPLETE", created["Failures"]
    clone = provider.clone("acme/churn-model-build", tmp_path / "clone")
    assert (clone / "buildspecs/train.yml").read_text() == (
        tmp_path / "build/buildspecs/train.yml"
    ).read_text()
    assert (clone / ".seed.json").is_file()
    # The execution that CodePipeline started at creation has found the seed.
    assert project.first_deployment()["Source"] == "Succeeded"
    (clone / "change.txt").write_text("1\n")
    pushed = provider.push(clone, "Change something")

    def started() -> bool:
        return any(
            revision["revisionId"] == pushed
            for one in executions(project, "model-build")
            for revision in one.get("sourceRevisions", ())
        )

    project.wait("the execution of the push", started)
    assert not project.client("codecommit").list_repositories()["repositories"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (None, "acme/{name}-model-deploy cannot be used"),
        ({"src/train.py": "1\n"}, "acme/{name}-model-deploy has code, such as 'src/train.py'"),
    ],
)
def test_a_project_without_an_empty_repository_is_not_created(
    aws: LocalAws,
    provider: GitProvider,
    tmp_path: Path,
    files: dict[str, str] | None,
    reason: str,
) -> None:
    name = "missing" if files is None else "taken"
    provider.create("acme", f"{name}-model-build")
    if files is not None:
        provider.create("acme", f"{name}-model-deploy")
        clone = provider.clone(f"acme/{name}-model-deploy", tmp_path / "clone")
        for path, text in files.items():
            (clone / path).parent.mkdir(parents=True)
            (clone / path).write_text(text)
        provider.push(clone, "Begin")
    project = project_in(aws, tmp_path, name)

    created = project.deploy(RETAIN, code_host=HOST)

    assert created["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(reason.format(name=name) in one for one in created["Failures"]), created["Failures"]
