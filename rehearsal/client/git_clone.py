"""A local clone of a repository of a project, managed with git."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.process_tree import Commands


@dataclass(frozen=True)
class GitClone:
    """A clone in `directory`; git signs in with the credentials of `aws`."""

    directory: Path
    aws: LocalAws
    commands: Commands

    def clone(self, url: str) -> None:
        """Clones a repository; an existing clone with this remote is kept."""
        if (self.directory / ".git").exists():
            if self._git("remote", "get-url", "origin").strip() == url:
                return
            shutil.rmtree(self.directory)
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        self._run(["clone", "--quiet", url, str(self.directory)], None)
        if not self._git("config", "--get", "user.email", allowed=(0, 1)):
            self._git("config", "user.name", "Rehearsal")
            self._git("config", "user.email", "rehearsal@example.com")

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
