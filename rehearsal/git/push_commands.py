"""Commands of a push, which are the beginning of its body.

Source: "Reference Update Request and Packfile Transfer" in git's pack protocol.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping

_COMMAND = re.compile(rb"[0-9a-f]{40} [0-9a-f]{40} (?P<name>refs/[^\0\n]+)")
_LENGTH = 4


class PushError(ValueError):
    """The body of a push is malformed or signed."""


def pushed_references(body: bytes, headers: Mapping[str, str]) -> list[str]:
    """Returns the full names of the references that a push creates, moves or deletes.

    A push that only checks access has none.

    Args:
        body: body of `git-receive-pack`.
        headers: headers with lower-case names.

    Raises:
        PushError: a command of the body is malformed, so the push must not reach git. Signed pushes
            are rejected too, because their commands are in a certificate.
    """
    names = []
    for line in _lines(_plain(body, headers)):
        if line.startswith(b"shallow "):
            continue
        command, _, _ = line.partition(b"\0")
        found = _COMMAND.fullmatch(command.rstrip(b"\n"))
        if found is None:
            raise PushError(f"{line[:60]!r} is not a command of a push")
        names.append(found["name"].decode(errors="surrogateescape"))
    return names


def _plain(body: bytes, headers: Mapping[str, str]) -> bytes:
    if headers.get("content-encoding", "") not in ("gzip", "x-gzip"):
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise PushError(f"the body of the push is not valid gzip: {error}") from error


def _lines(body: bytes) -> Iterator[bytes]:
    """Yields the lines up to the flush packet; options and the pack follow it."""
    at = 0
    while True:
        try:
            length = int(body[at : at + _LENGTH], 16)
        except ValueError as error:
            raise PushError("the push has no list of references") from error
        if length == 0:
            return
        line = body[at + _LENGTH : at + length]
        if length <= _LENGTH or len(line) != length - _LENGTH:
            raise PushError("the list of references is truncated")
        yield line
        at += length
