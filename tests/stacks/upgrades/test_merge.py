"""The merge of a newer seed into the code of a team."""

import json
from pathlib import Path

import pytest

from stacks.upgrades.commands import UpgradeError
from stacks.upgrades.seed_state import changed_files, read_record
from tests.stacks.upgrades.repository import FILES, NAME, Team, seed

NEWEST = {
    **FILES,
    "train.py": FILES["train.py"].replace("line 2\n", "line two\n"),
    "wheels/library.whl": "two\n",
    "new.py": "1\n",
}


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path, seed(tmp_path / "one", "1.0.0", FILES))


def test_files_that_the_team_has_not_changed_are_replaced(team: Team, tmp_path: Path) -> None:
    team.change({"mine.py": "1\n"})

    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))

    assert proposal.changed == ["new.py", "train.py", "wheels/library.whl"]
    assert proposal.conflicts == {}
    assert clone.file(proposal.commit, "wheels/library.whl") == b"two\n"
    assert clone.file(proposal.commit, "mine.py") == b"1\n"
    assert json.loads(clone.file(proposal.commit, ".seed.json") or b"")["version"] == "2.0.0"


def test_main_is_never_changed(team: Team, tmp_path: Path) -> None:
    before = team.git(team.remote, "rev-parse", "main")

    team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))

    assert team.git(team.remote, "rev-parse", "main") == before


def test_changes_in_different_places_of_a_file_are_merged(team: Team, tmp_path: Path) -> None:
    team.change({"train.py": FILES["train.py"].replace("line 17\n", "my line\n")})

    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))

    merged = (clone.file(proposal.commit, "train.py") or b"").decode()
    assert ("line two\n" in merged, "my line\n" in merged) == (True, True)
    assert proposal.conflicts == {}


def test_a_conflict_keeps_the_content_of_the_team_and_shows_the_change(
    team: Team, tmp_path: Path
) -> None:
    mine = FILES["train.py"].replace("line 2\n", "my line\n")
    team.change({"train.py": mine})

    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))

    assert (clone.file(proposal.commit, "train.py") or b"").decode() == mine
    assert list(proposal.conflicts) == ["train.py"]
    assert "-line 2\n+line two" in proposal.conflicts["train.py"]
    assert proposal.changed == ["new.py", "wheels/library.whl"]


def test_files_that_the_seed_has_removed_are_removed_unless_the_team_has_changed_them(
    team: Team, tmp_path: Path
) -> None:
    team.change({"README.md": "ours\n"})
    rest = {path: text for path, text in FILES.items() if path not in ("README.md", "run.sh")}

    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", rest))

    assert proposal.changed == ["run.sh"]
    assert clone.file(proposal.commit, "README.md") == b"ours\n"
    assert proposal.conflicts == {"README.md": "The seed removes this file."}


def test_a_file_that_the_team_has_deleted_stays_deleted(team: Team, tmp_path: Path) -> None:
    team.change({"run.sh": None, "train.py": None})

    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))

    assert clone.file(proposal.commit, "run.sh") is None
    assert clone.file(proposal.commit, "train.py") is None
    assert list(proposal.conflicts) == ["train.py"]


@pytest.mark.parametrize("squash", [False, True])
def test_a_later_upgrade_merges_only_what_has_changed_since(
    team: Team, tmp_path: Path, squash: bool
) -> None:
    team.change({"train.py": FILES["train.py"].replace("line 17\n", "my line\n")})
    team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))
    team.accept(squash=squash)
    third = {**NEWEST, "new.py": "2\n"}

    _, proposal = team.upgrade(seed(tmp_path / "three", "3.0.0", third))

    assert proposal.changed == ["new.py"]


def test_a_mode_that_the_team_has_set_stays(team: Team, tmp_path: Path) -> None:
    (tmp_path / "work/run.sh").chmod(0o755)
    team.change({})

    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", {**FILES, "run.sh": "exit 1\n"}))

    assert clone.text("ls-tree", proposal.commit, "run.sh").startswith("100755")
    assert clone.file(proposal.commit, "run.sh") == b"exit 1\n"


def test_an_existing_branch_is_not_moved(team: Team, tmp_path: Path) -> None:
    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))

    with pytest.raises(UpgradeError, match="git push main"):
        clone.push(proposal.commit, "main")


def test_the_record_says_what_has_changed(tmp_path: Path) -> None:
    first = seed(tmp_path / "one", "1.0.0", FILES)
    record = read_record(first.contents()[".seed.json"])

    assert (record.name, record.version) == (NAME, "1.0.0")
    assert changed_files(record, first) == []
    newest = seed(tmp_path / "two", "2.0.0", NEWEST)
    assert changed_files(record, newest) == ["new.py", "train.py", "wheels/library.whl"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "has no .seed.json"),
        (b"", "malformed"),
        (b"[]", "malformed"),
        (b"{}", "malformed"),
        (b'{"name": 1, "version": "1", "files": {}}', "malformed"),
        (b'{"name": "x", "version": "1", "files": []}', "malformed"),
        (b'{"name": "x", "version": "1", "files": {"a": "--help"}}', "malformed"),
        (b'{"name": "x", "version": "1", "files": {"a": 1}}', "malformed"),
        (b"\xff\xfe", "malformed"),
        (
            b'{"name": "x", "version": "1", "files": {"a\\u0000b": "%s"}}' % (b"0" * 40),
            "malformed",
        ),
    ],
)
def test_a_record_that_somebody_has_edited_is_rejected(content: bytes | None, reason: str) -> None:
    with pytest.raises(UpgradeError, match=reason):
        read_record(content)


@pytest.mark.parametrize("path", ["../outside", ".git/hooks/post-checkout", "/etc/passwd"])
def test_a_record_cannot_write_outside_of_the_repository(
    team: Team, tmp_path: Path, path: str
) -> None:
    record = json.loads(team.show("main", ".seed.json"))
    record["files"][path] = record["files"]["run.sh"]
    team.change({".seed.json": json.dumps(record)})

    clone, proposal = team.upgrade(seed(tmp_path / "two", "2.0.0", NEWEST))

    assert proposal.changed == ["new.py", "train.py", "wheels/library.whl"]
    files = clone.text("ls-tree", "-r", "--name-only", proposal.commit).split()
    assert files == sorted([*NEWEST, ".seed.json"])
