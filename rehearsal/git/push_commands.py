"""What a push is about to change: the commands at the beginning of its body.

Source: "Reference Update Request and Packfile Transfer" in git's pack protocol.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping

_COMMAND = re.compile(rb"[0-9a-f]{40} [0-9a-f]{40} (?P<name>refs/[^\0\n]+)")
_LENGTH = 4


class PushError(ValueError):
    """The body of a push is not one that git makes without being asked to sign it."""


def pushed_references(body: bytes, headers: Mapping[str, str]) -> list[str]:
    """The full names of the references that a push creates, moves or deletes.

    `body` is that of `git-receive-pack`, `headers` have lower-case names. A push that only asks
    whether it would be let in has none.

    Raises PushError for a body that is not understood to its last command: what is not known to be
    harmless must not reach git. A signed push is one, as its commands stand in a certificate.
    """
    names = []
    for line in _lines(_plain(body, headers)):
        if line.startswith(b"shallow "):
            continue
        command, _, _ = line.partition(b"\0")
        found = _COMMAND.fullmatch(command.rstrip(b"\n"))
        if found is None:
            raise PushError(f"a push lists references; {line[:60]!r} is none")
        names.append(found["name"].decode(errors="surrogateescape"))
    return names


def _plain(body: bytes, headers: Mapping[str, str]) -> bytes:
    if headers.get("content-encoding", "") not in ("gzip", "x-gzip"):
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise PushError(f"the push is not compressed as it says: {error}") from error


def _lines(body: bytes) -> Iterator[bytes]:
    """The lines up to the flush packet, after which options and the pack follow."""
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
            raise PushError("the list of references is cut off")
        yield line
        at += length
