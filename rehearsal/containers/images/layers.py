"""Layers of images: immutable folders on disk.

A layer has the complete entries of /opt that an instruction created or changed. An image is
therefore a list of bind mounts, without stacking by the kernel and without files that are shared
with a writable cache.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Opt = dict[str, Path]
"""The entries of /opt and their paths on the host."""


class LayerStore:
    """Layers by key, below `directory`.

    It is safe for concurrent builds and processes: one of them builds a layer, others wait for it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._building = directory / "building"
        self._building.mkdir(parents=True, exist_ok=True)
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._overlays: bool | None = None

    def has_overlays(self, probe: Callable[[Path], bool]) -> bool:
        """Returns True if this directory supports overlays; `probe` is called once."""
        if self._overlays is None:
            self._overlays = probe(self._building)
        return self._overlays

    def find(self, key: str, opt: Opt) -> Opt | None:
        """Returns /opt with a layer on top of `opt`; None if the layer does not exist."""
        layer = self.directory / key
        try:
            description = json.loads((layer / "layer.json").read_text())
        except FileNotFoundError:
            return None
        changed = {name: layer / "opt" / name for name in description["changed"]}
        kept = {name: path for name, path in opt.items() if name not in description["removed"]}
        return kept | changed

    def build(self, key: str, opt: Opt, touched: set[str], make: Callable[[Path], None]) -> Opt:
        """Runs `make` on a writable copy of /opt and keeps the changes as a layer.

        Args:
            key: key of the layer.
            opt: the entries of /opt.
            touched: names of the entries that `make` may change; only these are copied.
            make: changes the copy.

        Returns:
            /opt with the layer.
        """
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock, _locked(self._building / f"{key}.lock"):
            found = self.find(key, opt)
            return self._build(key, opt, touched, make) if found is None else found

    def _build(self, key: str, opt: Opt, touched: set[str], make: Callable[[Path], None]) -> Opt:
        work = Path(tempfile.mkdtemp(dir=self._building))
        try:
            writable = work / "opt"
            writable.mkdir()
            copied = {name: opt[name] for name in touched & set(opt)}
            _copy(list(copied.values()), writable)
            make(writable)
            self._keep_changes(work, copied)
            target = self.directory / key
            try:
                work.rename(target)
            except OSError:
                if not target.exists():
                    raise  # else another process has built the same layer
        finally:
            shutil.rmtree(work, ignore_errors=True)
        found = self.find(key, opt)
        if found is None:
            raise RuntimeError(f"Layer {key} was removed during its build.")
        return found

    def _keep_changes(self, work: Path, before: Opt) -> None:
        after = {entry.name: entry for entry in (work / "opt").iterdir()}
        changed = []
        for name, path in after.items():
            if name in before and _signature(path) == _signature(before[name]):
                _remove(path)
            else:
                changed.append(name)
        removed = sorted(set(before) - set(after))
        description = {"changed": sorted(changed), "removed": removed}
        (work / "layer.json").write_text(json.dumps(description))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock among processes, which ends with its process; leaves no file."""
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(path, file.fileno()):
                continue  # its holder has removed it meanwhile
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _copy(sources: list[Path], target: Path) -> None:
    if not sources:
        return
    # No hard links: a command that changes a file in place would change the older layer.
    command = ["cp", "-a", "--reflink=auto", "--", *map(str, sources), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"Could not copy layers: {done.stderr.strip()}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _signature(path: Path) -> list[tuple[str, int, int, int, str]]:
    """Returns names, modes, sizes and times, which differ if a copied tree was changed."""
    found = [_entry_signature(path, "")]
    if path.is_dir() and not path.is_symlink():
        for folder, names, files in os.walk(path):
            names.sort()
            for name in sorted([*names, *files]):
                entry = Path(folder, name)
                found.append(_entry_signature(entry, str(entry.relative_to(path))))
    return found


def _entry_signature(path: Path, name: str) -> tuple[str, int, int, int, str]:
    status = path.lstat()
    link = str(path.readlink()) if path.is_symlink() else ""
    size = 0 if path.is_dir() else status.st_size
    return name, status.st_mode, size, status.st_mtime_ns, link
