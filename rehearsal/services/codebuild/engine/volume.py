"""One mount for the folders of builds and for uv's cache, because hard links do not cross mounts.

uv links the files of an environment to its cache, which takes seconds where copies take a minute.
The cache is that of the user, so that a second rehearsal downloads nothing, and can be anywhere. So
a build sees the common parent folder of both, in which everything else is hidden.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.containers.mounts import Mount, Step

#: The path at which a build sees the common parent folder.
VOLUME = "/codebuild/volume"
_UV = "/codebuild/uv"
_MAX_HIDDEN = 2_000


@dataclass(frozen=True)
class Hidden(Mount):
    """An empty folder in the place of `target`."""

    def step(self) -> Step:
        return {"kind": "tmpfs", "target": self.target, "mode": "700"}


@dataclass(frozen=True)
class BuildVolume:
    """The paths of a build's folders and of uv's cache inside of the build, and their mounts."""

    builds: str
    uv_cache: str
    mounts: tuple[Mount, ...]


def uv_cache_directory(environment: Mapping[str, str], home: Path) -> Path:
    """Returns the cache directory of uv on this machine: UV_CACHE_DIR or ~/.cache/uv."""
    caches = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    cache = Path(environment.get("UV_CACHE_DIR") or caches / "uv")
    cache.mkdir(parents=True, exist_ok=True)
    return cache.resolve()


def lay_out(builds: Path, uv_cache: Path, empty_file: Path) -> BuildVolume:
    """Returns one mount for `builds` and `uv_cache` if this machine allows it, else two.

    Args:
        builds: the folder of a build.
        uv_cache: the cache directory of uv.
        empty_file: a file that replaces the files hidden from a build.
    """
    common = Path(os.path.commonpath([builds, uv_cache]))
    hidden = list(_beside(common, [builds, uv_cache]))
    if not _one_mount(common, builds, uv_cache) or len(hidden) > _MAX_HIDDEN:
        return BuildVolume(
            VOLUME,
            _UV,
            (Mount(builds, VOLUME, writable=True), Mount(uv_cache, _UV, writable=True)),
        )
    masks = tuple(_mask(path, common, empty_file) for path in hidden)
    return BuildVolume(
        _inside(builds, common),
        _inside(uv_cache, common),
        (Mount(common, VOLUME, writable=True), *masks),
    )


def _inside(path: Path, common: Path) -> str:
    return f"{VOLUME}/{path.relative_to(common)}".rstrip("/.")


def _mask(path: Path, common: Path, empty_file: Path) -> Mount:
    target = _inside(path, common)
    return Hidden(path, target) if path.is_dir() else Mount(empty_file, target)


def _beside(common: Path, kept: list[Path]) -> Iterator[Path]:
    """Yields the entries to hide in all folders from `common` down to the kept ones."""
    ways = {parent for path in kept for parent in path.parents if parent.is_relative_to(common)}
    for folder in ways:
        for entry in folder.iterdir():
            if entry not in ways and entry not in kept and not entry.is_symlink():
                yield entry


def _one_mount(*paths: Path) -> bool:
    mounts = _mount_points()
    return len({_mount_of(path, mounts) for path in paths}) == 1


def _mount_points() -> set[Path]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {Path(line.split(" ")[4].replace("\\040", " ")) for line in lines}


def _mount_of(path: Path, mounts: set[Path]) -> Path:
    return next(place for place in (path, *path.parents) if place in mounts)
