"""Build contexts: the files that COPY can copy, without those of .dockerignore."""

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rehearsal.containers.sandbox_files import OutsideError, beneath


class CopyError(ValueError):
    """A COPY instruction that cannot be executed."""


@dataclass(frozen=True)
class CopiedFile:
    """A file, link or empty folder: its path in the context and its absolute path in the image."""

    source: Path
    target: PurePosixPath


class BuildContext:
    """The files below `directory` that .dockerignore does not exclude."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        ignore = self.directory / ".dockerignore"
        inside = ignore.resolve().is_relative_to(self.directory) and ignore.is_file()
        lines = ignore.read_text().splitlines() if inside else []
        self._rules = [_rule(line) for line in map(str.strip, lines) if line and line[0] != "#"]

    def copied(
        self, sources: Iterable[str], target: PurePosixPath, *, into: bool
    ) -> list[CopiedFile]:
        """Returns the files that `COPY sources target` copies.

        Args:
            sources: paths or patterns; a folder means its content.
            target: absolute path in the image.
            into: True if the target is a folder, in which files keep their names.

        Raises:
            CopyError: a source is outside of the context or matches no file.
        """
        found: list[CopiedFile] = []
        for pattern in sources:
            for path in self._matches(pattern):
                if path.is_dir() and not path.is_symlink():
                    found += [
                        CopiedFile(file, target / file.relative_to(path).as_posix())
                        for file in self._files(path)
                    ]
                else:
                    place = target / path.name if into else target
                    found.append(CopiedFile(path, place))
        return found

    def _matches(self, pattern: str) -> list[Path]:
        relative = PurePosixPath(pattern.lstrip("/"))
        if ".." in relative.parts:
            raise CopyError(f"COPY {pattern}: forbidden path outside the build context.")
        exact = self.directory / relative
        found = [exact]
        if re.search(r"[*?\[]", pattern):
            found = sorted(self.directory.glob(str(relative)))
        elif not os.path.lexists(exact):
            found = []
        allowed = [path for path in found if path.is_dir() or not self._ignored(path)]
        if not allowed:
            raise CopyError(
                f"COPY {pattern}: not found in the build context {self.directory}, or excluded by "
                ".dockerignore."
            )
        for path in allowed:
            _check_inside(self.directory, path, pattern)
        return allowed

    def _files(self, directory: Path) -> Iterable[Path]:
        for folder, names, files in os.walk(directory):
            names.sort()
            here = Path(folder)
            links = [name for name in names if (here / name).is_symlink()]
            names[:] = [name for name in names if name not in links]
            kept = [here / name for name in sorted([*files, *links])]
            yield from (path for path in kept if not self._ignored(path))
            if not names and not files and here != directory and not self._ignored(here):
                yield here

    def _ignored(self, path: Path) -> bool:
        """Returns True if the last rule that matches the path or a parent excludes it."""
        relative = path.relative_to(self.directory)
        names = [relative.as_posix(), *(parent.as_posix() for parent in relative.parents)]
        ignored = False
        for expression, keep in self._rules:
            if any(expression.fullmatch(name) for name in names):
                ignored = not keep
        return ignored


def _check_inside(context: Path, path: Path, pattern: str) -> None:
    try:
        beneath(context, path if path == context else path.parent)
    except OutsideError as error:
        raise CopyError(
            f"COPY {pattern}: forbidden path outside the build context ({error})."
        ) from error


def _rule(line: str) -> tuple[re.Pattern[str], bool]:
    keep = line.startswith("!")
    pattern = line.removeprefix("!").strip().strip("/").removeprefix("./")
    expression = ""
    for part in re.findall(r"\*\*/?|\*|\?|\[[^]]*\]|.", pattern):
        if part == "**/":
            expression += "(?:.*/)?"
        else:
            special = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
            literal = part if len(part) > 1 and part[0] == "[" else re.escape(part)
            expression += special.get(part, literal)
    return re.compile(expression), keep


def fingerprint(files: Iterable[CopiedFile]) -> str:
    """Returns a hash of names, kinds, permissions and contents, without times.

    Raises:
        CopyError: a file is not a file, folder or symbolic link.
    """
    digest = hashlib.sha256()
    for file in files:
        status = file.source.lstat()
        digest.update(f"{file.target}\0{status.st_mode & 0o170111:o}\0".encode())
        if stat.S_ISLNK(status.st_mode):
            digest.update(os.fsencode(file.source.readlink()))
        elif stat.S_ISREG(status.st_mode):
            with file.source.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        elif not stat.S_ISDIR(status.st_mode):
            raise CopyError(f"COPY {file.source}: not a file, a folder or a symbolic link.")
    return digest.hexdigest()


def place(file: CopiedFile, destination: Path) -> None:
    """Copies a file to a path of the host."""
    if file.source.is_dir() and not file.source.is_symlink():
        destination.mkdir(parents=True, exist_ok=True)
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(destination):
        destination.unlink()
    shutil.copy2(file.source, destination, follow_symlinks=False)
