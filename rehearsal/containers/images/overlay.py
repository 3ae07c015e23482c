"""Large entries of /opt that a build command may change, without copying them first.

The kernel shows the older layer and writes what changes elsewhere. It is only a means to run a
command fast: what the command changed is then copied into a complete new entry, so that layers on
disk stay plain folders, and where the kernel permits no overlays everything is copied.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.images.layers import Opt
from rehearsal.containers.mounts import Mount, Step

_LARGE = 1_000
"""Files; copying fewer takes no time that anybody would notice."""


@dataclass(frozen=True)
class Overlay:
    """/opt/`name` as the folder `lower`, with changes in `directory`."""

    name: str
    lower: Path
    directory: Path

    @property
    def _upper(self) -> Path:
        return self.directory / "upper"

    def prepare(self) -> None:
        self._upper.mkdir(parents=True)
        self._upper.chmod(self.lower.stat().st_mode & 0o7777)
        (self.directory / "work").mkdir()

    def step(self) -> Step:
        return {
            "kind": "overlay",
            "target": f"/opt/{self.name}",
            "lower": str(self.lower),
            "upper": str(self._upper),
            "work": str(self.directory / "work"),
        }

    @property
    def changed(self) -> bool:
        same_mode = self._upper.stat().st_mode == self.lower.stat().st_mode
        return not same_mode or any(self._upper.iterdir())

    def copy_to(self, target: Path, image: Image) -> None:
        """Copies the entry as it is now to the folder `target`, as `name`."""
        container = Container(
            image,
            entrypoint=["cp", "-a", "--", f"/opt/{self.name}", "/mnt/target/"],
            mounts=[self, Mount(target, "/mnt/target", writable=True)],
        )
        container.start()
        if container.wait() != 0:
            raise OSError(f"Could not copy a changed layer: {' '.join(container.last_lines[-3:])}")

    def remove(self) -> None:
        """Deletes the changes; the kernel keeps a folder there that not even its owner may read."""
        inner = self.directory / "work/work"
        if inner.exists():
            inner.chmod(0o700)
        shutil.rmtree(self.directory)


def large_entries(opt: Opt) -> Opt:
    """The folders with many files, whose paths an overlay's options can hold."""
    return {
        name: path
        for name, path in opt.items()
        if path.is_dir() and not set(str(path)) & set(":,\\") and _is_large(path)
    }


def _is_large(path: Path) -> bool:
    files = itertools.chain.from_iterable(found for _, _, found in os.walk(path))
    return sum(1 for _ in itertools.islice(files, _LARGE)) == _LARGE


def overlays_work(directory: Path, image: Image) -> bool:
    """Tries it: neither every kernel nor every file system has overlays for unprivileged users."""
    with tempfile.TemporaryDirectory(dir=directory) as name:
        lower = Path(name, "lower")
        lower.mkdir()
        (lower / "file").touch()
        overlay = Overlay("probe", lower, Path(name, "changes"))
        overlay.prepare()
        try:
            script = "cd /opt/probe && test -e file && rm file && mkdir new && touch new/file"
            plain = Image(digest="", interpreter=image.interpreter)
            container = Container(plain, entrypoint=["/bin/sh", "-c", script], mounts=[overlay])
            container.start()
            return container.wait() == 0 and overlay.changed
        finally:
            overlay.remove()
