"""A repository of a team that began with a seed, with real git and no server."""

import subprocess
from pathlib import Path

from mlops_constructs.projects import Seed, SeedVersion
from stacks.upgrades.commands import Clone
from stacks.upgrades.merge import Proposal, merge_seed
from stacks.upgrades.seed_state import read_record

NAME = "tabular/model_build"
FILES = {
    "README.md": "begin here\n",
    "train.py": "".join(f"line {number}\n" for number in range(20)),
    "run.sh": "exit 0\n",
    "wheels/library.whl": "one\n",
}


def seed(folder: Path, version: str, files: dict[str, str]) -> Seed:
    """A seed with these files."""
    folder.mkdir()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return Seed(folder=folder, version=SeedVersion(name=NAME, version=version))


class Team:
    """The repository of a team at a provider, and the team's clone of it.

    Args:
        folder: empty folder.
        first: the seed that the repository begins with.
    """

    def __init__(self, folder: Path, first: Seed) -> None:
        self._folder = folder
        self.remote, self._work = folder / "remote.git", folder / "work"
        self._clones = 0
        self.remote.mkdir()
        self.git(self.remote, "init", "--quiet", "--bare", "--initial-branch", "main")
        self.git(folder, "clone", "--quiet", str(self.remote), str(self._work))
        self.git(self._work, "checkout", "--quiet", "-B", "main")
        self.change({path: one.decode() for path, one in first.contents().items()})

    def change(self, files: dict[str, str | None]) -> None:
        """Writes or deletes files, and pushes them to main."""
        for path, text in files.items():
            file = self._work / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
        self.git(self._work, "add", "--all", "--force")
        self.git(self._work, "commit", "--quiet", "--message", "Change")
        self.git(self._work, "push", "--quiet", "origin", "main")

    def clone(self) -> Clone:
        self._clones += 1
        folder = self._folder / f"clone-{self._clones}"
        return Clone(str(self.remote), folder, region="us-east-1")

    def upgrade(self, newest: Seed) -> tuple[Clone, Proposal]:
        """Merges a seed, and pushes the proposal as the branch `upgrade`."""
        clone = self.clone()
        record = read_record(clone.file("refs/heads/main", ".seed.json"))
        proposal = merge_seed(clone, branch="main", record=record, seed=newest)
        self.git(self.remote, "branch", "--force", "before", "main")
        clone.push(proposal.commit, f"upgrade-{self._clones}")
        return clone, proposal

    def accept(self, *, squash: bool = False) -> None:
        """Merges the proposal into main, as a provider does."""
        branch = f"origin/upgrade-{self._clones}"
        self.git(self._work, "fetch", "--quiet", "origin")
        if squash:
            self.git(self._work, "merge", "--quiet", "--squash", branch)
            self.git(self._work, "commit", "--quiet", "--message", "Upgrade")
        else:
            self.git(self._work, "merge", "--quiet", "--no-ff", "--message", "Upgrade", branch)
        self.git(self._work, "push", "--quiet", "origin", "main")

    def show(self, revision: str, path: str) -> str:
        return self.git(self.remote, "show", f"{revision}:{path}")

    @staticmethod
    def git(folder: Path, *arguments: str) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
