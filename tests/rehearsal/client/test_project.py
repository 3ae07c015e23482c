"""Projects: creation from the published template, lookup by their stack, clones."""

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rehearsal.client import project
from rehearsal.client.errors import RehearsalError
from rehearsal.client.git_clone import GitClone
from rehearsal.client.local_aws import BUILD_DIRECTORY
from rehearsal.client.process_tree import Commands
from rehearsal.client.project import Project
from tests.rehearsal.stubbed_aws import StubbedAws, aws_error

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROLE = "arn:aws:iam::111111111111:role/AmazonSageMakerProjectsLaunchRole"
PROJECT_ARN = "arn:aws:sagemaker:us-east-1:111111111111:project/demo"
CREATED = {"ProjectArn": PROJECT_ARN, "ProjectId": "p-abc"}
OUTPUTS = {
    "ModelBuildPipelineName": "demo-model-build",
    "ModelDeployPipelineName": "demo-model-deploy",
    "ModelPackageGroupName": "demo",
}


def stack(name: str, outputs: dict[str, str], tags: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "StackName": name,
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": NOW,
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
    }


TEMPLATES = stack(
    "Templates",
    {"TemplateUrl": "https://s3/template.json", "LaunchRoleArn": ROLE, "TemplateName": "t"},
)


def description(status: str, message: str = "none", stack_name: str = "SP-1") -> dict[str, Any]:
    template: dict[str, Any] = {"TemplateName": "t", "TemplateURL": "u"}
    if stack_name:
        template["StackDetail"] = {"Name": stack_name, "Id": "arn:1", "StatusMessage": message}
    return {
        "ProjectArn": PROJECT_ARN,
        "ProjectName": "demo",
        "ProjectId": "p-abc",
        "ProjectStatus": status,
        "CreationTime": NOW,
        "TemplateProviderDetails": [{"CfnTemplateProviderDetail": template}],
    }


def listed(*names: str) -> dict[str, Any]:
    return {
        "ProjectSummaryList": [
            {
                "ProjectName": name,
                "ProjectArn": "arn:aws:sagemaker:us-east-1:111111111111:project/x",
                "ProjectId": "p-abc",
                "CreationTime": NOW,
                "ProjectStatus": "CreateCompleted",
            }
            for name in names
        ]
    }


def test_a_project_is_created_from_the_template_that_a_stack_publishes() -> None:
    aws = StubbedAws(
        ListProjects=listed("other"),
        DescribeStacks={"Stacks": [stack("Network", {}), TEMPLATES, stack("SP-1", OUTPUTS)]},
        CreateProject=CREATED,
        DescribeProject=[description("CreateInProgress"), description("CreateCompleted")],
    )
    found = project.create(aws, "demo")
    assert found == Project("demo", "p-abc", OUTPUTS)
    provider = aws.asked("CreateProject")[0]["TemplateProviders"][0]["CfnTemplateProvider"]
    assert provider == {
        "TemplateName": "t",
        "TemplateURL": "https://s3/template.json",
        "RoleARN": ROLE,
    }
    assert (found.pipeline("build"), found.pipeline("deploy")) == (
        "demo-model-build",
        "demo-model-deploy",
    )
    assert (found.model_package_group, found.endpoint("prod")) == ("demo", "demo-prod")


def test_a_creation_that_fails_has_the_failures_of_cloudformation() -> None:
    aws = StubbedAws(
        ListProjects=listed(),
        DescribeStacks={"Stacks": [TEMPLATES]},
        CreateProject={
            "ProjectArn": "arn:aws:sagemaker:us-east-1:1:project/demo",
            "ProjectId": "p-a",
        },
        DescribeProject=description("CreateFailed", "rolled back"),
        DescribeStackEvents={
            "StackEvents": [
                {
                    "StackId": "SP-1",
                    "EventId": "1",
                    "StackName": "SP-1",
                    "Timestamp": NOW,
                    "LogicalResourceId": "Bucket",
                    "ResourceType": "AWS::S3::Bucket",
                    "ResourceStatus": "CREATE_FAILED",
                    "ResourceStatusReason": "no permission",
                }
            ]
        },
    )
    with pytest.raises(RehearsalError, match="'demo' could not be created") as caught:
        project.create(aws, "demo")
    assert caught.value.why == "rolled back\nBucket (AWS::S3::Bucket): no permission"


@pytest.mark.parametrize("name", ["", "a_b", "-a", "a" * 33, "a-"])
def test_a_name_that_sagemaker_does_not_allow_is_rejected(name: str) -> None:
    with pytest.raises(RehearsalError, match="as the name of a project"):
        project.create(StubbedAws(), name)


def test_a_name_that_is_taken_is_rejected() -> None:
    with pytest.raises(RehearsalError, match="already exists"):
        aws = StubbedAws(ListProjects=listed("demo"), DescribeStacks={"Stacks": []})
        project.create(aws, "demo")


def test_without_a_published_template_the_stacks_are_to_be_deployed() -> None:
    aws = StubbedAws(ListProjects=listed(), DescribeStacks={"Stacks": [stack("Network", {})]})
    with pytest.raises(RehearsalError, match="No project template") as caught:
        project.create(aws, "demo")
    assert "rehearse deploy" in caught.value.remedy


def test_a_project_that_does_not_exist_is_reported_with_those_that_do() -> None:
    aws = StubbedAws(
        DescribeProject=aws_error("ValidationException"),
        ListProjects=listed("one", "two"),
        DescribeStacks={"Stacks": []},
    )
    with pytest.raises(RehearsalError, match="'demo' does not exist") as caught:
        project.find(aws, "demo")
    assert caught.value.why == "Projects: one, two."


def test_a_project_that_is_not_ready_is_reported() -> None:
    aws = StubbedAws(
        DescribeProject=description("DeleteInProgress", "going"),
        DescribeStackEvents={"StackEvents": []},
    )
    with pytest.raises(RehearsalError, match="is DeleteInProgress"):
        project.find(aws, "demo")


def test_without_the_name_of_its_stack_a_project_is_found_by_its_tag() -> None:
    own = stack("SP-9", OUTPUTS, {"sagemaker:project-id": "p-abc"})
    aws = StubbedAws(
        DescribeProject=description("CreateCompleted", stack_name=""),
        DescribeStacks={"Stacks": [stack("SP-8", OUTPUTS, {"sagemaker:project-id": "p-x"}), own]},
    )
    assert project.find(aws, "demo").outputs == OUTPUTS


def test_a_project_whose_stack_was_deleted_is_reported() -> None:
    aws = StubbedAws(DescribeProject=description("CreateCompleted"), DescribeStacks={"Stacks": []})
    with pytest.raises(RehearsalError, match="stack of project 'demo' was not found"):
        project.find(aws, "demo")


def test_projects_on_later_pages_are_found() -> None:
    aws = StubbedAws(
        ListProjects=[{**listed("a"), "NextToken": "2"}, listed("demo")],
        DescribeStacks={"Stacks": []},
    )
    assert project.exists(aws, "demo")


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with one commit on main."""
    bare, seed = tmp_path / "remote.git", tmp_path / "seed"
    for command in (
        ["git", "init", "-q", "--bare", "-b", "main", str(bare)],
        ["git", "init", "-q", "-b", "main", str(seed)],
    ):
        subprocess.run(command, check=True)
    (seed / "README.md").write_text("seed\n")
    identity = ["-c", "user.name=s", "-c", "user.email=s@example.com"]
    subprocess.run(["git", "add", "-A"], cwd=seed, check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "Seed"], cwd=seed, check=True)
    subprocess.run(["git", "push", "-q", str(bare), "main"], cwd=seed, check=True)
    return bare


def log(bare: Path) -> list[str]:
    command = ["git", "log", "--format=%s", "main"]
    found = subprocess.run(command, cwd=bare, capture_output=True, text=True, check=True)
    return found.stdout.splitlines()


def test_a_change_is_committed_and_pushed_with_git(
    tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # no user name or email
    repository = GitClone(tmp_path / "clone", StubbedAws(), Commands())
    repository.clone(str(remote))
    (repository.directory / "new.txt").write_text("x")
    commit = repository.commit("Change it")
    repository.push()
    assert log(remote) == ["Change it", "Seed"]
    assert commit == repository.head()
    repository.commit("Nothing changed")
    repository.push()
    assert log(remote)[0] == "Nothing changed"


def test_a_clone_is_kept_also_if_its_repository_has_another_address(
    tmp_path: Path, remote: Path
) -> None:
    repository = GitClone(tmp_path / "clone", StubbedAws(), Commands())
    assert repository.clone(str(remote)) == ""
    (repository.directory / "mine.txt").write_text("x")
    assert repository.clone(str(remote)) == ""
    commit = repository.commit("Not pushed")
    (repository.directory / "new.txt").write_text("x")
    moved = remote.rename(tmp_path / "moved.git")
    assert str(moved) in repository.clone(str(moved))
    assert repository.head() == commit
    assert (repository.directory / "new.txt").exists()
    repository.push()
    assert log(moved)[0] == "Not pushed"


def _commit(clone: GitClone) -> None:
    (clone.directory / "README.md").write_text("mine\n")
    clone.commit("Not pushed")


def _change(clone: GitClone) -> None:
    (clone.directory / "README.md").write_text("mine\n")


def _new_file(clone: GitClone) -> None:
    (clone.directory / "mine.txt").write_text("mine\n")


def _ignored_file(clone: GitClone) -> None:
    (clone.directory / ".git/info/exclude").write_text("*.csv\n")
    (clone.directory / "data.csv").write_text("mine\n")


def _stash(clone: GitClone) -> None:
    (clone.directory / "README.md").write_text("mine\n")
    subprocess.run(["git", "stash", "-q"], cwd=clone.directory, check=True)


def _pushed(clone: GitClone) -> None:
    _commit(clone)
    clone.push()


def _on_a_branch(clone: GitClone) -> None:
    subprocess.run(["git", "checkout", "-qb", "other"], cwd=clone.directory, check=True)
    _commit(clone)
    subprocess.run(["git", "checkout", "-q", "main"], cwd=clone.directory, check=True)


@pytest.mark.parametrize(
    "work", [_commit, _change, _new_file, _ignored_file, _stash, _pushed, _on_a_branch]
)
def test_the_work_in_a_clone_of_another_repository_is_kept_aside(
    tmp_path: Path, remote: Path, work: Callable[[GitClone], None]
) -> None:
    repository = GitClone(tmp_path / "clone", StubbedAws(), Commands())
    repository.clone(str(remote))
    work(repository)
    kept = state_of(repository.directory)
    other = bare_repository(tmp_path / "other")
    note = repository.clone(str(other))
    (place,) = tmp_path.glob("clone-*")
    assert str(place) in note
    assert state_of(place) == kept
    assert repository.directory.exists()
    assert "Another seed" in log(other)


def test_a_new_repository_at_the_same_address_is_cloned_beside_the_work(
    tmp_path: Path, remote: Path
) -> None:
    repository = GitClone(tmp_path / "clone", StubbedAws(), Commands())
    repository.clone(str(remote))
    _commit(repository)
    remote.rename(tmp_path / "deleted.git")
    bare_repository(tmp_path / "other").rename(remote)
    assert "is kept in" in repository.clone(str(remote))
    assert (repository.directory / "README.md").read_text() == "another\n"
    (place,) = tmp_path.glob("clone-*")
    assert (place / "README.md").read_text() == "mine\n"


def test_a_clone_that_others_have_overtaken_is_kept(tmp_path: Path, remote: Path) -> None:
    repository, other = (
        GitClone(tmp_path / name, StubbedAws(), Commands()) for name in ("clone", "theirs")
    )
    for one in (repository, other):
        one.clone(str(remote))
    _pushed(other)
    commit = repository.commit("Not pushed")
    assert repository.clone(str(remote)) == ""
    assert repository.head() == commit


def state_of(clone: Path) -> tuple[str, ...]:
    """Everything that a user may have in a clone."""
    commands = (("log", "--all", "--format=%H"), ("status", "--porcelain", "--ignored"))
    return tuple(
        subprocess.run(
            ["git", *arguments], cwd=clone, capture_output=True, text=True, check=True
        ).stdout
        for arguments in commands
    )


def bare_repository(folder: Path) -> Path:
    """A repository with another history."""
    identity = ["-c", "user.name=s", "-c", "user.email=s@example.com"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder / "seed")], check=True)
    (folder / "seed" / "README.md").write_text("another\n")
    for arguments in (
        ["add", "-A"],
        [*identity, "commit", "-qm", "Another seed"],
        ["clone", "-q", "--bare", ".", str(folder / "bare.git")],
    ):
        subprocess.run(["git", *arguments], cwd=folder / "seed", check=True)
    return folder / "bare.git"


def test_a_clone_without_any_work_is_replaced(tmp_path: Path, remote: Path) -> None:
    repository = GitClone(tmp_path / "clone", StubbedAws(), Commands())
    repository.clone(str(remote))
    (repository.directory / "__pycache__").mkdir()
    (repository.directory / "__pycache__" / "a.pyc").write_text("")
    assert repository.clone(str(bare_repository(tmp_path / "other"))) == ""
    assert not list(tmp_path.glob("clone-*"))
    assert (repository.directory / "README.md").read_text() == "another\n"


def test_a_folder_that_is_no_clone_is_kept_aside(tmp_path: Path, remote: Path) -> None:
    repository = GitClone(tmp_path / "clone", StubbedAws(), Commands())
    repository.directory.mkdir()
    (repository.directory / "notes.txt").write_text("mine")
    assert "is kept in" in repository.clone(str(remote))
    (place,) = tmp_path.glob("clone-*")
    assert (place / "notes.txt").read_text() == "mine"


def test_the_remotes_of_all_clones_follow_the_local_aws_to_another_port(
    tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [BUILD_DIRECTORY / f"projects/{name}/model-build" for name in ("a", "b")]
    for folder in folders:
        GitClone(folder, StubbedAws(), Commands()).clone(str(remote))
    old = "https://127.0.0.1:9"
    command = ["git", "remote", "set-url", "origin", f"{old}/v1/repos/a-model-build"]
    subprocess.run(command, cwd=folders[0], check=True)
    assert project.repoint_clones(StubbedAws(), Commands(), old) == [folders[0]]
    shown = subprocess.run(
        ["git", "remote", "get-url", "origin"],
        cwd=folders[0],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.strip() == "https://127.0.0.1:1/v1/repos/a-model-build"


def test_an_error_of_git_has_its_message(tmp_path: Path, remote: Path) -> None:
    repository = GitClone(tmp_path / "clone", StubbedAws(), Commands())
    with pytest.raises(RehearsalError, match="contains no clone"):
        repository.commit("x")
    repository.clone(str(remote))
    remote.rename(tmp_path / "gone.git")
    with pytest.raises(RehearsalError, match="git push failed") as caught:
        repository.push()
    assert "does not appear to be a git repository" in caught.value.why
