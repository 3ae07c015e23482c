"""Labeled image files of a folder and its zip archives."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops_jobs.failure import InputError

SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_FILE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """An image file.

    Args:
        name: path of the file, for messages.
        label: name of the folder that contains it.
        content: content of the file.
    """

    name: str
    label: str
    content: bytes


def image_files(place: Path) -> Iterator[ImageFile]:
    """Yields the files of a folder, and those of its zip archives, in the order of their paths.

    A file is `LABEL/NAME.png` or `.jpg`. Archives are read without writing their members.

    Args:
        place: the folder, or one zip archive.

    Raises:
        InputError: there is no image, a file has another type or is too large, or an archive
            cannot be read.
    """
    count = 0
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    for path in (path for path in paths if path.is_file()):
        name = path.relative_to(place if place.is_dir() else place.parent)
        if path.name[0] in "._":
            continue
        if path.suffix.lower() == ".zip":
            for found in _members(path):
                count += 1
                yield found
        else:
            count += 1
            yield _file(PurePosixPath(name), path.stat().st_size, path)
    if not count:
        raise InputError(
            "data.uri: got no image; add files such as LABEL/NAME.png, or a zip archive of them"
        )


def _members(archive: Path) -> Iterator[ImageFile]:
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in sorted(opened.infolist(), key=lambda one: one.filename):
                path = PurePosixPath(member.filename)
                if member.is_dir() or path.name[0] in "._":
                    continue
                _check(path, member.file_size)
                content = opened.read(member)
                yield ImageFile(name=str(path), label=_label(path), content=content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise InputError(f"{archive.name}: cannot be read as a zip archive: {error}") from error


def _file(name: PurePosixPath, size: int, path: Path) -> ImageFile:
    _check(name, size)
    return ImageFile(name=str(name), label=_label(name), content=path.read_bytes())


def _check(path: PurePosixPath, size: int) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path}: got a file of another type; allowed: {', '.join(SUFFIXES)}, or a zip archive"
        )
    if size > MAX_FILE_BYTES:
        raise InputError(f"{path}: got {size:,} bytes; allowed: {MAX_FILE_BYTES:,}")


def _label(path: PurePosixPath) -> str:
    label = path.parent.name
    if not label:
        raise InputError(f"{path}: got a file without a folder; the folder's name is the label")
    return label
