"""The folders of a build, and their mounts in its container.

<volume>/builds/<build>/root      /root; /root/.cache/uv links to the uv cache of this machine
<volume>/builds/<build>/tmp       /tmp
<volume>/builds/<build>/output    /codebuild/output: sources below src<number>/src
<volume>/builds/<build>/python    /codebuild/python: the environment of `pip install`
<volume>/caches/<project>         a project's LOCAL_CUSTOM_CACHE
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.containers.docker import program as docker_program
from rehearsal.containers.interpreter import running_interpreter
from rehearsal.containers.mounts import Mount, Step, hidden, package_registries
from rehearsal.services.codebuild.engine.volume import BuildVolume, lay_out, uv_cache_directory

TOOLS = "/codebuild/readonly/bin"
PYTHON_HOME = "/codebuild/python"
HOME = "/root"
_TOOL_NAMES = ("aws", "aws_completer", "node", "npm", "npx", "corepack")
_NODE_VARIABLES = ("NPM_CONFIG_", "npm_config_")
_GLOB = ("*", "?", "[")


@dataclass(frozen=True)
class Link(Mount):
    """A symbolic link at `target` to `source`, a path inside of the container."""

    def step(self) -> Step:
        return {"kind": "symlink", "source": str(self.source), "target": self.target}


@dataclass(frozen=True)
class Script(Mount):
    """An executable file inside of the container that starts the program `source`."""

    def step(self) -> Step:
        content = f'#!/bin/sh\nexec "{self.source}" "$@"\n'
        return {"kind": "file", "target": self.target, "content": content, "mode": "755"}


@dataclass(frozen=True)
class Program(Mount):
    """An executable file inside of the container with the text of the Python program `source`."""

    def step(self) -> Step:
        content = f"#!/usr/bin/env python3\n{self.source.read_text()}"
        return {"kind": "file", "target": self.target, "content": content, "mode": "755"}


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
        self._shown = BuildVolume("", "", ())

    def create(self) -> None:
        """Creates the folders."""
        for name in ("root", "cache", "tmp", "output/tmp", "control", "python"):
            (self.directory / name).mkdir(parents=True)
        empty_file = self.directory.parent.parent / "empty"
        empty_file.touch()
        uv_cache = uv_cache_directory(self._environment, self._home)
        self._shown = lay_out(self.directory, uv_cache, empty_file)
        # A link, so that environments below /root/.cache are in one mount with uv's cache.
        (self.directory / "root/.cache").symlink_to(f"{self._shown.builds}/cache")
        (self.directory / "cache/uv").symlink_to(self._shown.uv_cache)
        self.host_path(self.source_path).mkdir(parents=True)

    def remove(self) -> None:
        """Deletes the folders."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def host_path(self, path: str) -> Path:
        """Returns the path on this machine of a path in the container.

        Raises:
            ValueError: the path is not below /codebuild/output, /root or /tmp.
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
                return self.directory / folder / normal[len(inside) :].lstrip("/")
        raise ValueError(f"{path} is not below {', '.join(folders)}")

    def control_path(self, name: str) -> str:
        """Returns the path in the container of a file in the folder that controls the shell."""
        return f"{self._shown.builds}/control/{name}"

    def mounts(self, ca_bundle: Path) -> list[Mount]:
        """Returns the mounts of a build beside the operating system."""
        inside, home, prefix = self._shown.builds, self._home, Path(sys.prefix)
        mounts = [
            *self._shown.mounts,
            Link(Path(f"{inside}/output"), "/codebuild/output"),
            Link(Path(f"{inside}/python"), PYTHON_HOME),
            Mount(self.directory / "root", HOME, writable=True),
            Mount(self.directory / "tmp", "/tmp", writable=True),  # noqa: S108
        ]
        tools = [name for name in _TOOL_NAMES if (prefix / "bin" / name).exists()]
        mounts += [Script(prefix / "bin" / name, f"{TOOLS}/{name}") for name in tools]
        mounts.append(Program(Path(docker_program.__file__), f"{TOOLS}/docker"))
        readable = hidden([*running_interpreter().prefixes, prefix, ca_bundle.resolve()])
        mounts += [Mount(path, str(path)) for path in readable]
        mounts += package_registries(self._environment, home)[1]
        if (home / ".npmrc").is_file():
            mounts.append(Mount(home / ".npmrc", f"{HOME}/.npmrc"))
        return mounts

    def registry_variables(self) -> dict[str, str]:
        """Returns the registry settings of pip, uv and npm on this machine."""
        variables, _ = package_registries(self._environment, self._home)
        own = {k: v for k, v in self._environment.items() if k.startswith(_NODE_VARIABLES)}
        return variables | own


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
            if kept.is_dir() and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                kept.rename(place)
                restored.append(path)
        return restored

    def save(self, workspace: BuildWorkspace) -> list[str]:
        """Moves folders of the build into the cache; returns their paths."""
        saved = []
        for path, kept, place in self._places(workspace):
            if place.is_dir() and not place.is_symlink():
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(kept, ignore_errors=True)
                place.rename(kept)
                saved.append(path)
        return saved

    def _places(self, workspace: BuildWorkspace) -> Iterator[tuple[str, Path, Path]]:
        for path in self._paths:
            absolute = path if path.startswith("/") else f"{workspace.source_path}/{path}"
            name = hashlib.sha256(path.encode()).hexdigest()[:16]
            yield path, self._directory / name, workspace.host_path(absolute)


def _folder(pattern: str) -> str:
    """Returns the folder of a pattern, such as /root/.cache/pip of `/root/.cache/pip/**/*`."""
    parts = pattern.split("/")
    kept = [part for part in parts if not any(sign in part for sign in _GLOB)]
    return "/".join(kept).rstrip("/") or "."
