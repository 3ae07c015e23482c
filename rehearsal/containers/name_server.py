"""A name server for the network namespace of a container.

AWS's host names are at the gateway; other names do not exist. Only the standard library is used,
because process 1 of a container runs this module.
"""

import socket
import struct
import threading
from collections.abc import Sequence

ADDRESS = "127.0.0.1"
PORT = 53
_ADDRESS_RECORD, _INTERNET = 1, 1
_RESPONSE_FLAGS = 0x8180  # a response, recursion desired and available
_NAME_ERROR = 3
_NAME_OF_THE_QUESTION = 0xC00C  # a pointer to the name at the end of the header
_SECONDS = 60


def serve(domains: Sequence[str]) -> None:
    """Serves the names below the domains on a thread, with the address of the loopback interface.

    Raises:
        OSError: the port is in use.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((ADDRESS, PORT))
    threading.Thread(target=_serve, args=(server, tuple(domains)), daemon=True).start()


def _serve(server: socket.socket, domains: tuple[str, ...]) -> None:
    while True:
        query, client = server.recvfrom(512)
        response = respond(query, domains)
        if response is not None:
            server.sendto(response, client)


def respond(query: bytes, domains: Sequence[str]) -> bytes | None:
    """Returns the response to a query (RFC 1035); None if it is malformed."""
    try:
        identifier, _, questions = struct.unpack_from("!HHH", query)
        name, end = _name(query, 12)
        kind, family = struct.unpack_from("!HH", query, end)
    except (struct.error, IndexError, UnicodeDecodeError):
        return None
    if questions != 1:
        return None
    question = query[12 : end + 4]
    known = _is_below(name, domains)
    found = known and (kind, family) == (_ADDRESS_RECORD, _INTERNET)
    flags = _RESPONSE_FLAGS | (0 if known else _NAME_ERROR)
    header = struct.pack("!6H", identifier, flags, 1, int(found), 0, 0)
    if not found:
        return header + question
    record = struct.pack("!HHHIH", _NAME_OF_THE_QUESTION, kind, family, _SECONDS, 4)
    return header + question + record + socket.inet_aton(ADDRESS)


def asks_for(query: bytes, domains: Sequence[str], elsewhere: Sequence[str] = ()) -> bool:
    """Returns True for a query about a name below one of the domains, and not elsewhere."""
    try:
        name, _ = _name(query, 12)
    except (IndexError, UnicodeDecodeError):
        return False
    return name.lower() not in elsewhere and _is_below(name, domains)


def _is_below(name: str, domains: Sequence[str]) -> bool:
    return any(name.lower().endswith(f".{domain}") for domain in domains)


def _name(message: bytes, start: int) -> tuple[str, int]:
    """Returns the name at an offset, and the offset after it."""
    labels = []
    while length := message[start]:
        labels.append(message[start + 1 : start + 1 + length].decode("ascii"))
        start += 1 + length
    return ".".join(labels), start + 1
