"""Rules of CodeCommit for the paths of files.

Source: AWS CodeCommit User Guide, "Quotas": File paths; API reference, "CreateCommit", errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rehearsal.framework.platform import AwsError

_MAX_PATH_LENGTH = 4096
_MAX_NAME_BYTES = 255  # a name on Amazon Linux, whose standards count
_MAX_DEPTH = 20
_FIRST_PRINTABLE, _DELETE = " ", "\x7f"


def file_path(given: str) -> str:
    """Returns a path of a request as git stores it.

    Raises:
        AwsError: PathRequiredException or InvalidPathException.
    """
    if not given:
        raise AwsError("PathRequiredException", "A file path is required")
    path = given.removeprefix("/")
    parts = path.split("/")
    problem = None
    if not 0 < len(path) <= _MAX_PATH_LENGTH:
        problem = f"has {len(path)} characters; 1 to {_MAX_PATH_LENGTH} are allowed"
    elif any(part in ("", ".", "..") for part in parts) or path.endswith("\\"):
        problem = "has an empty or relative part, or ends with a slash or backslash"
    elif len(parts) - 1 > _MAX_DEPTH:
        problem = f"is {len(parts) - 1} directories deep; at most {_MAX_DEPTH} are allowed"
    elif any(letter < _FIRST_PRINTABLE or letter == _DELETE for letter in path):
        problem = "has a control character"
    elif any(len(part.encode()) > _MAX_NAME_BYTES for part in parts):
        problem = f"has a name of more than {_MAX_NAME_BYTES} bytes"
    elif any(part.lower() == ".git" for part in parts):
        problem = "has a part .git, which git reserves"
    if problem:
        raise AwsError("InvalidPathException", f"The path {given[:300]!r} {problem}")
    return path


def check_files_and_folders(puts: Iterable[str], kept: Iterable[str]) -> None:
    """Rejects a file in the place of a folder, and a folder in the place of a file.

    Args:
        puts: the paths of the files that a commit writes.
        kept: the paths of the files that are in the repository and stay.

    Raises:
        AwsError: the exception of CreateCommit for the conflict.
    """
    writing, staying = set(puts), set(kept)
    for path in sorted(writing):
        folders = {str(folder) for folder in PurePosixPath(path).parents}
        if both := sorted(folders & writing):
            raise AwsError(
                "PutFileEntryConflictException",
                f"{both[0]} is given as a file, and as a folder by {path}",
            )
        if both := sorted(folders & staying):
            raise AwsError(
                "DirectoryNameConflictsWithFileNameException",
                f"{path} needs a folder {both[0]}, which is a file of the repository",
            )
    folders_that_stay = {str(one) for path in staying for one in PurePosixPath(path).parents}
    if both := sorted(writing & folders_that_stay):
        raise AwsError(
            "FileNameConflictsWithDirectoryNameException",
            f"{both[0]} is a folder of the repository",
        )
