"""RUN instructions of a Dockerfile."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from rehearsal.containers.container import Container, run_to_end
from rehearsal.containers.image import Image
from rehearsal.containers.images.overlay import Overlay
from rehearsal.containers.limits import GIBIBYTE, Limits
from rehearsal.containers.mounts import Mount
from rehearsal.containers.registries import registries
from rehearsal.containers.specification import Network

_OPT = PurePosixPath("/opt")
_MAX_SECONDS = 3600.0
_SHELL = ["/bin/sh", "-c"]
# CodePipeline publishes no figures for ECRBuildAndPublish: those of BUILD_GENERAL1_MEDIUM.
_LIMITS = Limits(memory=8 * GIBIBYTE, cpus=4, disk=128 * GIBIBYTE)


class ImageBuildError(Exception):
    """An image could not be built; the log has the output of the command."""


class MountPointBusyError(ImageBuildError):
    """A command replaces an entry of /opt that is a mount point."""


def run_command(
    image: Image,
    words: Sequence[str],
    arguments: Mapping[str, str],
    opt: Path,
    cache: Path,
    log: Callable[[str], None],
    stop: threading.Event,
    overlays: Sequence[Overlay] = (),
) -> None:
    """Runs a command in a container with access to package registries.

    Args:
        image: the image before the command.
        words: the command.
        arguments: values of ARG.
        opt: folder that is mounted as /opt, writable.
        cache: folder for uv's cache, of this build alone.
        log: receives the lines of output.
        stop: stops the command when it is set.
        overlays: entries that are not in `opt`; those that the command changes are copied to it.
            Defaults to none.

    Raises:
        ImageBuildError: the command was stopped or returned a nonzero exit code.
    """
    present = {entry.name for entry in opt.iterdir()}
    found = registries(os.environ, Path.home())
    settings = found.variables | {
        # Copies instead of hard links, which do not cross mounts.
        "UV_LINK_MODE": "copy",
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_USER": "0",  # an installation into the home directory would be lost
    }
    taken = present | {overlay.name for overlay in overlays}
    mounts = [mount for mount in found.mounts if _opt_name(mount.target) not in taken]
    mounts.append(Mount(cache, "/root/.cache/uv", writable=True))
    container = Container(
        image,
        entrypoint=words,
        environment={**settings, **arguments},
        mounts=[*overlays, *mounts],
        network=Network.INTERNET,
        outside=found.outside,
        opt=opt,
        limits=_LIMITS,
        host_name="build",
        on_line=log,
    )
    ended = run_to_end(container, stop=stop, max_seconds=_MAX_SECONDS, grace=2)
    if stop.is_set():
        raise ImageBuildError("The build was stopped.")
    if ended.timed_out:
        raise ImageBuildError(f"The command ran longer than {_MAX_SECONDS:.0f} seconds: {words}")
    _check(container, list(words), ended.exit_code)
    targets = [mount.target for mount in mounts]
    targets += [str(prefix) for prefix in image.interpreter.prefixes]
    names = {_opt_name(target) for target in targets} | {overlay.name for overlay in overlays}
    for name in names - present - {None}:
        _remove_mount_points(opt / str(name))
    for overlay in overlays:
        if overlay.changed:
            overlay.copy_to(opt, image)


def _check(container: Container, words: list[str], code: int) -> None:
    if code == 0:
        return
    hint = ""
    if container.exceeded is not None:
        hint = f" Killed, {container.limits.message(container.exceeded)}."
    if any("Read-only file system" in line for line in container.last_lines):
        hint += (
            " The rehearsal keeps only /opt of an image, and all other folders are read-only:"
            " install into a virtual environment, python3 -m venv /opt/venv."
        )
    if any("Device or resource busy" in line for line in container.last_lines):
        raise MountPointBusyError(f"{words}: a mount point is busy")
    command = words[2] if words[:2] == _SHELL else repr(words)
    last = next((line for line in reversed(container.last_lines) if line.strip()), "")
    raise ImageBuildError(
        f"The command {command!r} returned a non-zero code: {code}.{hint} Its last output: {last}"
    )


def _opt_name(target: str) -> str | None:
    path = PurePosixPath(target)
    inside = path.is_relative_to(_OPT) and path != _OPT
    return path.relative_to(_OPT).parts[0] if inside else None


def _remove_mount_points(path: Path) -> None:
    """Removes empty folders and files that were mount points, and follows no link."""
    if path.is_dir() and not path.is_symlink():
        for entry in path.iterdir():
            _remove_mount_points(entry)
        path.rmdir()
    elif os.path.lexists(path):
        path.unlink()
