"""What a person is told when something cannot be done: what, why, and what to do about it."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    SSLError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError

# Codes of AWS errors whose remedy does not depend on the operation.
_REMEDIES = {
    "AccessDenied": "Grant the action to the principal that the message names, then deploy again.",
    "AccessDeniedException": (
        "Grant the action to the principal that the message names, then deploy again."
    ),
    "ValidationException": "Correct the value that the message names.",
    "ThrottlingException": "Wait a moment and repeat the command.",
}
NOT_UP = "Start it with `rehearse up`."


@dataclass(eq=False)
class RehearsalError(Exception):
    """Something that a person can act on.

    `what` failed, `why`, and the `remedy`; `what` alone is enough where it says everything.
    """

    what: str
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.remedy) if part)


def explain(error: BaseException) -> RehearsalError | None:
    """What a person is told of a known error; None when it is a mistake of our own."""
    if isinstance(error, RehearsalError):
        return error
    if isinstance(error, ClientError):
        return _explain_client_error(error)
    if isinstance(error, SSLError):
        return RehearsalError(
            "The local AWS presents a certificate that is not its own.",
            str(error),
            "Another server answers at this port, or files of an earlier run are left: "
            "`rehearse down`, then `rehearse up`.",
        )
    if isinstance(error, AwsConnectionError | HTTPClientError):
        return RehearsalError("The local AWS does not answer.", str(error), NOT_UP)
    if isinstance(error, BotoCoreError):
        return RehearsalError("AWS could not be called.", str(error))
    if isinstance(error, OSError):
        return _explain_os_error(error)
    return None


def _explain_client_error(error: ClientError) -> RehearsalError:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = error.response.get("Error", {}).get("Message", "no message")
    return RehearsalError(
        f"AWS refused {error.operation_name} ({code}).", message, _REMEDIES.get(code, "")
    )


def _explain_os_error(error: OSError) -> RehearsalError | None:
    where = f": {error.filename}" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return RehearsalError(
                f"The disk is full{where}.",
                "A rehearsal needs about 2 GB below build/ and the temporary folder.",
                "Free some space (`rehearse down` removes the files of the last rehearsal), "
                "then repeat the command.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return RehearsalError(
                f"No permission to use a file{where}.",
                error.strerror or str(error),
                "Run the rehearsal as the user that owns this folder.",
            )
        case errno.ENOENT:
            return RehearsalError(
                f"A file or program is missing{where}.",
                error.strerror or str(error),
                "If it is a program of the rehearsal, `make setup` installs it.",
            )
        case errno.EMFILE | errno.ENFILE | errno.EAGAIN | errno.ENOMEM:
            return RehearsalError(
                "The machine ran out of processes, open files or memory.",
                error.strerror or str(error),
                "End other programs, or raise the limit with `ulimit`, and repeat the command.",
            )
    return None
