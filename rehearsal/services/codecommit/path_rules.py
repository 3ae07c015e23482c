"""Where in a repository CodeCommit takes a file, and where it does not.

Source: AWS CodeCommit User Guide, "Quotas": File paths; API reference, "CreateCommit", errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rehearsal.framework.platform import AwsError

_PATH_LENGTH = 4096
_NAME_BYTES = 255  # a name on Amazon Linux, whose standards count
_DEPTH = 20
_FIRST_PRINTABLE, _DELETE = " ", "\x7f"


def file_path(given: str) -> str:
    """A path as git keeps it, from the form that the API takes.

    Raises PathRequiredException or InvalidPathException.
    """
    if not given:
        raise AwsError("PathRequiredException", "A file path is required")
    path = given.removeprefix("/")
    parts = path.split("/")
    problem = None
    if not 0 < len(path) <= _PATH_LENGTH:
        problem = f"has {len(path)} characters; 1 to {_PATH_LENGTH} are allowed"
    elif any(part in ("", ".", "..") for part in parts) or path.endswith("\\"):
        problem = "has an empty or relative part, or ends with a slash or backslash"
    elif len(parts) - 1 > _DEPTH:
        problem = f"is {len(parts) - 1} directories deep; at most {_DEPTH} are allowed"
    elif any(letter < _FIRST_PRINTABLE or letter == _DELETE for letter in path):
        problem = "has a control character"
    elif any(len(part.encode()) > _NAME_BYTES for part in parts):
        problem = f"has a name of more than {_NAME_BYTES} bytes"
    elif any(part.lower() == ".git" for part in parts):
        problem = "has a part .git, which git keeps for itself"
    if problem:
        raise AwsError("InvalidPathException", f"The path {given[:300]!r} {problem}")
    return path


def check_files_and_folders(puts: Iterable[str], kept: Iterable[str]) -> None:
    """Refuses a file where a folder is, or is going to be, and the other way round.

    Args:
        puts: paths of the files that a commit writes.
        kept: paths of the files that are in the repository already, and stay.
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
