"""Archives such as model.tar.gz: packing, and safe extraction."""

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Self

from rehearsal.services.sagemaker.data.transfer import disk_failure
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError


def pack(directory: Path, archive: Path, *others: Path) -> None:
    """Packs the content of directories (not the directories themselves), as SageMaker does.

    Args:
        directory: the directory of the first host of a job.
        archive: the new archive.
        others: those of its other hosts; a file replaces one of the same name of an earlier host.
    """
    entries: dict[str, Path] = {}
    try:
        for root in (directory, *others):
            for path in _below(root):
                _put(entries, path.relative_to(root), path)
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            for name in sorted(entries, key=lambda one: one.split("/")):
                tar.add(entries[name], arcname=name, recursive=False)
    except OSError as error:
        raise disk_failure(error, archive) from error


def _below(root: Path) -> Iterator[Path]:
    """Yields files, folders and links below a directory; no link is followed."""

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, files in os.walk(root, onerror=fail):
        yield from (Path(folder, name) for name in (*folders, *files))


def _put(entries: dict[str, Path], name: PurePath, path: Path) -> None:
    """Adds an entry, instead of earlier ones that cannot exist beside it."""
    for parent in name.parents:
        if not _is_folder(entries.get(parent.as_posix(), path.parent)):
            del entries[parent.as_posix()]
    if not _is_folder(path) and _is_folder(entries.get(name.as_posix(), path)):
        below = [one for one in entries if one.startswith(f"{name.as_posix()}/")]
        for one in below:
            del entries[one]
    entries[name.as_posix()] = path


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


_DAMAGED = (
    tarfile.InvalidHeaderError,  # type: ignore[attr-defined]  # missing in typeshed
    tarfile.TruncatedHeaderError,  # type: ignore[attr-defined]
)


class _Member(tarfile.TarInfo):
    """A member whose damaged header is an error; tarfile itself takes it for the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except _DAMAGED as error:
            raise tarfile.ReadError(f"damaged at byte {tarfile_.offset}: {error}") from error


def extract(archive: Path, directory: Path, *, origin: str) -> None:
    """Extracts an archive into a directory.

    SageMaker does not extract symbolic links ("Failed to extract model data archive" of AWS's
    knowledge center). Members with an absolute name are extracted below the directory.

    Args:
        archive: the archive.
        directory: the directory, which is created.
        origin: the S3 URI of the archive, for messages.

    Raises:
        ExecutionFailedError: the archive is no gzip-compressed tar archive or is damaged, or has
            symbolic links, devices or members that would leave the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz", tarinfo=_Member) as tar:
            links = [member.name for member in tar if member.issym()]
            if links:
                raise _not_extracted(
                    origin, f"it has symbolic links ({', '.join(links[:5])}); pack the files"
                )
            tar.extractall(directory, filter="data")
            _read_to_the_end(tar)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error) as error:
        raise _not_extracted(origin, str(error)) from error
    except EOFError as error:
        raise _not_extracted(origin, "it is cut short") from error
    except OSError as error:
        raise disk_failure(error, directory / "x") from error


def _read_to_the_end(tar: tarfile.TarFile) -> None:
    """Reads what follows the last member, so that gzip compares its checksum."""
    while tar.fileobj is not None and tar.fileobj.read(1 << 20):
        pass


def _not_extracted(origin: str, problem: str) -> ExecutionFailedError:
    return ExecutionFailedError(
        f'ClientError: Failed to extract model data archive from URL "{origin}". Please ensure '
        f"that the object located at the URL is a valid tar.gz archive: {problem}."
    )
