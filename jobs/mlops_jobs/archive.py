"""Archives of models, as SageMaker packs the folder of a training job."""

import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mlops_jobs.failure import InputError

Loaded = TypeVar("Loaded")


def load_archive(file: Path, load: Callable[[Path], Loaded]) -> Loaded:
    """Loads the model of an archive.

    Args:
        file: path of `model.tar.gz`.
        load: loads the model of a folder, which is removed afterwards.

    Returns:
        The result of `load`.

    Raises:
        InputError: the file is not an archive, or it has a member that is outside of its folder, a
            link to such a place, or a device.

    Source:
        https://docs.python.org/3/library/tarfile.html#tarfile-extraction-filter
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(file, "r:gz") as archive:
                archive.extractall(folder, filter="data")
        except tarfile.FilterError as error:
            raise InputError(
                f"{file}: got a member that the archive of a model must not have: {error}"
            ) from error
        except (OSError, EOFError, tarfile.TarError) as error:
            raise InputError(f"{file}: cannot be read as a tar.gz archive: {error}") from error
        return load(Path(folder))


def model_files(folder: Path, *names: str) -> list[bytes]:
    """Returns the contents of files of a model.

    Args:
        folder: folder of the model.
        names: names of the files.

    Returns:
        The content of each file.

    Raises:
        InputError: a file is missing.
    """
    for name in names:
        if not (folder / name).is_file():
            found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else "nothing"
            raise InputError(
                f"{folder / name}: no such file; the training job writes it. Got {found}"
            )
    return [(folder / name).read_bytes() for name in names]
