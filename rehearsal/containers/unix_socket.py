"""Unix sockets at paths of any length: the system takes at most 107 bytes."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path


def listen(path: Path, *, backlog: int = 128) -> socket.socket:
    """Returns a listening socket at a path.

    Args:
        path: the path; its folder exists.
        backlog: the number of connections that wait. Defaults to 128.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as address:
            listener.bind(address)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def connect(connection: socket.socket, path: Path) -> None:
    """Connects a socket to the one that listens at a path."""
    with _short(path) as address:
        connection.connect(address)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yields a path through the descriptor of the folder, which is short however long it is."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
