"""Three-way merge of a newer seed into the code of a team.

The base is the seed that the repository records, whose files are in its history. git merges: what
only the seed changed is taken over, what only the team changed stays. Files that both changed in
the same place keep the content of the team, and the pull request shows the change of the seed.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_constructs.projects import Seed
from mlops_constructs.projects.seeds.seed_version import SEED_RECORD
from stacks.upgrades.commands import Clone
from stacks.upgrades.seed_state import SeedRecord

_FILE = "100644"
_EXECUTABLE = "100755"
_MAX_DIFF_LINES = 60

_Entries = Mapping[str, tuple[str, str]]  # mode and id by path


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A commit that merges a seed.

    Args:
        commit: id of the commit.
        changed: paths that it changes, without the record.
        conflicts: changes of the seed that were not merged, as text, by path.
    """

    commit: str
    changed: list[str]
    conflicts: Mapping[str, str]


def merge_seed(clone: Clone, *, branch: str, record: SeedRecord, seed: Seed) -> Proposal:
    """Merges a seed into a branch; returns a commit that no branch has yet.

    The commit has the branch and the seed as its parents, so the next merge finds all files of this
    seed, those with conflicts included.

    Args:
        clone: the repository with its whole history.
        branch: branch of the team.
        record: the seed that the branch records.
        seed: the newest seed.
    """
    with tempfile.TemporaryDirectory() as directory:
        merge = _Merge(clone, Path(directory))
        team = merge.entries(f"refs/heads/{branch}")
        newest = merge.write(seed, team)
        base = merge.recorded(record, newest, team)
        start = merge.commit(merge.tree(base), "Recorded seed")
        ours = merge.commit(merge.tree(team), "Code of the team", start)
        theirs = merge.commit(merge.tree(newest), "Newest seed", start)
        merged, conflicts = merge.three_way(ours, theirs)
        # git adds files with other names for conflicts between files and folders.
        kept = {path: one for path, one in merged.items() if path in team or path in newest}
        for path in conflicts:
            kept.pop(path, None)
            if path in team:
                kept[path] = team[path]
        kept[SEED_RECORD] = newest[SEED_RECORD]
        version = seed.version.version if seed.version else ""
        of_seed = merge.commit(merge.tree(newest), f"Seed {record.name} {version}")
        tip = clone.text("rev-parse", f"refs/heads/{branch}")
        commit = merge.commit(
            merge.tree(kept), f"Merge version {version} of the seed {record.name}", tip, of_seed
        )
        paths = kept.keys() | team.keys()
        return Proposal(
            commit=commit,
            changed=sorted(
                path for path in paths - {SEED_RECORD} if kept.get(path) != team.get(path)
            ),
            conflicts={
                path: merge.difference(base.get(path), newest.get(path))
                for path in sorted(conflicts)
                if path in team or path in newest
            },
        )


class _Merge:
    """Plumbing commands of git in a clone.

    Args:
        clone: the clone.
        folder: temporary folder.
    """

    def __init__(self, clone: Clone, folder: Path) -> None:
        self._clone = clone
        self._folder = folder
        self._indexes = 0

    def entries(self, revision: str) -> dict[str, tuple[str, str]]:
        """Returns the files of a commit or tree."""
        listed = self._clone.run("ls-tree", "-r", "-z", "--full-tree", revision)
        found = {}
        for line in listed.decode(errors="surrogateescape").split("\0")[:-1]:
            described, _, path = line.partition("\t")
            mode, _, identifier = described.split()
            found[path] = (mode, identifier)
        return found

    def write(self, seed: Seed, team: _Entries) -> dict[str, tuple[str, str]]:
        """Writes the files of a seed to the clone; existing files keep their modes."""
        executable = {path for path, file in seed.files().items() if file.stat().st_mode & 0o100}
        paths, files = [], self._folder / "seed"
        for number, (path, content) in enumerate(seed.contents().items()):
            files.mkdir(exist_ok=True)
            (files / str(number)).write_bytes(content)
            paths.append(path)
        names = "".join(f"{files / str(number)}\n" for number in range(len(paths)))
        ids = self._clone.run(
            "hash-object", "-w", "--no-filters", "--stdin-paths", given=names.encode()
        )
        return {
            path: (_mode(team.get(path), path in executable), identifier)
            for path, identifier in zip(paths, ids.decode().split(), strict=True)
        }

    def recorded(
        self, record: SeedRecord, newest: _Entries, team: _Entries
    ) -> dict[str, tuple[str, str]]:
        """Returns the files of the recorded seed that the history has.

        A merge that squashed an earlier upgrade drops files that the team had changed as well; then
        git compares the two sides without a base.
        """
        wanted = dict(record.files)
        lines = "".join(f"{identifier}\n" for identifier in wanted.values())
        checked = self._clone.run("cat-file", "--batch-check", given=lines.encode()).decode()
        present = {
            words[0] for line in checked.splitlines() if (words := line.split())[1] == "blob"
        }
        found = {
            path: ((newest.get(path) or team.get(path) or (_FILE, ""))[0], identifier)
            for path, identifier in wanted.items()
            if identifier in present
        }
        if SEED_RECORD in team:
            found[SEED_RECORD] = team[SEED_RECORD]
        return found

    def tree(self, entries: _Entries) -> str:
        """Writes a tree; returns its id."""
        self._indexes += 1
        index = self._folder / f"index-{self._indexes}"
        lines = b"".join(
            f"{mode} {identifier}\t{path}\0".encode(errors="surrogateescape")
            for path, (mode, identifier) in sorted(entries.items())
        )
        self._clone.run("update-index", "-z", "--index-info", given=lines, index=index)
        return self._clone.run("write-tree", index=index).decode().strip()

    def commit(self, tree: str, message: str, *parents: str) -> str:
        """Writes a commit; returns its id."""
        options = [word for parent in parents for word in ("-p", parent)]
        return self._clone.text("commit-tree", tree, *options, "-m", message)

    def three_way(self, ours: str, theirs: str) -> tuple[dict[str, tuple[str, str]], set[str]]:
        """Merges two commits; returns the files of the result, and the paths with conflicts."""
        output = self._clone.run(
            *("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs),
            allowed=(0, 1),
        )
        tree, *conflicts = output.decode(errors="surrogateescape").split("\0")[:-1]
        return self.entries(tree), set(conflicts)

    def difference(self, before: tuple[str, str] | None, after: tuple[str, str] | None) -> str:
        """Returns the change of a file by the seed, up to 60 lines."""
        if after is None:
            return "The seed removes this file."
        empty = self._clone.run("hash-object", "-w", "--stdin").decode().strip()
        old, new = before[1] if before else empty, after[1]
        lines = self._clone.run("diff", "--no-color", old, new).decode(errors="replace")
        shown = [line for line in lines.splitlines() if not line.startswith(("diff ", "index "))]
        rest = len(shown) - _MAX_DIFF_LINES
        more = [f"... {rest} more lines"] if rest > 0 else []
        return "\n".join([*shown[:_MAX_DIFF_LINES], *more])


def _mode(team: tuple[str, str] | None, executable: bool) -> str:
    if team is not None and team[0] in (_FILE, _EXECUTABLE):
        return team[0]
    return _EXECUTABLE if executable else _FILE


def listed(paths: Iterable[str]) -> str:
    """Returns paths as a Markdown list."""
    return "\n".join(f"* `{path}`" for path in paths)
