"""Carries connections across the wall of a container's network namespace.

Standard library only, because the processes of a container run this file.
"""

from __future__ import annotations

import contextlib
import encodings.idna  # noqa: F401  host names need it, and later the library may be out of sight
import fcntl
import socket
import struct
import threading
from collections.abc import Callable

Connect = Callable[[], socket.socket]
_CHUNK = 1 << 16


def bring_loopback_up() -> None:
    """A new network namespace has a loopback interface, but it is down."""
    request = struct.pack("16sH14s", b"lo", 0x1 | 0x40, b"")  # IFF_UP | IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, request)  # SIOCSIFFLAGS


def connect_tcp(host: str, port: int) -> Connect:
    return lambda: socket.create_connection((host, port))


def listen_tcp(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


def forward(listener: socket.socket, connect: Connect) -> None:
    """Serves `listener` on a thread: each connection is joined to one made by `connect`."""
    threading.Thread(target=_accept, args=(listener, connect), daemon=True).start()


def _accept(listener: socket.socket, connect: Connect) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return  # the listener was closed: the container ends
        try:
            far = connect()
        except OSError:
            near.close()  # nobody listens yet; the client sees a closed connection
            continue
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=_pump, args=(source, target), daemon=True).start()
        del near, far, source, target  # the pumps own them: the last one to end closes them


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copies one direction; a half-closed connection stays open the other way."""
    try:
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
