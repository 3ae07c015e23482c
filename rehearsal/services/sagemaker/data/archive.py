"""Archives such as model.tar.gz: packing, and safe extraction."""

import tarfile
from pathlib import Path

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


def extract(archive: Path, directory: Path, *, origin: str) -> None:
    """Extracts an archive into a directory.

    SageMaker does not extract symbolic links ("Failed to extract model data archive" of AWS's
    knowledge center).

    Args:
        archive: the archive.
        directory: the directory, which is created.
        origin: the S3 URI of the archive, for messages.

    Raises:
        ExecutionFailedError: the archive is invalid, or has symbolic links, devices or members that
            would leave the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            links = [member.name for member in tar if member.issym()]
            if links:
                raise ExecutionFailedError(
                    f'ClientError: Failed to extract model data archive from URL "{origin}". '
                    "Please ensure that the object located at the URL is a valid tar.gz archive: "
                    f"it has symbolic links ({', '.join(links[:5])}); pack the files themselves."
                )
            tar.extractall(directory, filter="data")
    except tarfile.TarError as error:
        raise ExecutionFailedError(
            f"ClientError: Failed to extract model data from {origin}: {error}. It must be a "
            "gzip-compressed tar archive whose members stay inside of it."
        ) from error
    except EOFError as error:
        raise ExecutionFailedError(
            f"ClientError: Failed to extract model data from {origin}: the archive is cut short."
        ) from error
    except OSError as error:
        raise disk_failure(error, directory / "x") from error
