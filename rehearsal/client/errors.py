"""Error messages for users: the problem, its cause and the remedy."""

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
    "AccessDenied": "Grant the action to the principal in the message, then deploy again.",
    "AccessDeniedException": (
        "Grant the action to the principal in the message, then deploy again."
    ),
    "ValidationException": "Correct the value in the message.",
    "ThrottlingException": "Wait a moment, then repeat the command.",
}
NOT_RUNNING = "Start it with `rehearse up`."


@dataclass(eq=False)
class RehearsalError(Exception):
    """An error that the user can act on.

    Args:
        what: the problem.
        why: the cause, or the allowed values. Defaults to empty: `what` says it.
        remedy: the next step for the user. Defaults to empty: `what` implies it.
    """

    what: str
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.remedy) if part)


def explain(error: BaseException) -> RehearsalError | None:
    """Returns the message for a known error; None for an internal error."""
    if isinstance(error, RehearsalError):
        return error
    if isinstance(error, ClientError):
        return _explain_client_error(error)
    if isinstance(error, SSLError):
        return RehearsalError(
            "The certificate of the local AWS is not the expected one.",
            str(error),
            "Another server listens on this port, or files of an earlier run remain. "
            "Run `rehearse down`, then `rehearse up`.",
        )
    if isinstance(error, AwsConnectionError | HTTPClientError):
        return RehearsalError("The local AWS does not respond.", str(error), NOT_RUNNING)
    if isinstance(error, BotoCoreError):
        return RehearsalError("The call to AWS failed.", str(error))
    if isinstance(error, OSError):
        return _explain_os_error(error)
    return None


def _explain_client_error(error: ClientError) -> RehearsalError:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = error.response.get("Error", {}).get("Message", "no message")
    return RehearsalError(
        f"AWS rejected {error.operation_name} ({code}).", message, _REMEDIES.get(code, "")
    )


def _explain_os_error(error: OSError) -> RehearsalError | None:
    file = f": {error.filename}" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return RehearsalError(
                f"The disk is full{file}.",
                "A rehearsal needs about 2 GB below build/ and the temporary folder.",
                "Free disk space (`rehearse down --delete` deletes the state of the local AWS), "
                "then repeat the command.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return RehearsalError(
                f"No permission to use a file{file}.",
                error.strerror or str(error),
                "Run the rehearsal as the user that owns this folder.",
            )
        case errno.ENOTDIR | errno.EEXIST | errno.EISDIR | errno.ELOOP:
            return RehearsalError(
                f"A file has the place of a folder, or the reverse{file}.",
                error.strerror or str(error),
                "Move it away, then repeat the command.",
            )
        case errno.ENOENT:
            return RehearsalError(
                f"A file or program is missing{file}.",
                error.strerror or str(error),
                "If it is a program of the rehearsal, install it with `make setup`.",
            )
        case errno.EMFILE | errno.ENFILE | errno.EAGAIN | errno.ENOMEM:
            return RehearsalError(
                "The machine ran out of processes, open files or memory.",
                error.strerror or str(error),
                "Close other programs or raise the limit with `ulimit`, then repeat the command.",
            )
    return None
