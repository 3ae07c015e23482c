"""Files of a sandbox, read from outside: no link leads out of it."""

import os
from pathlib import Path

import pytest

from rehearsal.containers.sandbox_files import (
    OutsideError,
    beneath,
    open_beneath,
    read_beneath,
    remove,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("SECRET")
    root = tmp_path / "sandbox mit ü"
    (root / "folder").mkdir(parents=True)
    (root / "folder/file").write_text("content")
    return root


def test_links_inside_are_followed(root: Path) -> None:
    (root / "link").symlink_to("folder")
    assert beneath(root, root / "link/file").read_text() == "content"
    assert beneath(root, root / "missing/file") == root / "missing/file"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "..", "folder/../../secret", "/"])
def test_links_out_are_rejected(root: Path, target: str) -> None:
    (root / "link").symlink_to(target)
    for path in (root / "link", root / "link/further"):
        with pytest.raises(OutsideError, match=r"link.* is a symbolic link out of its folder"):
            beneath(root, path)


def test_a_root_that_is_a_link_is_rejected(root: Path, tmp_path: Path) -> None:
    (tmp_path / "replaced").symlink_to(root)
    with pytest.raises(OutsideError):
        beneath(tmp_path / "replaced", tmp_path / "replaced/folder/file")


def test_a_path_above_the_root_is_rejected(root: Path) -> None:
    with pytest.raises(OutsideError):
        beneath(root, root / "../secret")
    with pytest.raises(OutsideError):
        open_beneath(root, root / "../secret")


@pytest.mark.parametrize("link", ["file", "folder", "chain"])
def test_an_open_file_is_reached_through_no_link(root: Path, link: str) -> None:
    (root / "out").symlink_to("/etc/passwd")
    (root / "away").symlink_to("folder")
    (root / "chain").symlink_to("away")
    path = {"file": "out", "folder": "away/file", "chain": "chain/file"}[link]
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        open_beneath(root, root / path)
    assert read_beneath(root, root / "folder/file", max_bytes=4) == b"cont"


def test_a_pipe_is_not_opened_for_ever(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(OutsideError, match="not a regular file"):
        open_beneath(root, root / "pipe")


def test_unreadable_folders_are_removed_and_links_are_not_followed(
    root: Path, tmp_path: Path
) -> None:
    (root / "closed/inner").mkdir(parents=True)
    (root / "closed/inner/file").touch()
    (root / "link").symlink_to(tmp_path)
    (root / "closed/inner").chmod(0)
    (root / "closed").chmod(0)
    remove(root)
    assert not root.exists()
    assert (tmp_path / "secret").exists()
