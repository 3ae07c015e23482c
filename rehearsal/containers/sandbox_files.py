"""Files that a sandbox has written, read from outside of it.

A program in a container can replace each file and folder that it may write by a symbolic link, also
to a path that exists only on the host. The host would follow the link. These functions follow a
link only if it stays below a root, the source of a mount, which the program cannot replace. The
program must have ended; while it runs, use `open_beneath`, which follows no link at all.
"""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


class OutsideError(ValueError):
    """A path leaves the folder that its program may use."""


def beneath(root: Path, path: Path) -> Path:
    """Returns the real path of `path`, which may not exist.

    Raises:
        OutsideError: the path, or a link on its way, leaves `root`.
    """
    real_root, real = Path(os.path.realpath(root)), Path(os.path.realpath(path))
    if root.is_symlink() or not real.is_relative_to(real_root):
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        raise OutsideError(f"{inside} is a symbolic link out of its folder")
    return real


def open_beneath(root: Path, path: Path) -> BinaryIO:
    """Opens a regular file for reading; no part of the way from `root` may be a symbolic link.

    Raises:
        OutsideError: the path is not below `root`, or is not a regular file.
        OSError: the file cannot be opened, or a part of the way is a symbolic link.
    """
    if not path.is_relative_to(root) or ".." in path.parts:
        raise OutsideError(f"{path} is not below {root}")
    *folders, name = path.relative_to(root).parts
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for folder in folders:
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = below
        # Not blocking: opening a named pipe would wait for its writer.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(name, flags, dir_fd=directory)
    finally:
        os.close(directory)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OutsideError(f"{path.relative_to(root)} is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_beneath(root: Path, path: Path, *, max_bytes: int = 1 << 20) -> bytes:
    """Returns the beginning of a regular file; raises the errors of `open_beneath`.

    Args:
        root: the source of a mount.
        path: the file.
        max_bytes: bytes that are read at most. Defaults to 1 MiB.
    """
    with open_beneath(root, path) as file:
        return file.read(max_bytes)


def remove(directory: Path) -> None:
    """Deletes a folder if it exists, also if its program has made a part of it unreadable."""
    if not directory.exists():
        return

    def retry(function: Callable[[str], Any], path: str, _: Any) -> None:
        try:
            for place in (Path(path).parent, Path(path)):
                if not place.is_symlink():
                    place.chmod(0o700)
            if Path(path).is_dir() and not Path(path).is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                Path(path).unlink()
        except OSError:
            return  # it is gone, or belongs to another user

    shutil.rmtree(directory, onerror=retry)
