"""Limits of CodeCommit and git for the first commit of a repository."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

_MEGABYTE = 1024 * 1024
_MAX_FILE_BYTES = 6 * _MEGABYTE
_MAX_ZIP_BYTES = 20 * _MEGABYTE
_MEMBER_BYTES = 30 + 46  # of a zip file's two headers for a member, beside two times its name
_MAX_PATH_CHARACTERS = 4096
_MAX_NAME_BYTES = 255
_MAX_DEPTH = 20
_FIRST_PRINTABLE, _DELETE = " ", "\x7f"


def size_problems(files: Mapping[str, Path]) -> list[str]:
    """Validates the sizes of files; returns one message per problem."""
    sizes = {path: file.stat().st_size for path, file in files.items()}
    problems = [
        f"{path}: got an empty file, which the CodeCommit API does not support; add a comment or a "
        "docstring, or remove the file"
        for path, size in sizes.items()
        if not size
    ]
    problems += [
        f"{path}: got {_megabytes(size)} MB; CodeCommit allows up to 6 MB for a file: keep it in "
        "S3, or push it with git later"
        for path, size in sizes.items()
        if size > _MAX_FILE_BYTES
    ]
    total = sum(size + _MEMBER_BYTES + 2 * len(path.encode()) for path, size in sizes.items())
    if total > _MAX_ZIP_BYTES:
        problems.append(
            f"zip file: got {_megabytes(total)} MB; CloudFormation allows up to 20 MB: keep large "
            "files in S3, or push them with git later"
        )
    return problems


def path_problems(paths: Iterable[str]) -> list[str]:
    """Validates paths against CodeCommit's and git's rules; returns one message per problem."""
    files = set(paths)
    problems = [
        f"path {path[:300]!r}: {problem}"
        for path in sorted(files)
        if (problem := _path_problem(path))
    ]
    for path in sorted(files):
        both = sorted({str(folder) for folder in PurePosixPath(path).parents} & files)
        problems += [f"path {one!r}: got a file and a folder of {path}; rename one" for one in both]
    return problems


def link_problems(folder: Path, paths: Iterable[Path]) -> list[str]:
    """Validates symbolic links; returns one message per link to a folder, nothing or outside."""
    root = folder.resolve()
    problems = []
    for path in sorted(path for path in paths if path.is_symlink()):
        name, target = path.relative_to(folder).as_posix(), path.resolve()
        if not target.is_relative_to(root):
            problem = "which is outside of the folder; add a copy, or use extra_files"
        elif not target.exists():
            problem = "which does not exist; remove the link"
        elif target.is_dir():
            problem = "which is a folder; add a copy"
        else:
            continue
        problems.append(f"{name}: got a symbolic link to {path.readlink()}, {problem}")
    return problems


def _path_problem(path: str) -> str | None:
    parts = path.split("/")
    if any(part in ("", ".") for part in parts) or path.endswith("\\"):
        return (
            "got an empty part or '.', or a slash or backslash at the end; allowed is FOLDER/FILE"
        )
    if len(path) > _MAX_PATH_CHARACTERS:
        return f"got {len(path)} characters; CodeCommit allows up to {_MAX_PATH_CHARACTERS}"
    if len(parts) - 1 > _MAX_DEPTH:
        return f"got {len(parts) - 1} levels of folders; CodeCommit allows up to {_MAX_DEPTH}"
    if any(letter < _FIRST_PRINTABLE or letter == _DELETE for letter in path):
        return "got a control character; rename the file"
    if any(len(part.encode()) > _MAX_NAME_BYTES for part in parts):
        return f"got a name of more than {_MAX_NAME_BYTES} bytes; rename it"
    if any(part.lower() == ".git" for part in parts):
        return "got a part .git, which git reserves; rename it"
    return None


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f}"
