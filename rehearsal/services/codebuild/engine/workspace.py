"""The folders of a build, and their mounts in its container.

<volume>/builds/<build>/data      /codebuild/volume, the only writable folder but for `control`
    root                          /root; /root/.cache links to `cache`
    cache                         hard links do not cross mounts, so it is below `data`
    tmp                           /tmp
    output                        /codebuild/output: sources below src<number>/src
    python                        /codebuild/python: the environment of `pip install`, an overlay
<volume>/builds/<build>/python    the changes of that overlay
<volume>/builds/<build>/control   /codebuild/control: the commands of the shell, and its state
<caches>                          a project's LOCAL_CUSTOM_CACHE

A build shares no folder with the host or with another build. A cache belongs to one project, and is
moved into the build and back.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import random
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rehearsal.containers.docker import program as docker_program
from rehearsal.containers.interpreter import running_interpreter
from rehearsal.containers.mounts import File, Link, Mount, Mountable, hidden
from rehearsal.containers.registries import Registries, registries
from rehearsal.containers.sandbox_files import OutsideError, beneath, remove

VOLUME = "/codebuild/volume"
CONTROL = "/codebuild/control"
TOOLS = "/codebuild/readonly/bin"
PYTHON_HOME = "/codebuild/python"
HOME = "/root"
_TOOL_NAMES = ("aws", "aws_completer", "node", "npm", "npx", "corepack")
_GLOB = ("*", "?", "[")
_MAX_REPLACEMENTS = 10


class BuildWorkspace:
    """The folders of one build.

    Args:
        volume: the parent folder of all builds and caches.
        build_uuid: the id of the build.
        environment: the environment variables of the rehearsal's user.
        home: the home folder of the rehearsal's user.
    """

    def __init__(
        self, volume: Path, build_uuid: str, *, environment: Mapping[str, str], home: Path
    ) -> None:
        self.directory = volume.resolve() / "builds" / build_uuid
        self._environment = environment
        self._home = home
        number = random.Random(build_uuid).randrange(10**8, 10**9)  # noqa: S311  # a name only
        self.source_path = f"/codebuild/output/src{number}/src"

    @property
    def data(self) -> Path:
        """The folder that the build can write; everything in it may be a link by the build."""
        return self.directory / "data"

    @property
    def control(self) -> Path:
        """The folder that controls the shell; the build can write it, too."""
        return self.directory / "control"

    def create(self) -> None:
        """Creates the folders."""
        for name in ("root", "cache", "tmp", "output/tmp", "python"):
            (self.data / name).mkdir(parents=True)
        self.control.mkdir()
        # A link, so that environments below /root/.cache and the sources are in one mount.
        (self.data / "root/.cache").symlink_to(f"{VOLUME}/cache")
        self.host_path(self.source_path).mkdir(parents=True)

    def remove(self) -> None:
        """Deletes the folders."""
        remove(self.directory)

    def host_path(self, path: str) -> Path:
        """Returns the path on this machine of a path in the container.

        Raises:
            ValueError: the path is not below /codebuild/output, /root or /tmp.
            OutsideError: the build has replaced a folder by a link out of its folders.
        """
        folders = {
            "/codebuild/output": "output",
            f"{HOME}/.cache": "cache",
            HOME: "root",
            "/tmp": "tmp",  # noqa: S108
        }
        normal = os.path.normpath(path)
        for inside, folder in folders.items():
            if normal == inside or normal.startswith(f"{inside}/"):
                found = self.data / folder / normal[len(inside) :].lstrip("/")
                return beneath(self.data, found.parent) / found.name
        raise ValueError(f"{path} is not below {', '.join(folders)}")

    def mounts(self, ca_bundle: Path) -> list[Mountable]:
        """Returns the mounts of a build beside the operating system."""
        return [
            Mount(self.data, VOLUME, writable=True),
            Mount(self.control, CONTROL, writable=True),
            Link(f"{VOLUME}/output", "/codebuild/output"),
            Link(f"{VOLUME}/python", PYTHON_HOME),
            Mount(self.data / "root", HOME, writable=True),
            Mount(self.data / "tmp", "/tmp", writable=True),  # noqa: S108
            *self.tools(ca_bundle),
        ]

    def tools(self, ca_bundle: Path) -> list[Mountable]:
        """Returns the read-only mounts of this machine's tools and registry settings."""
        prefix = Path(sys.prefix)
        tools = [name for name in _TOOL_NAMES if (prefix / "bin" / name).exists()]
        mounts: list[Mountable] = [_script(prefix / "bin" / name) for name in tools]
        content = f"#!/usr/bin/env python3\n{Path(docker_program.__file__).read_text()}"
        mounts.append(File(f"{TOOLS}/docker", content, "755"))
        readable = hidden([*running_interpreter().prefixes, prefix, ca_bundle.resolve()])
        mounts += [Mount(path, str(path)) for path in readable]
        return [*mounts, *self.registries.mounts]

    @functools.cached_property
    def registries(self) -> Registries:
        """The package registries of this machine."""
        return registries(self._environment, self._home)


class ProjectCache:
    """The LOCAL_CUSTOM_CACHE of a project.

    AWS links the folders to the build host's disk. Here, they are moved into the build and back.

    Args:
        directory: the folder of the cache.
        paths: the cache paths of the build specification.
    """

    def __init__(self, directory: Path, paths: Sequence[str]) -> None:
        self._directory = directory
        self._paths = [_folder(path) for path in paths]

    def restore(self, workspace: BuildWorkspace) -> list[str]:
        """Moves the cached folders into the build; returns their paths."""
        restored = []
        for path, kept, place in self._places(workspace):
            if kept.is_dir() and not os.path.lexists(place):
                place.parent.mkdir(parents=True, exist_ok=True)
                try:
                    shutil.move(kept, place)
                except FileNotFoundError:
                    continue  # another build of the project has taken it
                restored.append(path)
        return restored

    def save(self, workspace: BuildWorkspace) -> list[str]:
        """Moves folders of the build into the cache; returns their paths."""
        saved = []
        for path, kept, place in self._places(workspace):
            if _is_folder(place):
                kept.parent.mkdir(parents=True, exist_ok=True)
                # Under a name of this build first: another one may save at the same time.
                moved = kept.with_name(f"{kept.name}-{workspace.directory.name}")
                shutil.move(place, moved)
                if _replace(moved, kept):
                    saved.append(path)
        return saved

    def _places(self, workspace: BuildWorkspace) -> Iterator[tuple[str, Path, Path]]:
        for path in self._paths:
            absolute = path if path.startswith("/") else f"{workspace.source_path}/{path}"
            name = hashlib.sha256(path.encode()).hexdigest()[:16]
            try:
                yield path, self._directory / name, workspace.host_path(absolute)
            except OutsideError:
                continue  # a link of the source or of the build; it is not followed


def _replace(folder: Path, target: Path) -> bool:
    """Renames a folder; of several at the same time, the last one stays.

    Returns False, and removes the folder, if the target cannot be removed.
    """
    for _ in range(_MAX_REPLACEMENTS):
        remove(target)
        try:
            folder.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return True
    remove(folder)
    return False


def _script(program: Path) -> File:
    """Returns a file of the build that starts a program of this machine."""
    return File(f"{TOOLS}/{program.name}", f'#!/bin/sh\nexec "{program}" "$@"\n', "755")


def _is_folder(path: Path) -> bool:
    """Returns True for a folder that is not a link."""
    return os.path.lexists(path) and stat.S_ISDIR(path.lstat().st_mode)


def _folder(pattern: str) -> str:
    """Returns the folder of a pattern, such as /root/.cache/pip of `/root/.cache/pip/**/*`."""
    parts = pattern.split("/")
    kept = [part for part in parts if not any(sign in part for sign in _GLOB)]
    return "/".join(kept).rstrip("/") or "."
