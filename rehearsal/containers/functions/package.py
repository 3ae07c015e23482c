"""The code and the layers of a Lambda function, unpacked into folders that its container sees."""

import io
import platform
import shutil
import struct
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_ELF_MACHINES = {62: "x86_64", 183: "arm64"}
_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
_READABLE = 0o555


class FunctionError(RuntimeError):
    """A function that cannot be started, or has ended.

    Args:
        error_type: the error type of Lambda, as `Runtime.ExitError`.
        message: the message.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class PackageError(FunctionError):
    """A package that Lambda, or this machine, cannot run."""

    def __init__(self, message: str) -> None:
        super().__init__("Runtime.InvalidEntrypoint", message)


def unpack(archive: bytes, directory: Path) -> None:
    """Unpacks a deployment package with the modes of its files.

    Links become files with the name of their target, and paths never leave the directory.

    Raises:
        PackageError: it is not a zip archive.
    """
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as package:
            for member in package.infolist():
                target = Path(package.extract(member, directory))
                mode = (member.external_attr >> 16) & 0o777
                # The function is another user, who needs to read what the archive holds.
                target.chmod((mode or 0o644) | (_READABLE if target.is_dir() else 0o444))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise PackageError(f"The deployment package cannot be unpacked: {error}") from error


def unpack_layers(layers: Sequence[bytes], directory: Path) -> None:
    """Unpacks layers into one folder, as Lambda does at /opt: later ones replace files."""
    directory.mkdir(parents=True, exist_ok=True)
    for layer in layers:
        unpack(layer, directory)


def link_node_modules(code: Path, layers: Path) -> None:
    """Links the packages of layers beside the code, where `import` of Node finds them."""
    modules = layers / "nodejs" / "node_modules"
    if not modules.is_dir():
        return
    linked = code / "node_modules"
    linked.mkdir(exist_ok=True)
    for package in sorted(modules.iterdir()):
        if not (linked / package.name).exists():
            (linked / package.name).symlink_to(f"/opt/nodejs/node_modules/{package.name}")


def remove(directory: Path) -> None:
    """Deletes the folders of a package, also those that cannot be written."""
    for folder in [directory, *(path for path in directory.rglob("*") if path.is_dir())]:
        if not folder.is_symlink():
            folder.chmod(0o700)
    shutil.rmtree(directory)


def check_architecture(architecture: str, *directories: Path) -> None:
    """Checks that programs and libraries are of the function's architecture, and of this machine.

    Args:
        architecture: `x86_64` or `arm64`.
        directories: the folders of the code and the layers.

    Raises:
        PackageError: a file is of another architecture.
    """
    here = _MACHINES.get(platform.machine(), platform.machine())
    for path, machine in _binaries(directories):
        if machine != architecture:
            raise PackageError(
                f"{path.name} is a binary for {machine}, and the function has the architecture "
                f"{architecture}: cannot execute binary file: Exec format error. Build the package "
                "for the architecture of the function."
            )
        if machine != here:
            raise PackageError(
                f"{path.name} is a binary for {machine}. The rehearsal runs functions on this "
                f"machine, which is {here}: use that architecture to rehearse this function."
            )


def _binaries(directories: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yields ELF files of a known architecture."""
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                head = file.read(20)
            if head[:4] == b"\x7fELF" and len(head) == 20:
                (machine,) = struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])
                if machine in _ELF_MACHINES:
                    yield path, _ELF_MACHINES[machine]
