"""Repositories keep commits and ignore the git settings of users."""

import zipfile
from pathlib import Path

import pytest

from rehearsal.framework import zip_archive
from rehearsal.git.repository import FileChange, GitError, GitRepository, Signature

ADA = Signature(name="Ada", email="ada@example.com", date="1767225600 +0100")


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository.create(tmp_path / "demo.git")


def _commit(repository: GitRepository, parent: str | None = None, **files: str | None) -> str:
    changes = [
        FileChange(path=name.replace("__", "/"), content=None if text is None else text.encode())
        for name, text in files.items()
    ]
    return repository.write_commit("main", changes, message="A change", author=ADA, parent=parent)


def test_a_commit_is_read_as_it_was_written(repository: GitRepository) -> None:
    commit_id = _commit(repository, readme="hello")
    commit = repository.commit(commit_id)
    assert commit is not None
    assert commit.message == "A change"
    assert commit.author == commit.committer == ADA
    assert commit.parents == []
    assert repository.branches() == {"main": commit_id}
    assert repository.resolve("main") == repository.resolve(commit_id) == commit_id


def test_unknown_things_are_none(repository: GitRepository) -> None:
    assert repository.commit("0" * 40) is None
    assert repository.resolve("nowhere") is None
    assert repository.resolve("--all") is None


def test_a_commit_changes_only_what_it_names(repository: GitRepository) -> None:
    first = _commit(repository, kept="1", changed="1", gone="1")
    second = _commit(repository, parent=first, changed="2", gone=None, folder__new="1")
    paths = {entry.path: entry for entry in repository.entries(second, recursive=True)}
    assert set(paths) == {"kept", "changed", "folder/new"}
    assert repository.blob(paths["changed"].object_id) == b"2"


def test_a_branch_moves_only_from_where_it_is_expected(repository: GitRepository) -> None:
    first = _commit(repository, a="1")
    _commit(repository, parent=first, a="2")
    with pytest.raises(GitError):
        _commit(repository, parent=first, a="3")


def test_an_archive_holds_files_with_their_modes_and_links(
    repository: GitRepository, tmp_path: Path
) -> None:
    changes = [
        FileChange(path="run.sh", content=b"#!/bin/sh\n", mode="100755"),
        FileChange(path="docs/readme", content=b"text"),
        FileChange(path="link", content=b"docs/readme", mode="120000"),
    ]
    commit_id = repository.write_commit("main", changes, message="x", author=ADA)
    repository.archive(commit_id, tmp_path / "out.zip")
    zip_archive.unpack(tmp_path / "out.zip", tmp_path / "out")
    assert (tmp_path / "out/run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out/link").read_text() == "text"
    assert (tmp_path / "out/link").is_symlink()


def test_git_settings_of_users_do_not_affect_repositories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[core]\n\tautocrlf = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve")
    repository = GitRepository.create(tmp_path / "demo.git")
    commit = repository.commit(_commit(repository, a="1\r\n"))
    assert commit is not None
    assert commit.author.name == "Ada"


def test_an_archive_cannot_write_outside_of_its_directory(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../outside", "x")
    with pytest.raises(ValueError, match="outside of its directory"):
        zip_archive.unpack(tmp_path / "evil.zip", tmp_path / "in")


def test_packing_keeps_modes_and_is_reproducible(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("x")
    program.chmod(0o755)
    for name in ("one.zip", "two.zip"):
        zip_archive.pack(tmp_path / name, [("bin/program", program)])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    zip_archive.unpack(tmp_path / "one.zip", tmp_path / "in")
    assert (tmp_path / "in/bin/program").stat().st_mode & 0o777 == 0o755
