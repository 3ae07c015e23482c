"""What CodeCommit and git refuse in the first commit of a repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

_MEGABYTE = 1024 * 1024
_FILE_BYTES = 6 * _MEGABYTE
_ZIP_BYTES = 20 * _MEGABYTE
_MEMBER_BYTES = 30 + 46  # of a zip file's two headers for a member, beside two times its name
_PATH_CHARACTERS = 4096
_NAME_BYTES = 255
_DEPTH = 20
_FIRST_PRINTABLE, _DELETE = " ", "\x7f"


def size_problems(files: Mapping[str, Path]) -> list[str]:
    """Files that are empty or too large, each and together."""
    sizes = {path: file.stat().st_size for path, file in files.items()}
    problems = [
        f"{path} is empty, and CodeCommit takes no empty files through its API; write a comment or "
        "a docstring into it, or remove it"
        for path, size in sizes.items()
        if not size
    ]
    problems += [
        f"{path} has {_megabytes(size)} MB; CodeCommit takes at most 6 MB for a file. Keep it in "
        "S3, or push it with git later"
        for path, size in sizes.items()
        if size > _FILE_BYTES
    ]
    total = sum(size + _MEMBER_BYTES + 2 * len(path.encode()) for path, size in sizes.items())
    if total > _ZIP_BYTES:
        problems.append(
            f"all files together have {_megabytes(total)} MB as a zip file; CloudFormation takes "
            "at most 20 MB. Keep large files in S3, or push them with git later"
        )
    return problems


def path_problems(paths: Iterable[str]) -> list[str]:
    """Paths that CodeCommit or git does not take, and paths that are a file and a folder."""
    files = set(paths)
    problems = [
        f"the path {path[:300]!r} {problem}"
        for path in sorted(files)
        if (problem := _path_problem(path))
    ]
    for path in sorted(files):
        both = sorted({str(folder) for folder in PurePosixPath(path).parents} & files)
        problems += [f"{one} is a file, and a folder of {path}; rename one" for one in both]
    return problems


def link_problems(folder: Path, paths: Iterable[Path]) -> list[str]:
    """Symbolic links that the seed cannot hold: to folders, to nothing, to outside."""
    root = folder.resolve()
    problems = []
    for path in sorted(path for path in paths if path.is_symlink()):
        name, target = path.relative_to(folder).as_posix(), path.resolve()
        if not target.is_relative_to(root):
            problem = "which is outside of the folder; put a copy there, or use extra_files"
        elif not target.exists():
            problem = "which does not exist; remove the link"
        elif target.is_dir():
            problem = "which is a folder; put a copy there"
        else:
            continue
        problems.append(f"{name} is a symbolic link to {path.readlink()}, {problem}")
    return problems


def _path_problem(path: str) -> str | None:
    parts = path.split("/")
    if any(part in ("", ".") for part in parts) or path.endswith("\\"):
        return (
            "has an empty part or '.', or ends with a slash or backslash; write it as FOLDER/FILE"
        )
    if len(path) > _PATH_CHARACTERS:
        return f"has {len(path)} characters; CodeCommit takes at most {_PATH_CHARACTERS}"
    if len(parts) - 1 > _DEPTH:
        return f"is {len(parts) - 1} folders deep; CodeCommit takes at most {_DEPTH}"
    if any(letter < _FIRST_PRINTABLE or letter == _DELETE for letter in path):
        return "has a control character; rename the file"
    if any(len(part.encode()) > _NAME_BYTES for part in parts):
        return f"has a name of more than {_NAME_BYTES} bytes; rename it"
    if any(part.lower() == ".git" for part in parts):
        return "has a part .git, which git keeps for itself; rename it"
    return None


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f}"
