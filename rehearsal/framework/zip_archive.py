"""Zip files as CodePipeline and CodeBuild exchange them: modes and symbolic links are kept."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

# One date for every entry, so that archives of equal content are equal.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    """Returns the header of a zip entry with a Unix file mode (type and permission bits)."""
    header = zipfile.ZipInfo(name, _EPOCH)
    header.create_system = _UNIX
    header.external_attr = mode << 16
    header.compress_type = zipfile.ZIP_DEFLATED
    return header


def pack(archive: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Writes `archive` from pairs of (name in the archive, file or symbolic link)."""
    with zipfile.ZipFile(archive, "w") as target:
        for name, path in files:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                target.writestr(entry(name, mode), str(path.readlink()))
            else:
                target.writestr(entry(name, mode), path.read_bytes(), compresslevel=1)


def unpack(archive: Path, directory: Path) -> None:
    """Extracts `archive` into `directory`.

    Raises:
        ValueError: an entry would be extracted outside of the directory.
        zipfile.BadZipFile: the file is not a zip file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    links: list[tuple[Path, str]] = []
    with zipfile.ZipFile(archive) as source:
        for header in source.infolist():
            _check_name(header.filename)
            target = directory / header.filename
            mode = header.external_attr >> 16
            if header.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                links.append((target, source.read(header).decode()))
                continue
            target.write_bytes(source.read(header))
            if mode & 0o777:
                target.chmod(mode & 0o777)
    # Links are created last, so that no entry is written through a link to the outside.
    for target, destination in links:
        target.symlink_to(destination)


def _check_name(name: str) -> None:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"zip entry {name!r} would be extracted outside of its directory")
