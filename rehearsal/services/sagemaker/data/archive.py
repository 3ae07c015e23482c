"""Archives such as model.tar.gz: packing, and safe extraction."""

import gzip
import tarfile
import zlib
from pathlib import Path
from typing import Self

from rehearsal.services.sagemaker.data.transfer import disk_failure
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError


def pack(directory: Path, archive: Path) -> None:
    """Packs the content of a directory (not the directory itself), as SageMaker does."""
    try:
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            for path in sorted(directory.iterdir()):
                tar.add(path, arcname=path.name)
    except OSError as error:
        raise disk_failure(error, archive) from error


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
