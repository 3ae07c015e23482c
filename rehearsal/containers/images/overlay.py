"""Overlays for large entries of /opt, so that a build command needs no copy of them.

The kernel writes changes to a separate folder. A changed entry is then copied as a whole, so that
layers stay plain folders. Without support for overlays, entries are copied before the command.
"""

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

_MIN_FILES = 1_000  # copying fewer is fast


@dataclass(frozen=True)
class Overlay:
    """The folder `lower` as `parent`/`name`, with changes in `directory`."""

    name: str
    lower: Path
    directory: Path
    parent: str = "/opt"

    @property
    def target(self) -> str:
        """The path in the container."""
        return f"{self.parent}/{self.name}"

    @property
    def _upper(self) -> Path:
        return self.directory / "upper"

    def prepare(self) -> None:
        """Creates the folders of the changes."""
        self._upper.mkdir(parents=True)
        self._upper.chmod(self.lower.stat().st_mode & 0o7777)
        (self.directory / "work").mkdir()

    def step(self) -> Step:
        """Returns the step that mounts it."""
        return {
            "kind": "overlay",
            "target": self.target,
            "lower": str(self.lower),
            "upper": str(self._upper),
            "work": str(self.directory / "work"),
        }

    @property
    def changed(self) -> bool:
        """True if the entry was changed."""
        same_mode = self._upper.stat().st_mode == self.lower.stat().st_mode
        return not same_mode or any(self._upper.iterdir())

    def copy_to(self, target: Path, image: Image) -> None:
        """Copies the current state of the entry to `target`/`name`."""
        container = Container(
            image,
            entrypoint=["cp", "-a", "--", self.target, "/mnt/target/"],
            mounts=[self, Mount(target, "/mnt/target", writable=True)],
        )
        container.start()
        if container.wait() != 0:
            raise OSError(f"Could not copy a changed layer: {' '.join(container.last_lines[-3:])}")

    def remove(self) -> None:
        """Deletes the changes, with the kernel's folder that its owner cannot read."""
        inner = self.directory / "work/work"
        if inner.exists():
            inner.chmod(0o700)
        shutil.rmtree(self.directory)


def large_entries(opt: Opt) -> Opt:
    """Returns the folders with many files and a path that is valid in overlay options."""
    return {
        name: path
        for name, path in opt.items()
        if path.is_dir() and not path.is_symlink() and is_valid_option(path) and _is_large(path)
    }


def is_valid_option(path: Path) -> bool:
    """Returns True if the kernel can read a path in the options of an overlay."""
    return not set(str(path)) & set(":,\\")


def _is_large(path: Path) -> bool:
    files = itertools.chain.from_iterable(found for _, _, found in os.walk(path))
    return sum(1 for _ in itertools.islice(files, _MIN_FILES)) == _MIN_FILES


def overlays_work(directory: Path, image: Image) -> bool:
    """Returns True if the kernel and the file system support overlays of unprivileged users."""
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
