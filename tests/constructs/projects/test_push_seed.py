"""The script that pushes a seed to a provider's repository, with real git."""

import subprocess
from pathlib import Path

import pytest

from mlops_constructs.projects.runtime.push_seed import PushError, main, push

NAME = "acme/churn-model-build"


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """An empty repository of the provider."""
    folder = tmp_path / "remote.git"
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "main")
    return folder


@pytest.fixture(autouse=True)
def seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The seed's files in the working directory, one of which its `.gitignore` names."""
    folder = tmp_path / "seed"
    (folder / "wheels").mkdir(parents=True)
    for path, text in {
        "README.md": "begin here\n",
        ".gitignore": "wheels/\n",
        "wheels/library.whl": "binary\n",
        ".seed.json": "{}\n",
    }.items():
        (folder / path).write_text(text)
    (folder / "run.sh").write_text("exit 0\n")
    (folder / "run.sh").chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


def files(remote: Path, branch: str = "main") -> list[str]:
    return git(remote, "ls-tree", "-r", "--name-only", branch).split()


def begin(remote: Path, tmp_path: Path, **contents: str) -> str:
    """The first commit of a user, with these files; its id."""
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch", "main")
    for path, text in contents.items():
        (work / path).write_text(text)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Begin")
    git(work, "push", "--quiet", str(remote), "HEAD:main")
    return git(work, "rev-parse", "HEAD").strip()


def test_all_files_become_the_first_commit_of_an_empty_repository(remote: Path) -> None:
    assert push(str(remote), NAME, "main") == f"pushed the seed to {NAME}"

    assert files(remote) == [
        ".gitignore",
        ".seed.json",
        "README.md",
        "run.sh",
        "wheels/library.whl",
    ]
    assert git(remote, "rev-list", "--count", "main").strip() == "1"
    assert git(remote, "ls-tree", "main", "run.sh").startswith("100755")


def test_another_branch_can_be_the_default_one(remote: Path) -> None:
    push(str(remote), NAME, "trunk")

    assert "README.md" in files(remote, "trunk")


def test_files_that_the_provider_created_are_kept_below_the_seed(
    remote: Path, tmp_path: Path
) -> None:
    first = begin(remote, tmp_path, LICENSE="ours\n")

    push(str(remote), NAME, "main")

    assert "LICENSE" in files(remote)
    assert git(remote, "rev-parse", "main^").strip() == first


def test_the_seed_replaces_the_readme_of_the_provider(remote: Path, tmp_path: Path) -> None:
    begin(remote, tmp_path, **{"README.md": "# churn\n"})

    push(str(remote), NAME, "main")

    assert git(remote, "show", "main:README.md") == "begin here\n"


def test_a_repository_with_a_seed_is_left_as_it_is(remote: Path, tmp_path: Path) -> None:
    commit = begin(remote, tmp_path, **{".seed.json": "{}\n", "train.py": "1\n"})

    assert "has a seed already" in push(str(remote), NAME, "main")

    assert git(remote, "rev-parse", "main").strip() == commit


def test_a_repository_with_code_is_rejected(remote: Path, tmp_path: Path) -> None:
    commit = begin(remote, tmp_path, **{"train.py": "1\n"})

    with pytest.raises(PushError, match=r"has code, such as 'train\.py'"):
        push(str(remote), NAME, "main")

    assert git(remote, "rev-parse", "main").strip() == commit


def test_a_repository_with_another_default_branch_is_rejected(remote: Path, tmp_path: Path) -> None:
    begin(remote, tmp_path, LICENSE="ours\n")

    with pytest.raises(PushError, match=r"has the branches refs/heads/main and no trunk"):
        push(str(remote), NAME, "trunk")


def test_a_missing_repository_ends_the_build_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "REPOSITORY_URL": str(tmp_path / "none.git"),
        "REPOSITORY": NAME,
        "BRANCH": "main",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match=rf"^SEED: {NAME} cannot be used: .*Create it at the"):
        main()
