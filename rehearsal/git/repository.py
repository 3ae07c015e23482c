"""Bare git repositories, which store the repositories of CodeCommit and of git providers."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.framework import zip_archive
from rehearsal.framework.platform import Scope

_NO_COMMIT = "0" * 40
CLONE_REFERENCE = "codebuild-clone-reference.json"
"""The file of a source artifact that names a repository and commit instead of its files."""

# Settings of the user (hooks, signing, credential helpers) must not affect AWS's repositories.
ISOLATED_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
# Records the changes of a push; the variable names a file of that push.
_POST_RECEIVE_HOOK = '#!/bin/sh\ncat >> "${CODECOMMIT_REFERENCE_UPDATES:-/dev/null}"\n'


class GitError(Exception):
    """A git command failed; the text is the error output of git."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Author or committer; `date` is in git's raw format: seconds since the epoch and time zone."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit, as `git cat-file` prints it."""

    commit_id: str
    tree_id: str
    parents: Sequence[str]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, kw_only=True)
class TreeEntry:
    """A file, link, submodule or folder in a commit; `kind` is blob, tree or commit."""

    mode: str
    kind: str
    object_id: str
    path: str


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A file that a commit writes, or deletes if `content` is None."""

    path: str
    content: bytes | None
    mode: str = "100644"


def repository_directory(state_directory: Path, scope: Scope, name: str) -> Path:
    """Returns the folder of a repository of CodeCommit, which source actions read."""
    return state_directory / "codecommit" / scope.account / scope.region / f"{name}.git"


class GitRepository:
    """The bare repository in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def create(cls, directory: Path, *, default_branch: str = "main") -> GitRepository:
        """Creates an empty repository."""
        directory.mkdir(parents=True)
        repository = cls(directory)
        repository.run("init", "--quiet", "--bare", f"--initial-branch={default_branch}", ".")
        repository.run("config", "http.receivepack", "true")
        repository.run("config", "uploadpack.allowAnySHA1InWant", "true")
        hook = directory / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_POST_RECEIVE_HOOK)
        hook.chmod(0o755)
        return repository

    def run(
        self,
        *arguments: str,
        content: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Runs git in the repository and returns its output.

        Args:
            *arguments: arguments of git.
            content: standard input. Defaults to None: empty.
            environment: additional variables. Defaults to None: none.

        Raises:
            GitError: git failed.
        """
        if any("\0" in argument for argument in arguments):
            raise GitError("a name of a commit or a path has a null character")
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], **ISOLATED_ENVIRONMENT, **(environment or {})},
            input=content if content is not None else b"",
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise GitError(done.stderr.decode(errors="replace").strip())
        return done.stdout

    def branches(self) -> dict[str, str]:
        """Returns the commit ids by branch name."""
        lines = self.run("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return dict(line.split(" ") for line in lines.decode().splitlines())

    def set_default_branch(self, name: str) -> None:
        """Sets the default branch."""
        self.run("symbolic-ref", "HEAD", f"refs/heads/{name}")

    def set_branch(self, name: str, commit_id: str, *, expected: str | None = None) -> None:
        """Moves or creates a branch.

        Args:
            name: name of the branch.
            commit_id: the new commit.
            expected: the current commit. Defaults to None: the branch must not exist.

        Raises:
            GitError: the branch is at another commit.
        """
        self.run("update-ref", f"refs/heads/{name}", commit_id, expected or _NO_COMMIT)

    def delete_branch(self, name: str) -> None:
        """Deletes a branch."""
        self.run("update-ref", "-d", f"refs/heads/{name}")

    def resolve(self, specifier: str) -> str | None:
        """Returns the commit of a branch, tag, full reference or commit id, or None."""
        for candidate in (f"refs/heads/{specifier}", f"refs/tags/{specifier}", specifier):
            if specifier.startswith("-"):
                return None
            try:
                found = self.run("rev-parse", "--verify", "--quiet", candidate + "^{commit}")
            except GitError:
                continue
            return found.decode().strip()
        return None

    def commit(self, commit_id: str) -> Commit | None:
        """Returns the commit with a full id, or None."""
        try:
            text = self.run("cat-file", "commit", commit_id).decode(errors="replace")
        except GitError:
            return None
        head, _, message = text.partition("\n\n")
        fields = [line.partition(" ") for line in head.splitlines() if not line.startswith(" ")]
        values = {key: value for key, _, value in fields}
        return Commit(
            commit_id=commit_id,
            tree_id=values["tree"],
            parents=[value for key, _, value in fields if key == "parent"],
            author=_signature(values["author"]),
            committer=_signature(values["committer"]),
            message=message,
        )

    def entries(
        self, commit_id: str, folder: str = "", *, recursive: bool = False
    ) -> list[TreeEntry]:
        """Returns the entries of a folder in a commit.

        Raises:
            GitError: the folder does not exist.
        """
        tree = f"{commit_id}:{folder.strip('/')}"
        output = self.run("ls-tree", "-z", *(["-r"] if recursive else []), tree)
        entries = []
        for line in output.decode().split("\0")[:-1]:
            head, _, path = line.partition("\t")
            mode, kind, object_id = head.split(" ")
            entries.append(TreeEntry(mode=mode, kind=kind, object_id=object_id, path=path))
        return entries

    def blob(self, object_id: str) -> bytes:
        """Returns the content of a file."""
        return self.run("cat-file", "blob", object_id)

    def write_commit(
        self,
        branch: str,
        changes: Sequence[FileChange],
        *,
        message: str,
        author: Signature,
        parent: str | None = None,
    ) -> str:
        """Creates a commit, moves the branch to it, and returns its id.

        Args:
            branch: name of the branch.
            changes: the changes.
            message: the commit message.
            author: author and committer.
            parent: the current commit of the branch. Defaults to None: the branch is new.

        Raises:
            GitError: the branch is not at `parent`.
        """
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            if parent:
                self.run("read-tree", parent, environment=index)
            lines = "".join(self._index_line(change) for change in changes)
            self.run(
                "update-index", "-z", "--index-info", content=lines.encode(), environment=index
            )
            tree = self.run("write-tree", environment=index).decode().strip()
        identity = {
            f"GIT_{role}_{field}": value
            for role in ("AUTHOR", "COMMITTER")
            for field, value in (
                ("NAME", author.name),
                ("EMAIL", author.email),
                ("DATE", author.date),
            )
        }
        parents = ["-p", parent] if parent else []
        commit_id = (
            self.run("commit-tree", tree, *parents, content=message.encode(), environment=identity)
            .decode()
            .strip()
        )
        self.set_branch(branch, commit_id, expected=parent)
        return commit_id

    def _index_line(self, change: FileChange) -> str:
        if change.content is None:
            return f"0 {_NO_COMMIT}\t{change.path}\0"
        blob = self.run("hash-object", "-w", "--stdin", content=change.content).decode().strip()
        return f"{change.mode} {blob}\t{change.path}\0"

    def archive(self, commit_id: str, destination: Path) -> None:
        """Writes the files of a commit, without git's data, to a zip file."""
        with zipfile.ZipFile(destination, "w") as target:
            for item in self.entries(commit_id, recursive=True):
                if item.kind != "blob":
                    continue  # archives of AWS have no submodules either
                mode = int(item.mode, 8)
                if stat.S_ISREG(mode):
                    mode = stat.S_IFREG | (0o755 if mode & 0o100 else 0o644)
                target.writestr(zip_archive.entry(item.path, mode), self.blob(item.object_id))


def _signature(line: str) -> Signature:
    name, _, rest = line.partition(" <")
    email, _, date = rest.partition("> ")
    return Signature(name=name, email=email, date=date)
