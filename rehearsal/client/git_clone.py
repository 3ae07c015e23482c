"""A local clone of a repository of a project, managed with git."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.client import aside
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.process_tree import Commands

# What programs leave in a clone.
_GENERATED = re.compile(r"(^|/)(__pycache__|\.venv|\.\w+_cache|cdk\.out|node_modules)(/|$)")


@dataclass(frozen=True)
class GitClone:
    """A clone in `directory`; git signs in with the credentials of `aws`."""

    directory: Path
    aws: LocalAws
    commands: Commands

    def clone(self, url: str) -> str:
        """Clones a repository; nothing of an existing clone is lost.

        A clone of this repository is kept, also if its address has changed. Another one is moved
        aside, unless it has nothing but the first commit.

        Returns:
            A sentence about an existing clone that was changed; empty if there is nothing to say.
        """
        note = ""
        if self.directory.exists() and any(self.directory.iterdir()):
            if self._is_clone() and self._continues(url):
                if self._origin() == url:
                    return ""
                self._set_origin(url)
                return f"{self.directory} was kept; its remote is now {url}."
            note = self._put_aside()
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        self._run(["clone", "--quiet", url, str(self.directory)], None)
        if not self._git("config", "--get", "user.email", allowed=(0, 1)):
            self._git("config", "user.name", "Rehearsal")
            self._git("config", "user.email", "rehearsal@example.com")
        return note

    def repoint(self, old: str, new: str) -> bool:
        """Changes the address of the remote, if it begins with `old`; returns True if it did."""
        origin = self._origin() if self._is_clone() else ""
        if not origin.startswith(f"{old}/"):
            return False
        self._git("remote", "set-url", "origin", new + origin.removeprefix(old))
        return True

    def _is_clone(self) -> bool:
        return (self.directory / ".git").exists()

    def _origin(self) -> str:
        return self._git("config", "--get", "remote.origin.url", allowed=(0, 1)).strip()

    def _continues(self, url: str) -> bool:
        """Returns True if the repository at an address has a commit of this clone."""
        (self.directory / ".git" / "FETCH_HEAD").unlink(missing_ok=True)
        self._git("fetch", "--quiet", url, "HEAD", allowed=(0, 1, 128))
        found = self._git("merge-base", "HEAD", "FETCH_HEAD", allowed=(0, 1, 128))
        return re.fullmatch(r"[0-9a-f]{40,64}", found.strip()) is not None

    def _set_origin(self, url: str) -> None:
        self._git("remote", *(("set-url",) if self._origin() else ("add",)), "origin", url)

    def _put_aside(self) -> str:
        if self._is_clone() and not self._has_work():
            shutil.rmtree(self.directory)
            return ""
        return f"An earlier {self.directory.name} is kept in {aside.move(self.directory)}."

    def _has_work(self) -> bool:
        """Returns True if there is more than the first commit: changes, commits, files, stashes."""
        status = self._git("status", "--porcelain", "--ignored", "--untracked-files=all")
        files = [line[3:] for line in status.splitlines()]
        if any(not _GENERATED.search(file) for file in files):
            return True
        if self._git("stash", "list").strip():
            return True
        commits = self._git("rev-list", "--all", "HEAD", allowed=(0, 128)).split()
        trees = {self._git("rev-parse", f"{commit}^{{tree}}").strip() for commit in commits}
        return len(trees) > 1

    def commit(self, message: str) -> str:
        """Commits all changes, or creates an empty commit; returns its id."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self) -> str:
        """Returns the id of the current commit."""
        return self._git("rev-parse", "HEAD").strip()

    def push(self) -> None:
        """Pushes the branch.

        Raises:
            RehearsalError: git fails; the message has its output.
        """
        self._git("push", "--quiet", "origin", "HEAD")

    def _git(self, *arguments: str, allowed: Sequence[int] = (0,)) -> str:
        if not (self.directory / ".git").exists():
            raise RehearsalError(
                f"{self.directory} contains no clone.",
                "",
                "Clone the repositories with `rehearse project create NAME`.",
            )
        return self._run(list(arguments), self.directory, allowed)

    def _run(
        self, arguments: Sequence[str], directory: Path | None, allowed: Sequence[int] = (0,)
    ) -> str:
        finished = self.commands.run(
            ["git", *arguments],
            environment={**self.aws.environment(), "GIT_TERMINAL_PROMPT": "0"},
            directory=directory,
        )
        if finished.status not in allowed:
            raise RehearsalError(
                f"git {arguments[0]} failed (status {finished.status}).",
                "\n".join(finished.lines[-15:]),
            )
        return "\n".join(finished.lines)
